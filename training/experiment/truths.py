"""Of models trained on a generated data set: do they select what carries the label?

python -m training.experiment.truths FOLDER CHECKPOINT...
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from model.inference.loading import load_classifier
from training.experiment.results import FOLDER, write_results
from training.synth.evaluation import evaluate_selections
from training.synth.generate import SETTINGS_FILE
from training.synth.settings import SynthSettings

_ABOUT = (
    "On the test clips of a data set of which the truth is known: the share of the segments that"
    " carry the label in a modality in which that is selected, the share of the others in which it"
    " is not, and the mean of the two. Never informative: {never}."
)


def measure(folder: Path, checkpoints: Sequence[Path]) -> dict[str, Any]:
    """Of every checkpoint, named by its folder, what `training.synth.evaluation` finds."""
    settings = SynthSettings.model_validate_json((folder / SETTINGS_FILE).read_text())
    verdicts = {
        path.parent.name: evaluate_selections(load_classifier(path), folder, "test").as_dict()
        for path in checkpoints
    }
    about = _ABOUT.format(never=", ".join(settings.never) or "none")
    return {"title": "Decisions where the truth is known", "about": about, "verdicts": verdicts}


if __name__ == "__main__":
    data, *models = (Path(argument) for argument in sys.argv[1:])
    write_results(FOLDER, "synth", measure(data, models))
