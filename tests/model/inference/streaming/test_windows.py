import numpy as np

from model.inference.streaming.windows import CutDetector
from model.inputs.frames.frame import Frame


def frames(*colours, start=0.0, step=0.2):
    return [
        Frame(start + number * step, np.full((64, 96, 3), colour, dtype=np.uint8))
        for number, colour in enumerate(colours)
    ]


def test_nothing_begins_while_colours_stay():
    detector = CutDetector()

    assert not detector.begins_scene(frames(10, 20, 30))
    assert not detector.begins_scene(frames(28, 25, 20, start=0.6))


def test_a_cut_in_the_first_half_begins_a_scene_here():
    detector = CutDetector()
    detector.begins_scene(frames(10, 10))

    assert detector.begins_scene(frames(200, 200, 200, 200, start=0.4))
    assert not detector.begins_scene(frames(200, 200, start=1.2))


def test_a_cut_in_the_second_half_begins_the_next():
    detector = CutDetector()

    assert not detector.begins_scene(frames(10, 10, 10, 200))
    assert detector.begins_scene(frames(200, 200, start=0.8))


def test_frames_far_apart_are_not_compared():
    detector = CutDetector()
    detector.begins_scene(frames(10))

    assert not detector.begins_scene(frames(200, 200, start=5.0))


def test_frames_that_two_segments_share_count_once():
    detector = CutDetector()
    detector.begins_scene(frames(10, 10, 200))

    assert detector.begins_scene(frames(200, 200, start=0.4))
    assert not detector.begins_scene(frames(200, 200, start=0.6))
