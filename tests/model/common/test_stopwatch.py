"""Stages: added up, all in the answer; told only where they ran, so that means are of real runs."""

from __future__ import annotations

import pytest

from model.common.stopwatch import STAGES, Stopwatch


def test_all_stages_are_there_and_only_those_that_ran_are_told():
    told = {}
    watch = Stopwatch(told.__setitem__)
    for name in ("decode", "recognition", "decode"):
        with watch.stage(name):
            pass

    seconds = watch.finish()

    assert list(seconds) == [*STAGES, "total"]
    assert (seconds["policy"], seconds["flow"]) == (0, 0)
    assert list(told) == ["decode", "recognition", "total"]
    assert told == {name: seconds[name] for name in told}
    assert seconds["total"] >= seconds["decode"] + seconds["recognition"] > 0


def test_a_stage_that_fails_is_counted():
    watch = Stopwatch()
    with pytest.raises(ZeroDivisionError), watch.stage("flow"):
        1 / 0  # noqa: B018

    assert watch.finish()["flow"] > 0
