"""adamml flops: what a model computes, without computing it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from cli.cost_report import report_json, report_text
from cli.spec_argument import resolve_spec
from model.spec.cost_table import CostTable
from model.spec.model_spec import ModelSpec

_FALLBACK = "rgb-audio-flow"


def flops(
    spec: Annotated[
        str | None,
        typer.Argument(help="A ready-made spec's name, a bundle, a checkpoint or a spec.json."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Exact integers as JSON.")] = False,
) -> None:
    """Print a model's multiply-adds by component and kind of layer; the bundled one by default."""
    described = resolve_spec(spec or default_spec())
    costs = described.costs or _count(described)
    if as_json:
        typer.echo(json.dumps(report_json(described, costs), indent=2))
    else:
        typer.echo(report_text(described, costs))


def default_spec() -> str:
    """The bundled model, or the paper's largest where none is installed."""
    from model.inference.loading import BUNDLED_MODEL

    return str(BUNDLED_MODEL) if Path(BUNDLED_MODEL).is_file() else _FALLBACK


def _count(spec: ModelSpec) -> CostTable:
    """Needs torch; specs that come with weights carry their costs."""
    from model.networks.cost import count_costs

    return count_costs(spec)
