"""Comparison: one TOML file describes a table of systems on one or more data sets."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from training.compared.systems import SystemName
from training.configuration.recipe import Closed
from training.experiment.suite import Runs, with_recipes


class ComparedRow(Closed):
    """One line of the table: a system on the features and recognisers of a trained run."""

    name: str
    run: str
    """A key of `runs`; its modalities are the row's."""
    system: SystemName


class Comparison(Closed):
    """As a suite, but that `bases` names a training configuration for each data set."""

    title: str
    about: str = ""
    """A sentence or two below the title."""
    bases: Annotated[dict[str, Path], Field(min_length=1)]
    output: Path
    """Folder of all runs, of which each data set has one inside."""
    seeds: Annotated[tuple[int, ...], Field(min_length=1)] = (0, 1, 2)
    common: dict[str, Any] = Field(default_factory=dict)
    runs: Annotated[dict[str, dict[str, Any]], Field(min_length=1)]
    runs_on: dict[str, dict[str, dict[str, Any]]] = Field(default_factory=dict)
    """By data set: the runs that are others there."""
    rows: Annotated[tuple[ComparedRow, ...], Field(min_length=1)]
    reference: str
    """The row that others are compared with, pair by pair."""

    @model_validator(mode="after")
    def _rows_have_runs(self) -> Self:
        used = {row.run for row in self.rows}
        if used != set(self.runs):
            raise ValueError(f"rows are of the runs {sorted(used)}; runs are {sorted(self.runs)}")
        if self.reference not in {row.name for row in self.rows}:
            raise ValueError(f"the reference {self.reference!r} is no row")
        for data, runs in self.runs_on.items():
            if data not in self.bases or not set(runs) <= used:
                raise ValueError(f"runs_on.{data} has {sorted(runs)}; runs are {sorted(used)}")
        return self

    def on(self, data: str) -> Runs:
        """The runs on one of the data sets."""
        return Runs(
            base=self.bases[data],
            output=self.output / data,
            seeds=self.seeds,
            common=self.common,
            runs={**self.runs, **self.runs_on.get(data, {})},
        )


def is_comparison(path: Path) -> bool:
    """Whether the file describes a comparison, and not a suite."""
    return "bases" in tomllib.loads(path.read_text())


def read_comparison(path: Path) -> Comparison:
    """Relative paths inside are relative to the file. Raises ValueError, naming wrong keys."""
    folder = path.parent
    one = Comparison.model_validate(tomllib.loads(path.read_text()))
    changes = {
        "bases": {name: folder / base for name, base in one.bases.items()},
        "output": folder / one.output,
        "runs": with_recipes(one.runs, folder),
        "runs_on": {name: with_recipes(runs, folder) for name, runs in one.runs_on.items()},
    }
    return one.model_copy(update=changes)
