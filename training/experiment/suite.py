"""Suite: one TOML file describes the training runs behind one table, and its rows."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from model.spec.model_spec import Modality
from training.configuration.config import TrainConfig, config_from
from training.configuration.recipe import Closed, Share

# What a run computes does not depend on these keys of its configuration.
_NO_DIFFERENCE = ("name", "output", "unimodal_state", "seed", "tensorboard")


class Row(Closed):
    """One line of the table: a trained model under one way of deciding."""

    name: str
    run: str
    """A key of `runs`."""
    decisions: Literal["policy", "all", "random"] = "policy"
    """By the policy, all modalities of the evaluation's segments, or at random."""
    rates: dict[Modality, Share] | None = None
    """For `random`: how often each is kept; absent: as often as the run's policy keeps it."""
    budget: Share | None = None
    """For `policy`, and for `random` at its rates: the point of the run's curve that this share of
    the dense cost chooses, as a request's budget does; absent: the one that is served."""
    is_reference: bool = False
    """Savings are counted against this row."""

    @model_validator(mode="after")
    def _budget_leaves_a_choice(self) -> Self:
        if self.budget is not None and self.decisions == "all":
            raise ValueError(f"the row {self.name!r} has a budget, and takes all")
        return self


class Runs(Closed):
    """`runs`: by name, the settings in which a run differs from `base` and `common`. A run may
    name a `recipe` there, a file of such settings, to which its own are added."""

    base: Path
    """The training configuration that all runs start from."""
    output: Path
    """Folder of all runs; suites that share it train what they have in common once."""
    seeds: Annotated[tuple[int, ...], Field(min_length=1)] = (0, 1, 2)
    common: dict[str, Any] = Field(default_factory=dict)
    runs: Annotated[dict[str, dict[str, Any]], Field(min_length=1)]


class Suite(Runs):
    """Runs and the rows of the table that they are behind."""

    title: str
    about: str = ""
    """A sentence or two below the title."""
    compares: bool = False
    """Tell how rows in which a policy decides differ from those that take all, on the same clips,
    with intervals."""
    rows: Annotated[tuple[Row, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _rows_have_runs(self) -> Self:
        used = {row.run for row in self.rows}
        if used != set(self.runs):
            raise ValueError(f"rows are of the runs {sorted(used)}; runs are {sorted(self.runs)}")
        if sum(row.is_reference for row in self.rows) > 1:
            raise ValueError("more than one row is_reference")
        return self


def find_suites(name: str, folder: Path) -> list[Path]:
    """The file `name`, or the one of that name in `folder`, or "all" of those.

    Raises:
        ValueError: there is no such file.
    """
    known = sorted(folder.glob("*.toml"))
    if name == "all":
        return known
    for path in (Path(name), folder / f"{name}.toml"):
        if path.is_file():
            return [path]
    names = ", ".join(path.stem for path in known)
    raise ValueError(f"there is no experiment {name!r}; known: {names}, all")


def read_suite(path: Path) -> Suite:
    """Relative paths inside are relative to the file. Raises ValueError, naming wrong keys."""
    folder = path.parent
    suite = Suite.model_validate(tomllib.loads(path.read_text()))
    runs = with_recipes(suite.runs, folder)
    places = {"base": folder / suite.base, "output": folder / suite.output}
    return suite.model_copy(update={"runs": runs, **places})


def with_recipes(runs: Mapping[str, Mapping[str, Any]], folder: Path) -> dict[str, dict[str, Any]]:
    """`runs` with the settings of the recipes that they name, files in `folder`."""
    return {name: _with_recipe(run, folder) for name, run in runs.items()}


def _with_recipe(run: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    own = {key: value for key, value in run.items() if key != "recipe"}
    if "recipe" not in run:
        return own
    return merged(tomllib.loads((folder / run["recipe"]).read_text()), own)


def run_config(suite: Runs, run: str, seed: int) -> TrainConfig:
    """The configuration of one run; raises ValueError, naming wrong keys.

    Runs of one seed share their recognition networks, as far as these are trained alike.
    """
    base = tomllib.loads(suite.base.read_text())
    settings = merged(merged(base, suite.common), suite.runs[run])
    folder = suite.output.resolve()
    places = {
        "output": str(folder / _digest(settings) / f"seed{seed}"),
        "unimodal_state": str(folder / "unimodal" / f"seed{seed}"),
        "seed": seed,
        "tensorboard": False,
    }
    return config_from({**settings, **places}, suite.base.parent)


def merged(settings: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`settings` with `changes`, table by table; a value that is no table is replaced."""
    result = dict(settings)
    for key, value in changes.items():
        known = result.get(key)
        if isinstance(known, Mapping) and isinstance(value, Mapping):
            value = merged(known, value)
        result[key] = value
    return result


def _digest(settings: Mapping[str, Any]) -> str:
    told = {key: value for key, value in settings.items() if key not in _NO_DIFFERENCE}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:10]
