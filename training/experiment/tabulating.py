"""From a table's file to its measured results, whichever kind of table it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from training.experiment.comparing.comparison import is_comparison, read_comparison
from training.experiment.comparing.measuring import groups_of_test, measure
from training.experiment.comparing.table import as_dict as comparison_as_dict
from training.experiment.running import run_suite
from training.experiment.suite import read_suite
from training.experiment.table import as_dict
from training.experiment.validation import validation_prices


def measure_table(path: Path) -> dict[str, Any]:
    """Train what is missing and score all rows. Raises as `run_suite`."""
    if is_comparison(path):
        comparison = read_comparison(path)
        measured = {data: measure(comparison, data) for data in comparison.bases}
        groups = {data: groups_of_test(comparison, data, found) for data, found in measured.items()}
        return comparison_as_dict(comparison, measured, groups)
    suite = read_suite(path)
    found = run_suite(suite)
    return as_dict(suite, found.scores, validation_prices(suite), found.promises)
