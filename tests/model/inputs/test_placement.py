"""Where segments lie, which frames a network sees, and what is decoded for them: arithmetic."""

import dataclasses
import doctest

import numpy as np
import pytest

from model.inputs.frames import segment_frames
from model.inputs.placement import matching, runs, sampling
from model.inputs.placement.matching import match, shown_at
from model.inputs.placement.runs import (
    Run,
    off_grid,
    plan_runs,
    select_expression,
    starting_earlier,
)
from model.inputs.placement.sampling import NetworksInUse, frame_indices, needed_offsets
from model.inputs.placement.segments import grid_rate, jittered_starts, plan_at, plan_segments
from model.inputs.probing.video_info import VideoInfo
from model.inputs.sound import audio
from model.inputs.sound.audio import window_start
from model.spec.input_spec import InputSpec
from model.spec.presets import preset
from tests.support.models import tiny_spec

INPUTS = InputSpec()
INFO = VideoInfo(
    duration_seconds=10.0,
    width=320,
    height=240,
    frame_rate=25.0,
    constant_frame_rate=True,
    container="mov,mp4,m4a,3gp,3g2,mj2",
    video_codec="h264",
    audio_codec="aac",
    rotation_degrees=0,
    start_offset_seconds=0.0,
)


def video(**changes):
    return dataclasses.replace(INFO, **changes)


@pytest.mark.parametrize("module", [audio, matching, segment_frames, runs, sampling])
def test_worked_examples(module):
    assert doctest.testmod(module).failed == 0


def test_segments_cover_the_video_evenly():
    plan = plan_segments(INFO, INPUTS, 3)

    assert [s.start_seconds for s in plan.segments] == [0.0, 4.36, 8.72]
    assert [s.end_seconds for s in plan.segments] == [1.28, 5.64, 10.0]
    assert [s.first_frame for s in plan.segments] == [0, 109, 218]
    assert [s.index for s in plan.segments] == [0, 1, 2]


def test_one_segment_lies_at_the_start():
    assert plan_segments(INFO, INPUTS, 1).segments[0].start_seconds == 0.0


def test_a_video_shorter_than_a_segment():
    plan = plan_segments(video(duration_seconds=0.08), INPUTS, 4)

    assert {(s.start_seconds, s.end_seconds) for s in plan.segments} == {(0.0, 0.08)}
    assert plan.last_frame == 1


@pytest.mark.parametrize(
    ("rate", "constant", "expected"),
    [
        (25, True, 25),
        (20, True, 20),
        (40, True, 40),
        (60, True, 30),
        (10, True, 30),
        (25, False, 30),
    ],
)
def test_the_grid_is_the_videos_own_within_bounds(rate, constant, expected):
    info = video(frame_rate=float(rate), constant_frame_rate=constant)

    assert grid_rate(info, INPUTS) == expected
    assert plan_segments(info, INPUTS, 2).is_own_rate == (rate == expected and constant)


def test_given_starts_move_to_the_nearest_frame():
    plan = plan_at(INFO, INPUTS, [0.51, 3.333])

    assert [s.start_seconds for s in plan.segments] == [0.52, 3.32]


def test_jittered_starts_stay_in_their_share():
    starts = jittered_starts(INFO, INPUTS, 5, np.random.default_rng(0))

    share = (10.0 - 1.28) / 5
    assert [int(start // share) for start in starts] == [0, 1, 2, 3, 4]
    assert starts == jittered_starts(INFO, INPUTS, 5, np.random.default_rng(0))


def test_the_sound_is_centred_on_the_used_frames():
    """Of 0, 4, .., 28 the middle is 14; at 25 frames/s that is 0.56 s after the start."""
    plan = plan_at(INFO, INPUTS, [0.0, 4.0])

    assert window_start(plan, 0, INPUTS) == 0.0
    assert window_start(plan, 1, INPUTS) == pytest.approx(4.0 + 0.56 - 0.64)


@pytest.mark.parametrize(
    ("wanted", "expected"), [(8, range(8)), (4, (0, 2, 4, 6)), (2, (1, 5)), (1, (3,))]
)
def test_a_network_sees_evenly_spaced_frames(wanted, expected):
    assert frame_indices(8, wanted) == tuple(expected)


def test_only_what_some_network_sees_is_decoded():
    paper = preset("rgb-audio-flow", ["a", "b"])

    assert needed_offsets(NetworksInUse.all_of(preset("rgb-audio", ["a", "b"]))) == tuple(
        range(0, 32, 4)
    )
    assert needed_offsets(NetworksInUse.all_of(paper)) == tuple(range(34))
    # Flow of frames 1, 3, 5, 7 (offsets 4, 12, ..), its proxy and rgb of single ones.
    assert len(needed_offsets(NetworksInUse.all_of(tiny_spec()))) < 34


def test_close_windows_share_a_process_and_far_ones_do_not():
    wanted = [*range(30), *range(60, 90), *range(2000, 2030)]

    planned = plan_runs(wanted, plan_at(INFO, INPUTS, [0.0]), INFO)

    assert [(run.wanted[0], run.wanted[-1]) for run in planned] == [(0, 89), (2000, 2029)]
    assert [run.begin_seconds for run in planned] == [0.0, pytest.approx((2000 - 1.5) / 25)]
    assert len(planned[0].stretches) == 2


def test_many_windows_in_a_row_are_cut_into_several_runs():
    """At a varying rate everything between windows is kept for a while."""
    uneven = video(duration_seconds=120.0, constant_frame_rate=False)
    plan = plan_segments(uneven, INPUTS, 64)
    wanted = [s.first_frame + offset for s in plan.segments for offset in range(34)]

    planned = plan_runs(wanted, plan, uneven)

    assert len(planned) >= 8
    assert max(run.max_frames for run in planned) < 2 * 30 * 16


def test_a_stream_without_times_is_decoded_from_its_start():
    raw = video(duration_seconds=600.0, seekable=False)

    planned = plan_runs([0, 1, 9000, 9001], plan_at(raw, INPUTS, [0.0]), raw)

    assert [run.begin_seconds for run in planned] == [0.0]
    assert planned[0].max_frames < 30


def test_what_one_process_may_select_does_not_grow_with_the_video():
    """A still that came an hour before is fetched without the hour in between."""
    rare = video(frame_rate=5.0, constant_frame_rate=False)
    run = plan_runs(range(200_000, 200_030), plan_at(rare, INPUTS, [0.0]), rare)[0]

    earlier = starting_earlier(run, 3000.0, 2995.0)

    assert earlier.begin_seconds == 2994.5
    assert earlier.max_frames < run.max_frames + 20


def test_a_run_off_the_grid_leaves_nothing_out():
    run = plan_runs([0, 1, 60, 61], plan_at(INFO, INPUTS, [0.0]), INFO)[0]

    assert run.stretches == ((-0.024, 0.064), (2.376, 2.464))
    assert off_grid(run).stretches == ((-0.024, 2.464),)


def test_the_select_expression_is_on_the_files_clock():
    run = Run((100, 101), 25.0, True, 3.94, ((3.96, 4.08),))

    expression = select_expression(run, 7.5)

    assert expression.startswith("(between(t,11.460000,11.580000))*")


def test_frames_beside_the_grid_come_one_by_one():
    """The second frame came late, as from a camera that starts slowly: half a step off all along,
    where rounding each to the grid would repeat some and skip others."""
    times = [0.0, *(0.0601 + 0.04 * n + 0.0009 * (-1) ** n for n in range(40))]
    run = Run(tuple(range(10, 30)), 25.0, True, 0.0, ((0.36, 1.2),))

    positions = match(run, times)

    assert np.diff(positions).tolist() == [1] * 19


def test_off_the_grid_the_last_frame_stays_on_display():
    run = Run(tuple(range(90, 99)), 30.0, False, 0.0, ((2.0, 3.3),))

    assert match(run, [2.0, 3.1]) == [0, 0, 0, 1, 1, 1, 1, 1, 1]


def test_before_the_first_frame_the_first_is_shown():
    assert shown_at(0.5, [1.0, 2.0], 0.01) == 0
