import dataclasses

import numpy as np
import pytest
import torch

from model.common.deadline import Deadline
from model.common.errors import BudgetTooSmallError, DeadlineExceededError, InvalidParameterError
from model.inference.classification import ClassifyOptions
from model.inference.classifier import Classifier
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.open_video import open_video
from model.networks.cost import with_costs
from model.runtime.openvino import OpenvinoRuntime
from model.runtime.torch import TorchRuntime
from model.spec.model_spec import FusionSpec, PolicySpec
from tests.support.curves import CURVE, write_curved
from tests.support.models import tiny_model, tiny_spec
from tests.support.moving_clip import moving_clip

NAMES = ("rgb", "audio", "flow")


class RecordingRuntime:
    """Passes everything on, and remembers how many rows of which network ran."""

    def __init__(self, runtime):
        self.runtime = runtime
        self.rows = []

    def __getattr__(self, name):
        return getattr(self.runtime, name)

    def recognize(self, modality, inputs):
        self.rows.append((modality, len(inputs)))
        return self.runtime.recognize(modality, inputs)


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    return {
        "sound": moving_clip(folder / "sound.mp4"),
        "silent": moving_clip(folder / "silent.mp4", sound=False),
        "short": moving_clip(folder / "short.mp4", seconds=0.08),
    }


@pytest.fixture
def recording(tiny_bundle):
    return RecordingRuntime(OpenvinoRuntime.load(tiny_bundle))


@pytest.fixture
def classifier(recording):
    return Classifier(recording)


def without_times(result):
    compute = dataclasses.replace(result.compute, seconds_by_stage={})
    return dataclasses.replace(result, compute=compute)


def selections(result):
    return np.array(
        [
            [segment.modalities[name].decision == "selected" for name in NAMES]
            for segment in result.segments
        ]
    )


def test_same_video_gives_the_same_answer(classifier, clips):
    first = classifier.classify(clips["sound"])

    assert without_times(classifier.classify(clips["sound"])) == without_times(first)


def test_only_what_was_selected_ran(classifier, recording, clips):
    for threshold in (0.3, 0.5, 0.6, 0.9):
        recording.rows.clear()
        result = classifier.classify(clips["sound"], ClassifyOptions(threshold=threshold))

        selected = selections(result).sum(axis=0)
        assert sorted(recording.rows) == sorted(
            (name, count) for name, count in zip(NAMES, selected.tolist(), strict=True) if count
        )


def test_costs_add_up_over_components_and_over_segments(classifier, clips):
    compute = classifier.classify(clips["sound"]).compute
    result = classifier.classify(clips["sound"])

    assert compute.macs == sum(compute.macs_by_component.values())
    assert compute.macs == sum(segment.macs for segment in result.segments)
    costs = classifier.spec.costs
    dense = sum(costs.recognition[name].total for name in NAMES)
    assert compute.macs_dense == dense * len(result.segments)


@pytest.mark.parametrize("excluded", NAMES)
def test_what_is_not_allowed_is_never_selected(classifier, recording, clips, excluded):
    allowed = frozenset(NAMES) - {excluded}

    result = classifier.classify(clips["sound"], ClassifyOptions(modalities=allowed, threshold=0.0))

    assert excluded not in {name for name, _ in recording.rows}
    assert all(s.modalities[excluded].decision == "skipped" for s in result.segments)


def test_no_flow_is_computed_where_flow_is_skipped(classifier, clips):
    options = ClassifyOptions(modalities=frozenset({"rgb"}))

    compute = classifier.classify(clips["sound"], options).compute

    assert compute.flow_pairs_computed == 0
    assert compute.flow_pairs_avoided > 0


def test_policy_all_runs_everything_and_no_policy(classifier, recording, clips):
    result = classifier.classify(clips["sound"], ClassifyOptions(policy="all"))

    assert dict(recording.rows) == dict.fromkeys(NAMES, 4)
    assert result.compute.macs_by_component["policy"] == 0
    assert result.compute.macs == result.compute.macs_dense
    assert result.compute.flow_pairs_avoided == 0
    assert result.segments[0].modalities["rgb"].probability is None


def test_adaptive_answer_equals_running_everything_and_masking(classifier, clips, tiny_bundle):
    """The promise: skipping gives what computing everything and multiplying by 0 would give."""
    model, path = tiny_model(), clips["sound"]
    spec = model.spec
    video = open_video(path, spec, spec.eval_segments, limits=DecodeLimits(), deadline=Deadline(60))
    rows = range(len(video.segments))
    inputs = {
        name: torch.from_numpy(video.recognition_inputs(name, rows)).unsqueeze(0) for name in NAMES
    }
    for threshold in (0.0, 0.4, 0.5, 0.6, 1.0):
        result = classifier.classify(path, ClassifyOptions(threshold=threshold, top_k=100))
        decisions = torch.from_numpy(selections(result)).unsqueeze(0).float()
        with torch.inference_mode():
            masked = model.masked(inputs, decisions).video[0].softmax(dim=0).numpy()
        scores = {prediction.index: prediction.score for prediction in result.predictions}
        assert [scores[index] for index in range(len(masked))] == pytest.approx(masked, abs=1e-4)


def test_torch_and_onnx_classify_alike(classifier, clips):
    runtime = TorchRuntime(tiny_model(), "v", device=torch.device("cpu"))

    for name in ("sound", "silent"):
        ours = classifier.classify(clips[name])
        theirs = Classifier(runtime).classify(clips[name])
        assert [p.label for p in ours.predictions] == [p.label for p in theirs.predictions]
        assert [p.score for p in ours.predictions] == pytest.approx(
            [p.score for p in theirs.predictions], abs=1e-4
        )
        assert np.array_equal(selections(ours), selections(theirs))


def test_a_budget_is_never_exceeded_at_any_value(classifier, clips):
    policy = classifier.spec.costs.policy.total * 4
    dense = classifier.classify(clips["sound"], ClassifyOptions(policy="all")).compute.macs
    for ceiling in np.linspace(policy, policy + dense, 12):
        gflops = float(ceiling) / 1e9
        options = ClassifyOptions(max_gflops=gflops, threshold=0.0)
        compute = classifier.classify(clips["sound"], options).compute
        assert compute.macs / 1e9 <= gflops


@pytest.fixture
def curved(tiny_bundle, tmp_path):
    return Classifier(OpenvinoRuntime.load(write_curved(tiny_bundle, tmp_path / "curved.adamml")))


def test_a_budget_is_obeyed_with_the_curves_threshold_and_segments(curved, clips):
    for budget, point in zip((0.25, 0.5, 1.0), CURVE, strict=True):
        result = curved.classify(clips["sound"], ClassifyOptions(budget=budget))

        assert (result.budget, result.threshold) == (budget, point.threshold)
        options = ClassifyOptions(threshold=point.threshold, segments=point.segments)
        by_hand = curved.classify(clips["sound"], options)
        assert without_times(result) == dataclasses.replace(without_times(by_hand), budget=budget)


@pytest.mark.parametrize("budget", [None, 0.4])
def test_a_ceiling_is_never_exceeded_whatever_the_curve_promises(curved, clips, budget):
    """Its points promise a mean, which a video may be above: the ceiling cuts it short."""
    policy = curved.spec.require_costs().policy.total
    cut, most = 0, 0.08 if budget is None else 0.04
    for gflops in np.linspace(policy / 1e9, most, 12).tolist():
        options = ClassifyOptions(max_gflops=gflops, budget=budget)
        result = curved.classify(clips["sound"], options)
        assert result.compute.macs / 1e9 <= gflops
        free = ClassifyOptions(threshold=result.threshold, segments=len(result.segments))
        cut += curved.classify(clips["sound"], free).compute.macs / 1e9 > gflops
    assert cut


def test_a_ceiling_below_the_policy_of_the_cheapest_point_is_refused(curved, clips):
    with pytest.raises(BudgetTooSmallError, match="the policy network on 1 segments alone"):
        curved.classify(clips["sound"], ClassifyOptions(max_gflops=1e-4))


def test_the_budget_of_exactly_the_answer_gives_the_answer(classifier, clips):
    free = classifier.classify(clips["sound"], ClassifyOptions(threshold=0.5))

    bound = classifier.classify(
        clips["sound"], ClassifyOptions(threshold=0.5, max_gflops=free.compute.macs / 1e9)
    )

    assert np.array_equal(selections(bound), selections(free))


@pytest.mark.parametrize("policy", ["adaptive", "all"])
def test_a_budget_below_the_least_is_refused(classifier, clips, policy):
    options = ClassifyOptions(max_gflops=1e-7, policy=policy)

    with pytest.raises(BudgetTooSmallError, match=r"max_gflops is 1e-07; .* alone takes"):
        classifier.classify(clips["sound"], options)


def test_a_silent_video_has_unavailable_audio_a_warning_and_a_label(classifier, recording, clips):
    result = classifier.classify(clips["silent"], ClassifyOptions(threshold=0.0))

    assert {s.modalities["audio"].decision for s in result.segments} == {"unavailable"}
    assert {s.modalities["audio"].probability for s in result.segments} == {None}
    assert [warning.code for warning in result.warnings] == ["no_audio_stream"]
    assert "audio" not in dict(recording.rows)
    assert result.predictions[0].label in classifier.spec.labels


def test_nothing_available_scores_all_labels_alike_and_says_so(classifier, clips):
    options = ClassifyOptions(modalities=frozenset({"audio"}))

    result = classifier.classify(clips["silent"], options)

    assert [w.code for w in result.warnings] == ["no_audio_stream", "nothing_selected"]
    assert {prediction.score for prediction in result.predictions} == {0.25}


def test_the_highest_threshold_still_selects_one(classifier, clips):
    result = classifier.classify(clips["sound"], ClassifyOptions(threshold=1.0))

    assert selections(result).sum() == 1


def test_a_two_frame_video_is_classified(classifier, clips):
    result = classifier.classify(clips["short"], ClassifyOptions(threshold=0.0))

    assert len(result.segments) == 4
    assert result.predictions


def test_more_segments_than_the_default(classifier, clips):
    assert len(classifier.classify(clips["sound"], ClassifyOptions(segments=9)).segments) == 9


def test_stages_are_timed(classifier, clips):
    seconds = classifier.classify(clips["sound"]).compute.seconds_by_stage

    assert set(seconds) == {"decode", "policy", "flow", "recognition", "total"}
    assert seconds["total"] >= seconds["decode"] > 0


def test_a_passed_deadline_ends_it(classifier, clips):
    with pytest.raises(DeadlineExceededError, match="longer than 0 s"):
        classifier.classify(clips["sound"], deadline=Deadline(0))


class LeavingRuntime:
    """Its client leaves while the first segments are in `network`."""

    def __init__(self, runtime, network, deadline):
        self.runtime, self.network, self.deadline = runtime, network, deadline
        self.rows = []

    def __getattr__(self, name):
        return self.leave if name == self.network else getattr(self.runtime, name)

    def leave(self, modality, inputs):
        self.deadline.cancel()
        self.rows.append(len(inputs))
        return getattr(self.runtime, self.network)(modality, inputs)


@pytest.mark.parametrize(
    ("policy", "network"),
    [("adaptive", "policy_features"), ("adaptive", "recognize"), ("all", "recognize")],
)
@pytest.mark.parametrize("how", [{"segments": 20}, {"every_seconds": 0.5}])
def test_a_client_that_leaves_ends_it_within_a_few_segments(
    tiny_bundle, clips, policy, network, how
):
    """Not with the last segment of the last network."""
    deadline = Deadline(60)
    runtime = LeavingRuntime(OpenvinoRuntime.load(tiny_bundle), network, deadline)
    options = ClassifyOptions(policy=policy, threshold=0.0, **how)

    with pytest.raises(DeadlineExceededError, match="cancelled"):
        Classifier(runtime, overlaps=False).classify(clips["sound"], options, deadline=deadline)
    assert len(runtime.rows) == 1
    assert runtime.rows[0] <= 8


def test_options_are_checked_before_the_file_is_opened(classifier, tmp_path):
    with pytest.raises(InvalidParameterError, match="segments is 0"):
        classifier.classify(tmp_path / "absent.mp4", ClassifyOptions(segments=0))


def test_warm_up_runs_every_network(classifier, recording):
    classifier.warm_up()

    assert sorted(recording.rows) == [("audio", 1), ("flow", 1), ("rgb", 1)]


@pytest.fixture(scope="module")
def exiting():
    """A model whose policy answers by itself where it selects nothing."""
    spec = tiny_spec(
        policy=PolicySpec(joint_width=16, lstm_width=8, exits=True),
        fusion=FusionSpec(renormalizes=True, pools_evidence=True),
    )
    return TorchRuntime(tiny_model(with_costs(spec)), "v", device=torch.device("cpu"))


def test_an_exit_head_answers_where_nothing_is_selected(exiting, clips):
    recording = RecordingRuntime(exiting)
    result = Classifier(recording).classify(clips["sound"], ClassifyOptions(threshold=1.0))
    assert recording.rows == []
    assert not selections(result).any()
    assert result.compute.macs == result.compute.macs_by_component["policy"]
    assert [warning.code for warning in result.warnings] == []
    assert len({prediction.score for prediction in result.predictions}) > 1


def test_an_exit_head_needs_no_more_budget_than_the_policy(exiting, clips):
    classifier = Classifier(exiting)
    cheapest = classifier.spec.require_costs().policy.total * classifier.spec.eval_segments / 1e9
    result = classifier.classify(clips["sound"], ClassifyOptions(max_gflops=cheapest))
    assert result.compute.macs / 1e9 == cheapest
    with pytest.raises(BudgetTooSmallError):
        classifier.classify(clips["sound"], ClassifyOptions(max_gflops=cheapest * 0.999))


def test_without_a_policy_an_exit_head_has_no_say(exiting, clips):
    recording = RecordingRuntime(exiting)
    result = Classifier(recording).classify(clips["sound"], ClassifyOptions(policy="all"))
    assert selections(result).all()
    assert result.compute.macs == result.compute.macs_dense


@pytest.mark.parametrize(
    "options",
    [
        ClassifyOptions(modalities=frozenset({"audio"})),
        ClassifyOptions(modalities=frozenset({"audio"}), policy="all"),
        ClassifyOptions(modalities=frozenset({"rgb"}), policy="all"),
        ClassifyOptions(threshold=1.0),
    ],
)
def test_decoding_only_what_is_looked_at_changes_no_answer(classifier, clips, monkeypatch, options):
    for name in ("sound", "silent"):
        lean = classifier.classify(clips[name], options)
        with monkeypatch.context() as patch:
            patch.setattr("model.inference.classifier.networks_in_use", lambda _, spec: spec)
            whole = classifier.classify(clips[name], options)
        if options.policy == "all" and "audio" not in options.modalities:
            # Nobody listened, so nobody misses sound.
            whole = dataclasses.replace(whole, warnings=())
        assert without_times(lean) == without_times(whole)


def test_frames_that_no_network_sees_are_not_decoded(classifier, clips, monkeypatch):
    decoded = []

    def remember(*args, **kwargs):
        decoded.append(open_video(*args, **kwargs))
        return decoded[-1]

    monkeypatch.setattr("model.inference.classifier.open_video", remember)
    classifier.classify(clips["sound"])
    for options in (
        ClassifyOptions(modalities=frozenset({"rgb"}), policy="all"),
        ClassifyOptions(modalities=frozenset({"audio"}), policy="all"),
    ):
        classifier.classify(clips["sound"], options)

    everything, seen, heard = decoded
    assert len(seen.arrays.frames) < len(everything.arrays.frames)
    assert seen.sound.is_unheard
    assert not heard.arrays.frames
    assert not heard.sound.is_unheard
