"""What is drawn of an evaluation: for each video its label, its scores, and what was selected."""

# Dimensions: V videos, S segments, M modalities, K classes.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.inference.answer import softmax
from model.runtime.base import Runtime
from training.evaluation.evaluate import Outputs, decide_adaptive, video_logits

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Served:
    """Videos of one label each; `selection` is a video's share of segments with a modality."""

    labels: tuple[str, ...]  # K
    modalities: tuple[str, ...]  # M
    truths: NDArray[np.int64]  # (V,)
    scores: FloatArray  # (V, K)
    selection: FloatArray  # (V, M)

    @property
    def predicted(self) -> NDArray[np.int64]:
        return np.asarray(self.scores.argmax(axis=1))


def served_outputs(runtime: Runtime, outputs: Sequence[Outputs], threshold: float) -> Served:
    """As serving decides at `threshold`.

    Raises:
        ValueError: no video has exactly one label.
    """
    single = [one for one in outputs if len(one.labels) == 1]
    if not single:
        raise ValueError("no video has exactly one label; --figures needs such videos")
    decided = decide_adaptive(runtime, single, threshold)
    return Served(
        labels=runtime.spec.labels,
        modalities=tuple(runtime.spec.modality_names),
        truths=np.array([one.labels[0] for one in single]),
        scores=np.stack([softmax(video_logits(runtime, one, how)) for one, how in decided]),
        selection=np.stack([how.selected.mean(axis=0) for _, how in decided]),
    )
