"""A long video segment by segment: windows, cuts, the ceiling, the timeline, what stops it."""

import dataclasses
import gc
import os
from itertools import pairwise

import numpy as np
import pytest
import torch

from benchmarks.traffic.holding import children_of
from model.common.deadline import Deadline
from model.common.errors import (
    BudgetTooSmallError,
    DeadlineExceededError,
    InvalidParameterError,
    TooManySegmentsError,
)
from model.inference.classification import Classification, ClassifyOptions
from model.inference.classifier import Classifier
from model.inference.streaming import segments as streaming
from model.runtime.openvino import OpenvinoRuntime
from model.runtime.torch import TorchRuntime
from tests.support.clips import colour_clip
from tests.support.models import tiny_model
from tests.support.moving_clip import moving_clip

EVERY = ClassifyOptions(every_seconds=1.0)


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("streams")
    parts = (("red", 4), ("green", 3), ("blue", 5))
    tones = ((500, 4), (2000, 3), (5000, 5))
    return {
        "plain": moving_clip(folder / "plain.mp4", seconds=12.2),
        "scenes": colour_clip(folder / "scenes.mp4", parts, tones=tones),
        "last scene": colour_clip(folder / "last.mp4", parts[2:], tones=tones[2:]),
        "silent": moving_clip(folder / "silent.mp4", seconds=3, sound=False),
    }


@pytest.fixture(scope="module")
def classifier(tiny_bundle):
    return Classifier(OpenvinoRuntime.load(tiny_bundle))


def without_times(result):
    compute = dataclasses.replace(result.compute, seconds_by_stage={})
    return dataclasses.replace(result, compute=compute)


def options(**given):
    return dataclasses.replace(EVERY, **given)


def test_segments_come_in_order_and_then_the_answer_that_has_them(classifier, clips):
    opened = []
    *segments, answer = classifier.stream(
        clips["plain"], EVERY, on_opened=lambda info, count: opened.append((info, count))
    )

    assert [segment.index for segment in segments] == list(range(13))
    assert isinstance(answer, Classification)
    assert answer.segments == tuple(segments)
    assert [(info.duration_seconds, count) for info, count in opened] == [
        (answer.video.duration_seconds, 13)
    ]
    assert answer.compute.macs == sum(segment.macs for segment in segments)
    assert without_times(classifier.classify(clips["plain"], EVERY)) == without_times(answer)


def test_who_leaves_leaves_no_decoder_to_the_garbage_collector(classifier, clips):
    deadline, before = Deadline(60), children_of(os.getpid())
    gc.disable()
    try:
        stream = classifier.stream(clips["plain"], EVERY, deadline=deadline)
        next(stream)
        assert len(children_of(os.getpid())) > len(before)
        deadline.cancel()
        # What the error holds on to is as alive as it is while a request ends by it.
        with pytest.raises(DeadlineExceededError) as error:
            list(stream)
        assert error.traceback
        assert children_of(os.getpid()) == before
    finally:
        gc.enable()


@pytest.mark.parametrize(("together", "ahead"), [(1, 1), (8, 9)])
def test_answers_do_not_depend_on_what_is_computed_together(
    classifier, clips, monkeypatch, together, ahead
):
    usual = classifier.classify(clips["scenes"], EVERY)
    monkeypatch.setattr(streaming, "SEGMENTS_TOGETHER", together)
    monkeypatch.setattr(streaming, "SEGMENTS_AHEAD", ahead)

    assert without_times(classifier.classify(clips["scenes"], EVERY)) == without_times(usual)


def test_torch_streams_alike(classifier, clips):
    torch_classifier = Classifier(TorchRuntime(tiny_model(), "v", device=torch.device("cpu")))
    ours = classifier.classify(clips["scenes"], EVERY)
    theirs = torch_classifier.classify(clips["scenes"], EVERY)

    for one, other in zip(ours.segments, theirs.segments, strict=True):
        assert [p.label for p in one.predictions] == [p.label for p in other.predictions]
        scores = [[p.score for p in result.predictions] for result in (one, other)]
        assert scores[0] == pytest.approx(scores[1], abs=1e-4)


def test_without_every_seconds_all_segments_come_at_the_end(classifier, clips):
    *segments, answer = classifier.stream(clips["plain"])

    assert tuple(segments) == answer.segments
    assert without_times(classifier.classify(clips["plain"])) == without_times(answer)


def test_a_cut_begins_a_window_as_if_the_video_began_there(classifier, clips):
    whole = classifier.classify(clips["scenes"], options(window_seconds=60))
    last = classifier.classify(clips["last scene"], options(window_seconds=60))

    ours = [segment.modalities for segment in whole.segments[7:]]
    theirs = [segment.modalities for segment in last.segments]
    for one, other in zip(ours, theirs, strict=True):
        assert {n: d.decision for n, d in one.items()} == {n: d.decision for n, d in other.items()}
        mine, its = ([d.probability for d in each.values()] for each in (one, other))
        assert mine == pytest.approx(its, abs=0.02)


def test_a_window_is_no_longer_than_asked(classifier, clips):
    """The policy forgets: the fourth segment is again a first one."""
    carried = classifier.classify(clips["plain"], options(window_seconds=60))
    fresh = classifier.classify(clips["plain"], options(window_seconds=3))

    def probabilities(answer):
        return np.array(
            [[d.probability for d in segment.modalities.values()] for segment in answer.segments]
        )

    first, second = probabilities(carried), probabilities(fresh)
    assert np.array_equal(first[:3], second[:3])
    assert not np.allclose(first[3], second[3], atol=1e-6)


def test_the_timeline_has_no_gaps_and_joins_neighbours(classifier, clips):
    for given in (EVERY, options(min_score=0.999), ClassifyOptions(segments=10)):
        answer = classifier.classify(clips["scenes"], given)
        entries = answer.timeline
        assert entries[0].start_seconds == 0
        assert entries[-1].end_seconds == answer.video.duration_seconds
        assert all(a.end_seconds == b.start_seconds for a, b in pairwise(entries))
        assert all(a.label != b.label for a, b in pairwise(entries))
    unknown = classifier.classify(clips["scenes"], options(min_score=0.999)).timeline
    assert [(entry.label, entry.index) for entry in unknown] == [(None, None)]


def test_a_short_clip_has_one_label_over_all_its_time(classifier, clips):
    answer = classifier.classify(clips["silent"])

    (entry,) = answer.timeline
    assert (entry.label, entry.score) == (
        answer.predictions[0].label,
        answer.predictions[0].score,
    )


def test_a_ceiling_is_never_exceeded_not_even_on_the_way(classifier, clips):
    dense = classifier.classify(clips["plain"], options(policy="all")).compute.macs
    policy = classifier.spec.costs.policy.total * 13
    for ceiling in np.linspace(policy, policy + dense, 6):
        gflops = float(ceiling) / 1e9
        spent = 0
        for item in classifier.stream(clips["plain"], options(max_gflops=gflops, threshold=0.0)):
            if isinstance(item, Classification):
                assert item.compute.macs / 1e9 <= gflops
            else:
                spent += item.macs
                assert spent <= ceiling * (item.index + 1) / 13 + 1
    with pytest.raises(BudgetTooSmallError, match="13 segments"):
        classifier.classify(clips["plain"], options(max_gflops=policy / 2e9))


def test_more_segments_than_allowed(classifier, clips):
    with pytest.raises(TooManySegmentsError, match="13 segments; allowed are 12"):
        next(classifier.stream(clips["plain"], EVERY, max_segments=12))


@pytest.mark.parametrize(
    "given",
    [
        options(segments=3),
        options(every_seconds=0.4),
        options(every_seconds=3601.0),
        options(min_score=1.5),
        ClassifyOptions(window_seconds=5.0),
    ],
)
def test_options_that_do_not_go(classifier, clips, given):
    with pytest.raises(InvalidParameterError):
        classifier.classify(clips["plain"], given)


def test_who_stops_asking_stops_the_work(classifier, clips):
    deadline = Deadline(60)
    stream = classifier.stream(clips["plain"], options(every_seconds=0.5), deadline=deadline)
    next(stream)
    deadline.cancel()

    with pytest.raises(DeadlineExceededError):
        list(stream)

    stream = classifier.stream(clips["plain"], options(every_seconds=0.5))
    next(stream)
    stream.close()
