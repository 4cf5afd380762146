"""Timelines: from zero to the end, whatever lies between."""

from __future__ import annotations

import doctest

from model.inference import timeline as module
from model.inference.classification import Prediction
from model.inference.timeline import Stretch, timeline

RUN = Prediction("run", 0, 0.9)


def test_the_example():
    assert doctest.testmod(module).failed == 0


def test_a_video_of_no_time_has_one_entry():
    """As one of two billion frames a second: its microseconds round to none. It ended in a 500."""
    (entry,) = timeline([Stretch(0.0, 0.0, RUN), Stretch(0.0, 0.0, RUN)], 0.0, min_score=0.1)

    assert (entry.start_seconds, entry.end_seconds, entry.label) == (0.0, 0.0, "run")
