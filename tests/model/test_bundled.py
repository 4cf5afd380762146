"""The bundled model: small, described, and right about most real clips."""

import csv
from pathlib import Path

import pytest

from model.inference.loading import BUNDLED_MODEL, load_classifier
from tests.support.clips import SHARED

AV13 = SHARED / "data" / "av13"


def test_is_at_most_25_megabytes():
    assert BUNDLED_MODEL.stat().st_size <= 25_000_000


def test_its_card_states_what_it_is():
    card = (BUNDLED_MODEL.parent / "README.md").read_text()

    for word in ("UCF101", "GRID", "test", "top-1", "GFLOPs", "selected", "dense", "adaptive"):
        assert word in card, f"the card says nothing of {word}"
    version = load_classifier().version
    assert version in card, "the card is of another file"


@pytest.mark.shared
def test_is_right_about_most_real_test_clips():
    if not AV13.exists():
        pytest.skip(f"needs the development data at {AV13}")
    with (AV13 / "manifest.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "test"]
    first_of_class = {row["label"]: row for row in reversed(rows)}.values()
    classifier = load_classifier()

    right = [
        classifier.classify(Path(AV13 / row["path"])).predictions[0].label == row["label"]
        for row in first_of_class
    ]

    assert len(right) == 13
    assert sum(right) >= 9
