"""Of models trained on a generated data set: do they select what carries the label?

python -m training.experiment.truths FOLDER CHECKPOINT...
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from model.loading import load_classifier
from training.experiment.costs import FOLDER
from training.synth.generate import SETTINGS_FILE
from training.synth.judge import judge
from training.synth.settings import SynthSettings

_ABOUT = (
    "On the test clips of a data set of which the truth is known: the share of the segments that"
    " carry the label in a modality in which that is selected, the share of the others in which it"
    " is not, and the mean of the two. Never informative: {never}."
)
_HEAD = ("model", "top-1", "modality", "selected where informative", "dropped elsewhere", "mean")


def measure(folder: Path, checkpoints: Sequence[Path]) -> dict[str, Any]:
    """Of every checkpoint, named by its folder, what `training.synth.judge` finds."""
    settings = SynthSettings.model_validate_json((folder / SETTINGS_FILE).read_text())
    verdicts = {
        path.parent.name: judge(load_classifier(path), folder, "test").as_dict()
        for path in checkpoints
    }
    about = _ABOUT.format(never=", ".join(settings.never) or "none")
    return {"title": "Decisions where the truth is known", "about": about, "verdicts": verdicts}


def as_table(measured: Mapping[str, Any]) -> str:
    """Markdown: a row for each model and modality."""
    lines = [_HEAD, tuple("---" for _ in _HEAD)]
    for model, verdict in measured["verdicts"].items():
        lines += [
            (model, _percent(verdict["accuracy"]), modality, *_cells(agreement))
            for modality, agreement in verdict["agreement"].items()
        ]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cells(agreement: Mapping[str, float | None]) -> tuple[str, ...]:
    names = ("recall", "specificity", "balanced_accuracy")
    return tuple(_percent(agreement[name]) for name in names)


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f} %"


if __name__ == "__main__":
    from training.experiment.results import write_results

    data, *models = (Path(argument) for argument in sys.argv[1:])
    write_results(FOLDER, "synth", measure(data, models))
