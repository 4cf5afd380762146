"""What benchmarks rest on: fair turns, honest ratios, a page that shows what was measured."""

import json
from dataclasses import asdict

import pytest

from benchmarks.interleaved import Timings, interleave
from benchmarks.paper_model import KEPT, LABELS, ROUNDS, SEGMENTS, decisions
from benchmarks.results import FOLDER, PAGE, Measured, as_table, page_tables
from model.spec.presets import preset


def test_ways_take_turns_and_the_first_round_does_not_count():
    calls = []
    ways = {"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}
    timings = interleave(ways, rounds=3)

    assert calls == ["a", "b"] * 4
    assert len(timings.seconds["a"]) == len(timings.seconds["b"]) == 3


def test_a_ratio_is_that_of_the_same_round():
    """A machine that slows down half way does not change it."""
    timings = Timings({"ours": (1.0, 10.0, 11.0), "baseline": (2.0, 20.0, 22.0)})

    assert timings.ratio("ours", "baseline") == 0.5
    assert timings.median("ours") == 10.0


def test_decisions_come_at_the_papers_rates():
    spec = preset("rgb-audio-flow", LABELS)
    turns = [decisions(spec, turn) for turn in range(ROUNDS)]
    rates = dict(zip(spec.modality_names, sum(turns).mean(axis=0) / ROUNDS, strict=True))

    assert rates["rgb"] == pytest.approx(0.5506, abs=0.02)
    assert rates["flow"] == pytest.approx(0.2682, abs=0.02)
    assert rates["audio"] == pytest.approx(0.9512, abs=0.02)
    assert all(len(kept) <= SEGMENTS for kept in KEPT.values())


@pytest.mark.parametrize(
    ("value", "wanted", "is_met"), [(0.5, "<= 0.55", True), (2, ">= 2.5", False), (3, ">= 3", True)]
)
def test_what_is_missed_is_shown_as_missed(value, wanted, is_met):
    row = Measured("it", value, "that", wanted, "figures", unit="times")
    document = {
        "command": "x",
        "date": "d",
        "machine": "m",
        "rows": [{**asdict(row), "is_met": row.is_met}],
    }
    assert row.is_met == is_met
    assert ("missed" in as_table(document)) != is_met


def test_the_page_shows_the_committed_results():
    assert page_tables() in PAGE.read_text()
    for path in FOLDER.glob("*.json"):
        for row in json.loads(path.read_text())["rows"]:
            measured = Measured(**{key: row[key] for key in row if key != "is_met"})
            assert measured.is_met == row["is_met"]
