"""The policy may look at the first segments while others are decoded; no answer depends on it."""

import dataclasses
import threading

import pytest
import torch

from model.inference.classification import ClassifyOptions
from model.inference.classifier import Classifier
from model.inference.early_features import EarlyFeatures
from model.inputs.frames import frame_decoder
from model.runtime.openvino import OpenvinoRuntime
from model.runtime.torch import TorchRuntime
from tests.support.models import tiny_model
from tests.support.moving_clip import moving_clip

NAMES = ("rgb", "audio", "flow")


class RecordingRuntime:
    """Passes everything on, and remembers how many rows the policy's branches were given."""

    def __init__(self, runtime):
        self.runtime = runtime
        self.rows = {name: [] for name in NAMES}

    def __getattr__(self, name):
        return getattr(self.runtime, name)

    def policy_features(self, modality, inputs):
        self.rows[modality].append(len(inputs))
        return self.runtime.policy_features(modality, inputs)


@pytest.fixture(scope="module")
def runtime(tiny_bundle):
    return OpenvinoRuntime.load(tiny_bundle)


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    whole = moving_clip(folder / "whole.mp4", seconds=9, size="320x240")
    damaged = bytearray(whole.read_bytes())
    start = damaged.index(b"mdat") + len(damaged) // 2
    damaged[start : start + 300] = bytes(300)
    (folder / "damaged.mp4").write_bytes(damaged)
    (folder / "cut.mp4").write_bytes(moving_clip(folder / "a.mkv", seconds=9).read_bytes()[:60_000])
    return {
        "whole": whole,
        "damaged": folder / "damaged.mp4",
        "cut": folder / "cut.mp4",
        "minute": moving_clip(folder / "minute.mp4", seconds=60),
        "silent": moving_clip(folder / "silent.mp4", seconds=4, sound=False),
        "short": moving_clip(folder / "short.mp4", seconds=0.08),
    }


def answer(runtime, path, *, overlaps, segments=10):
    result = Classifier(runtime, overlaps=overlaps).classify(
        path, ClassifyOptions(segments=segments)
    )
    return dataclasses.replace(
        result, compute=dataclasses.replace(result.compute, seconds_by_stage={})
    )


@pytest.mark.parametrize("name", ["whole", "damaged", "cut", "minute", "silent", "short"])
def test_answers_are_the_same_to_the_last_bit(runtime, clips, name):
    expected = answer(runtime, clips[name], overlaps=False)

    assert [answer(runtime, clips[name], overlaps=True) for _ in range(3)] == [expected] * 3


@pytest.mark.parametrize("name", ["whole", "minute"])
def test_some_segments_are_looked_at_early_and_none_twice(runtime, clips, name):
    recording = RecordingRuntime(runtime)

    answer(recording, clips[name], overlaps=True)

    assert {modality: sum(rows) for modality, rows in recording.rows.items()} == dict.fromkeys(
        NAMES, 10
    )
    assert recording.rows["audio"] == [10]
    # One segment at a time as they come, then those that were left.
    assert len(recording.rows["rgb"]) > 2
    assert recording.rows["rgb"] == recording.rows["flow"]


def test_what_turns_out_otherwise_is_looked_at_again(runtime, clips, monkeypatch):
    """Several threads find damage, so one thread decodes again: that is what counts."""
    monkeypatch.setattr(frame_decoder, "LONE_PROCESS_THREADS", 2)
    monkeypatch.setattr(frame_decoder, "SMALL_PIXELS", 0)
    recording = RecordingRuntime(runtime)

    answer(recording, clips["damaged"], overlaps=True)

    assert sum(recording.rows["rgb"]) > 10


def test_without_overlap_segments_come_together(runtime, clips):
    recording = RecordingRuntime(runtime)

    answer(recording, clips["whole"], overlaps=False)

    assert recording.rows == {name: [8, 2] for name in NAMES}


def test_a_runtime_whose_rows_depend_on_each_other_waits_for_all(clips):
    recording = RecordingRuntime(TorchRuntime(tiny_model(), "v", device=torch.device("cpu")))

    answer(recording, clips["whole"], overlaps=True)

    assert recording.rows == {name: [10] for name in NAMES}


def test_an_error_on_the_way_is_raised_in_the_end(runtime, clips):
    class Failing(RecordingRuntime):
        def policy_features(self, modality, inputs):
            raise MemoryError("no more")

    with pytest.raises(MemoryError, match="no more"):
        answer(Failing(runtime), clips["whole"], overlaps=True)


def test_what_has_not_begun_is_dropped_when_decoding_fails(runtime):
    recording, busy = RecordingRuntime(runtime), threading.Event()

    def fail():
        with EarlyFeatures(recording) as early:
            early._pool.submit(busy.wait, 1)
            early.offer(None, NAMES, [0])
            raise ValueError("bad")

    with pytest.raises(ValueError, match="bad"):
        fail()
    assert recording.rows == {name: [] for name in NAMES}


def test_nothing_is_looked_at_early_under_a_ceiling(runtime, clips):
    """It might be in vain, and the ceiling is a hard one."""
    recording = RecordingRuntime(runtime)
    options = ClassifyOptions(segments=10, max_gflops=1.0)

    Classifier(recording, overlaps=True).classify(clips["whole"], options)

    assert recording.rows == {name: [8, 2] for name in NAMES}
