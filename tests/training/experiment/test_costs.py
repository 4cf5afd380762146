"""Table 6's costs are those of the networks as they are."""

import json

import pytest

from training.experiment.costs import measure
from training.experiment.results import FOLDER


def test_the_committed_costs_are_counted():
    assert measure() == json.loads((FOLDER / "table6_costs.json").read_text())


def test_the_first_row_costs_what_the_paper_says_of_its_parts():
    """The published constants are 14,135,984,128 and 381,739,008, of convolutions alone."""
    first = measure()["costs"][0]

    assert first["rgb"] == pytest.approx(14.14, abs=0.01)
    assert first["audio"] == pytest.approx(0.38, abs=0.01)
