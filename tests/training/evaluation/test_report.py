"""What an evaluation says of adaptive beside random decisions and the dense row."""

import pytest

from training.evaluation.evaluate import Score
from training.evaluation.report import RANDOM, Report


def score(hits):
    accuracy = sum(hits) / len(hits)
    return Score(accuracy, top5=1.0, gflops=1.0, selection={"rgb": 0.5}, hits=tuple(hits))


def report(adaptive, random, dense):
    return Report(
        name="m",
        version="v",
        num_videos=len(adaptive),
        num_skipped=0,
        threshold=0.5,
        served_segments=1,
        eval_segments=1,
        rows={"adaptive": score(adaptive), RANDOM: score(random), "rgb": score(dense)},
    )


def test_it_says_when_decisions_are_no_better_than_random():
    one = report([1, 0, 1, 1, 0] * 12, [0.9, 0.4, 0.6, 0.5, 0.5] * 12, [1.0] * 60)

    table = one.as_table()

    assert "adaptive - random at these rates: +2.0 points top-1" in table
    assert "adaptive - rgb: -40.0 points top-1 (" in table
    assert "): below" in table
    assert table.count("not distinguishable") == 1
    assert one.as_dict()["differences"]["rgb"]["mean"] == pytest.approx(-0.4)


def test_rows_of_other_videos_are_not_compared():
    assert report([1, 0], [1, 0], [1]).differences().keys() == {RANDOM}
