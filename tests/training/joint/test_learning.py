"""A small run on generated clips whose sound tells the class and whose pictures never do."""

import json
from statistics import mean

from model.inference.loading import load_runtime
from model.spec.input_spec import AudioSpec, InputSpec, Normalization
from model.spec.model_spec import FusionSpec, ModalitySpec, ModelSpec, NetworkSpec, PolicySpec
from training.configuration.config import TrainConfig
from training.data.sources.manifest import read_manifest
from training.evaluation.report import evaluate_runtime
from training.run.run_log import LOG_NAME
from training.synth.generate import generate
from training.synth.settings import SynthSettings
from training.train import train

CLASSES = 3
DATA = SynthSettings(
    classes=CLASSES,
    clips_per_class=10,
    modalities=("rgb", "audio"),
    never=("rgb",),
    share=1.0,
    seconds=2.56,
)


def network(frames, resolution, stages):
    """Truncated and pretrained, so that a few clips and epochs are enough."""
    return NetworkSpec(
        backbone="efficientnet_lite0", frames=frames, resolution=resolution, num_stages=stages
    )


SPEC = ModelSpec(
    name="learning",
    labels=("a", "b"),
    modalities=(
        ModalitySpec(
            name="rgb", recognizer=network(4, 64, 3), proxy="rgb", policy=network(1, 32, 2)
        ),
        ModalitySpec(
            name="audio", recognizer=network(1, 64, 3), proxy="audio", policy=network(1, 32, 2)
        ),
    ),
    inputs=InputSpec(
        short_side=72,
        crop=64,
        rgb_normalization=Normalization(mean=(0.5,), std=(0.5,)),
        audio=AudioSpec(normalization=Normalization(mean=(-7.0,), std=(4.0,))),
    ),
    policy=PolicySpec(joint_width=32, lstm_width=16),
    fusion=FusionSpec(renormalizes=True),
    train_segments=2,
    eval_segments=2,
)
ALONE = {
    "epochs": 8,
    "frozen_stages": 3,
    "calibrates_norm": True,
    "learning_rate": 0.003,
    "dropout": 0.0,
    "label_smoothing": 0.0,
}
JOINT = {
    "warmup_epochs": 2,
    "alternating_epochs": 16,
    "finetune_epochs": 2,
    "batch_videos": 6,
    "recognition_learning_rate": 0.01,
    "policy_learning_rate": 0.005,
    "drop_audio": 0.0,
}


def train_on(folder):
    """The checkpoint, and the epochs' records by stage."""
    (folder / "spec.json").write_text(SPEC.model_dump_json())
    config = {
        "name": "learning",
        "preset": str(folder / "spec.json"),
        "output": folder / "run",
        "data": {
            "manifest": folder / "data" / "manifest.csv",
            "cache": folder / "cache",
            "train_views": 1,
        },
        "unimodal": {"rgb": ALONE, "audio": ALONE},
        "joint": JOINT,
    }
    checkpoint = train(TrainConfig.model_validate(config))
    epochs = {}
    for line in (folder / "run" / LOG_NAME).read_text().splitlines():
        record = json.loads(line)
        if record["kind"] == "epoch":
            epochs.setdefault(record["stage"], []).append(record)
    return checkpoint, epochs


def check_losses_fall(epochs):
    alone = [epoch["loss"] for epoch in epochs["unimodal_audio"]]
    assert alone[-1] < 0.3 * alone[0]
    policy = [epoch["policy_loss"] for epoch in epochs["alternating"]]
    assert mean(policy[-3:]) < 0.7 * mean(policy[:3])


def check_policy_learns_to_hear_and_not_to_look(epochs):
    drawn = [epoch["policy_selection"] for epoch in epochs["alternating"]]
    assert 0.25 < drawn[0]["rgb"] < 0.75, "at first it draws about evenly"
    assert mean([epoch["rgb"] for epoch in drawn[-3:]]) < 0.1
    assert mean([epoch["audio"] for epoch in drawn[-3:]]) > 0.8


def check_unseen_clips_are_recognised_by_their_sound_alone(report):
    adaptive = report.rows["adaptive"]
    assert report.num_videos == 2 * CLASSES
    assert adaptive.accuracy > 2.4 / CLASSES
    assert adaptive.selection["rgb"] == 0.0
    assert adaptive.selection["audio"] >= 0.5, "in one of the two segments at least"
    assert adaptive.gflops < 0.4 * report.rows["rgb+audio"].gflops


def test_a_small_run_learns(tmp_path):
    generate(tmp_path / "data", DATA, workers=1)

    checkpoint, epochs = train_on(tmp_path)

    check_losses_fall(epochs)
    check_policy_learns_to_hear_and_not_to_look(epochs)
    test = read_manifest(tmp_path / "data" / "manifest.csv").split("test")
    report = evaluate_runtime(load_runtime(checkpoint), test)
    check_unseen_clips_are_recognised_by_their_sound_alone(report)
