"""What a model selects in a generated data set, beside what it should."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from model.common.errors import ClassificationError
from model.inference.classification import Classification, ClassifyOptions
from model.inference.classifier import Classifier
from model.spec.model_spec import Modality
from training.data.sources.manifest import Sample, Split, read_manifest
from training.run.progress import in_parallel
from training.synth.generate import MANIFEST_FILE, TRUTH_FILE
from training.synth.selection import Agreement, selection_agreement
from training.synth.truth import ClipTruth, read_truth, segment_truth

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SelectionReport:
    """Of one split: top-1 accuracy, and how selections agree with the truth, by modality."""

    num_videos: int
    num_segments: int
    accuracy: float
    agreement: Mapping[Modality, Agreement]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {
            "agreement": {
                name: asdict(one) | {"balanced_accuracy": one.balanced_accuracy}
                for name, one in self.agreement.items()
            }
        }

    def as_table(self) -> str:
        lines = [
            f"{self.num_videos} videos of {self.num_segments} segments,"
            f" top-1 accuracy {100 * self.accuracy:.1f} %",
            "",
            f"{'':10}{'selected where informative':>28}{'dropped elsewhere':>20}{'balanced':>10}",
        ]
        for name, one in self.agreement.items():
            shares = [one.recall, one.specificity, one.balanced_accuracy]
            first, second, both = ("-" if s is None else f"{100 * s:.1f} %" for s in shares)
            lines.append(f"{name:10}{first:>28}{second:>20}{both:>10}")
        return "\n".join(lines)


def evaluate_selections(
    classifier: Classifier,
    folder: Path,
    split: Split,
    options: ClassifyOptions | None = None,
    *,
    workers: int = 1,
) -> SelectionReport:
    """Classify the clips of `split` as they would be served. Unreadable ones are left out.

    With as many segments as the clips have slots (five by default), the segments are the slots.

    Raises:
        ValueError: the split has no clip that can be read, or the truth is not of this data set.
    """
    truths = read_truth(folder / TRUTH_FILE)
    samples = read_manifest(folder / MANIFEST_FILE, for_training=False).split(split)

    def answer(sample: Sample) -> Classification | None:
        try:
            return classifier.classify(sample.path, options)
        except (ClassificationError, OSError) as error:
            logger.warning("%s is left out: %s", sample.path, error)
            return None

    answers = in_parallel(answer, samples, workers=workers, desc="classify", unit="clip")
    pairs = [
        (answer, _truth_of(sample, folder, truths))
        for sample, answer in zip(samples, answers, strict=True)
        if answer
    ]
    if not pairs:
        raise ValueError(f"{folder}: no clip of {split} could be classified")
    return _report(pairs, classifier.spec.modality_names)


def _truth_of(sample: Sample, folder: Path, truths: Mapping[str, ClipTruth]) -> ClipTruth:
    name = sample.path.relative_to(folder).as_posix()
    if name not in truths:
        raise ValueError(f"{folder / TRUTH_FILE} does not tell of {name}")
    return truths[name]


def _report(
    pairs: list[tuple[Classification, ClipTruth]], names: tuple[Modality, ...]
) -> SelectionReport:
    selected: list[set[Modality]] = []
    informative: list[set[Modality]] = []
    for answer, truth in pairs:
        for segment in answer.segments:
            decisions = segment.modalities.items()
            selected.append({name for name, one in decisions if one.decision == "selected"})
            informative.append(segment_truth(truth, segment.start_seconds, segment.end_seconds))
    right = [answer.predictions[0].label == truth.label for answer, truth in pairs]
    return SelectionReport(
        num_videos=len(pairs),
        num_segments=len(selected),
        accuracy=sum(right) / len(right),
        agreement=selection_agreement(names, selected, informative),
    )
