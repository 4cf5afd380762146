"""Telling of segments while a process still writes; the process is played by bytes."""

import numpy as np
import pytest

from model.inputs.ffmpeg.sandbox import ERROR_HEAD_BYTES
from model.inputs.frames.early_frames import Awaited, EarlyFrames
from model.inputs.placement.runs import Run

SHAPE = (2, 3, 3)
FRAME_BYTES = 18


class Process:
    """Ten frames a second from `zero` on; its log says so, its frames are filled with a number."""

    def __init__(self, runs, indices, *, zero=0.0):
        self.told = []
        awaited = Awaited(indices, lambda *segment: self.told.append(segment))
        self.early = EarlyFrames(awaited, runs, shape=SHAPE, zero_seconds=zero)
        self.zero, self.output = zero, bytearray()
        self.errors = bytearray()
        for number in range(len(runs)):
            self.log(number, "config in time_base: 1/10, frame_rate: 10/1")

    def log(self, run, words):
        self.errors += f"[showinfo@run{run} @ 0x55d0] [info] {words}\n".encode()

    def show(self, run, index):
        self.log(run, f"n:   0 pts:   {round(10 * self.zero) + index} pts_time:0.1 ")

    def write(self, index):
        self.output += bytes([index]) * FRAME_BYTES

    def follow(self):
        self.early.follow(self.output, self.errors)
        return [number for number, _ in self.told]


def run_of(*wanted, is_own_rate=False):
    stretches = ((wanted[0] / 10, wanted[-1] / 10),)
    return Run(wanted, 10.0, is_own_rate, wanted[0] / 10, stretches)


def test_on_the_videos_own_grid_no_further_frame_is_waited_for():
    process = Process([run_of(0, 1, 2, 3, is_own_rate=True)], {0: [0, 1], 1: [1, 2]})
    for index, expected in enumerate([[], [0], [0, 1], [0, 1]]):
        process.show(0, index)
        process.write(index)
        assert process.follow() == expected


@pytest.mark.parametrize("zero", [0.0, 3.0])
def test_a_segment_is_told_of_once_the_frame_after_it_has_come(zero):
    process = Process([run_of(0, 1, 2, 3)], {0: [0, 1], 1: [1, 2]}, zero=zero)
    for index, expected in enumerate([[], [], [0], [0, 1]]):
        process.show(0, index)
        process.write(index)
        assert process.follow() == expected

    (_, first), (_, second) = process.told
    assert {i: frame.pixels[0, 0, 0] for i, frame in first.items()} == {0: 0, 1: 1}
    assert [frame.seconds for frame in second.values()] == pytest.approx([0.1, 0.2])
    assert first[1] is second[1] is process.early.frames[1]
    assert first[1].pixels.shape == SHAPE


def test_a_frame_that_the_log_is_ahead_of_is_waited_for():
    process = Process([run_of(0, 1, 2)], {0: [0, 1]})
    for index in range(3):
        process.show(0, index)
    process.write(0)
    assert process.follow() == []
    process.write(1)

    assert process.follow() == [0]


def test_runs_come_one_after_the_other():
    process = Process([run_of(0, 1), run_of(50, 51)], {7: [0], 8: [50]})
    for run, index in ((0, 0), (1, 50), (0, 1), (1, 51)):
        process.show(run, index)
    for index in (0, 1, 50, 51):
        process.write(index)

    assert process.follow() == [7, 8]
    assert process.told[1][1][50].pixels[0, 0, 0] == 50


def test_the_output_may_grow_afterwards():
    """It cannot while an array looks at it."""
    process = Process([run_of(0, 1)], {0: [0]})
    for index in range(2):
        process.show(0, index)
        process.write(index)
    process.follow()
    process.write(2)

    assert np.array_equal(process.told[0][1][0].pixels, np.zeros(SHAPE))


def test_a_segment_across_two_runs_is_not_told_of():
    process = Process([run_of(0, 1), run_of(2, 3)], {0: [1, 2]})
    for run, index in ((0, 0), (0, 1), (1, 2), (1, 3)):
        process.show(run, index)
        process.write(index)

    assert process.follow() == []


def test_half_a_line_of_the_log_is_left_for_later():
    process = Process([run_of(0, 1)], {0: [0]})
    process.write(0)
    process.show(0, 0)
    process.show(0, 1)
    whole = bytes(process.errors)
    process.errors = bytearray(whole[:-20])
    assert process.follow() == []
    process.errors = bytearray(whole)

    assert process.follow() == [0]


@pytest.mark.parametrize("order", [(0, 0, 1), (1, 0, 2)])
def test_times_that_do_not_rise_are_left_to_the_end(order):
    process = Process([run_of(0, 1)], {0: [0]})
    for index in order:
        process.show(0, index)
        process.write(index)

    assert process.follow() == []


def test_a_log_that_is_shortened_is_not_followed():
    process = Process([run_of(0, 1)], {0: [0]})
    process.errors += b"x" * ERROR_HEAD_BYTES + b"\n"
    for index in range(2):
        process.show(0, index)
        process.write(index)

    assert process.follow() == []
