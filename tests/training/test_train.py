"""A whole run on a handful of generated clips: manifest to checkpoint to evaluation."""

import pytest
import torch

from model.files.checkpoint import load_checkpoint
from model.inference.loading import load_runtime
from model.networks.adamml import AdaMML
from tests.support.moving_clip import moving_clip
from training.configuration.config import read_config
from training.configuration.run_spec import make_input_spec, make_spec
from training.data.sources.manifest import read_manifest
from training.evaluation.frontier import measure_frontier
from training.evaluation.frontier_plot import plot_frontier
from training.evaluation.report import evaluate_runtime
from training.plan import describe, plan
from training.run.engine import Engine
from training.train import train

CONFIG = """
name = "tiny-run"
preset = "compact"
output = "run"
[data]
manifest = "manifest.csv"
cache = "cache"
train_views = 1
curve_segments = [2, 10]
[unimodal.rgb]
epochs = 1
frozen_stages = 6
[unimodal.audio]
epochs = 1
frozen_stages = 6
calibrates_norm = true
mask_times = 20
[unimodal.flow]
epochs = 1
frozen_stages = 6
[joint]
warmup_epochs = 1
alternating_epochs = 1
finetune_epochs = 1
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("training")
    rows = ["path,label,split"]
    for label, size in (("wide", "96x48"), ("tall", "48x96")):
        for split in ("train", "val", "test"):
            name = f"{label}_{split}.mp4"
            moving_clip(folder / name, seconds=1.5, size=size, sound=label == "wide")
            rows.append(f"{name},{label},{split}")
    (folder / "broken.mp4").write_bytes(b"not a video")
    rows += ["broken.mp4,wide,train", "missing.mp4,tall,train"]
    (folder / "manifest.csv").write_text("\n".join(rows))
    (folder / "run.toml").write_text(CONFIG)
    return folder


def test_a_run_skips_unreadable_files_and_writes_a_checkpoint(folder, caplog):
    path = train(read_config(folder / "run.toml"))

    skipped = [r.getMessage() for r in caplog.records if "is skipped" in r.getMessage()]
    assert any("broken.mp4 is skipped" in message for message in skipped)
    assert any("missing.mp4 is skipped" in message for message in skipped)
    spec, tensors = load_checkpoint(path)
    assert spec.name == "tiny-run"
    assert spec.labels == ("tall", "wide")
    policy_gflops = spec.require_costs().policy.total / 1e9
    assert spec.curve[0].segments == 2, "the cheapest point has the fewest segments"
    assert 2 * policy_gflops <= spec.curve[0].gflops < 10 * policy_gflops
    assert spec.provenance["videos_train"] == "4"
    weight = tensors["recognizers.rgb.classifier.weight"]
    assert (weight == weight.half().float()).all()

    resumed_spec, resumed = load_checkpoint(train(read_config(folder / "run.toml")))
    assert resumed_spec == spec
    assert all(torch.equal(resumed[name], tensor) for name, tensor in tensors.items())

    report = evaluate_runtime(
        load_runtime(path), read_manifest(folder / "manifest.csv").split("test")
    )
    assert report.num_videos == 2
    assert set(report.rows) >= {"adaptive", "rgb", "rgb+audio+flow"}
    dense = report.rows["rgb+audio+flow"]
    assert dense.selection["rgb"] == 1.0
    assert dense.selection["audio"] == pytest.approx(0.5), "one of the two has sound"
    assert "| adaptive |" in report.as_table()
    random = report.rows["random at these rates"]
    adaptive = report.rows["adaptive"]
    assert random.selection == pytest.approx(adaptive.selection, abs=0.15)


def test_the_curve_is_measured_beside_every_static_choice(folder):
    runtime = load_runtime(train(read_config(folder / "run.toml")))
    samples = read_manifest(folder / "manifest.csv").split("val")

    frontier = measure_frontier(runtime, samples, segments=(1, 2))

    assert len(frontier.static) == 2 * 7
    costs = {(one.modalities, one.segments): one.score.gflops for one in frontier.static}
    both = ("rgb", "flow")
    assert costs[both, 2] == pytest.approx(2 * costs[both, 1])
    assert [one.promised for one in frontier.adaptive] == list(runtime.spec.curve)
    served = frontier.adaptive[0]
    assert served.score.gflops == pytest.approx(served.promised.gflops), "measured on validation"
    promised = served.promised
    assert promised.accuracy_low <= served.score.accuracy <= promised.accuracy_high
    cheapest = min(frontier.static, key=lambda one: one.score.gflops)
    assert frontier.best_static(cheapest.score.gflops / 2) is None
    best = frontier.best_static(1e9)
    assert best.score.accuracy == max(one.score.accuracy for one in frontier.static)
    assert frontier.served.rows["rgb"].gflops == pytest.approx(5 * costs[("rgb",), 2])
    assert frontier.as_table().count("\n") >= 2 + len(frontier.adaptive)
    plot_frontier(frontier, folder / "frontier.svg", title="tiny")
    assert "best static" in (folder / "frontier.svg").read_text()


def test_a_plan_tells_what_is_left_to_do(folder):
    """Decoded already is all but the two files that cannot be."""
    config = read_config(folder / "run.toml")
    train(config)
    manifest = read_manifest(config.data.manifest)
    spec = make_spec(config, manifest.labels)

    steps = plan(config, manifest, make_input_spec(config, manifest.labels), AdaMML(spec), Engine())

    assert [step.what for step in steps] == [
        "decode 2 of 8 views",
        "train rgb alone, 1 epochs of 4 views",
        "train audio alone, 1 epochs of 4 views",
        "train flow alone, 1 epochs of 4 views",
        "train policy and recognition together, 3 epochs, and measure the curve",
    ]
    assert steps[0].seconds is None
    assert all(step.seconds > 0 for step in steps[1:])
    assert describe(steps).startswith("about 1 min in all: decode 2 of 8 views (not known)")
