"""Measuring a model as it is served: its own inputs, runtime and decisions, no sampling."""

# Dimensions: S segments, M modalities, K classes.

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from model.common.cores import num_cores
from model.common.errors import ClassificationError
from model.inference.decisions import (
    BoolArray,
    Choices,
    FloatArray,
    choose,
    fusion_inputs,
    keep_probabilities,
)
from model.runtime.base import Array, Runtime
from training.data.clip import Clip
from training.data.sources.manifest import Sample
from training.data.views import View, open_view
from training.evaluation.primary_metric import hits_among, hits_of, primary_metric

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outputs:
    """Everything that every network says of one video; any decisions can be tried on it."""

    probabilities: FloatArray  # (S, M) p(keep)
    available: BoolArray  # (S, M)
    logits: Array  # (S, M, K), zero where unavailable
    exit_logits: Array | None  # (S, K)
    labels: tuple[int, ...]
    group: str  # the video's source


@dataclass(frozen=True, slots=True)
class Score:
    """Mean GFLOPs a video and selection rate by modality (of all segments).

    `accuracy` is top-1, or mean average precision where videos have several labels. `top5`: share
    of the videos one of whose five likeliest labels is right. `hits`: by video, how often its
    likeliest label is right, and `groups` its source; the same videos in the same order in all rows
    of a report.
    """

    accuracy: float
    top5: float
    gflops: float
    selection: dict[str, float]
    hits: tuple[float, ...] = ()
    groups: tuple[str, ...] | None = None

    def as_dict(self) -> dict[str, object]:
        """The figures, without those of single videos."""
        return {
            "accuracy": self.accuracy,
            "top5": self.top5,
            "gflops": self.gflops,
            "selection": self.selection,
        }


def compute_outputs(
    runtime: Runtime,
    samples: Sequence[Sample],
    *,
    segments: int | None = None,
    workers: int | None = None,
) -> list[Outputs]:
    """Run every network on every video; a file that cannot be read is reported and left out.

    `segments` None: as many as are served by default; `workers` None: one a core.

    Raises:
        ValueError: a video has a label that the model does not know.
    """
    segments = segments or runtime.spec.default_segments
    labels = [_label_indices(runtime, sample) for sample in samples]

    def outputs_or_none(sample: Sample, labels: tuple[int, ...]) -> Outputs | None:
        try:
            return _outputs(runtime, sample, labels, segments)
        except (ClassificationError, OSError) as error:
            logger.warning("%s is left out: %s", sample.path, error)
            return None

    with ThreadPoolExecutor(workers or num_cores()) as pool:
        results = tqdm(
            pool.map(outputs_or_none, samples, labels),
            total=len(samples),
            desc=f"evaluate {segments} segments",
            disable=None,
        )
        return [result for result in results if result is not None]


def _label_indices(runtime: Runtime, sample: Sample) -> tuple[int, ...]:
    known = runtime.spec.labels
    unknown = set(sample.labels) - set(known)
    if unknown:
        raise ValueError(
            f"{sample.path}: {sorted(unknown)} are no labels of {runtime.spec.name}, which has"
            f" {list(known)}"
        )
    return tuple(known.index(label) for label in sample.labels)


def _outputs(runtime: Runtime, sample: Sample, labels: tuple[int, ...], segments: int) -> Outputs:
    spec = runtime.spec
    video = open_view(sample.path, spec, View(segments), Clip.of(sample))
    available = video.available()
    names = spec.modality_names
    features = [runtime.policy_features(name, video.policy_inputs(name)) for name in names]
    logits: Array = np.zeros((*available.shape, len(spec.labels)), dtype=np.float32)
    for column, name in enumerate(names):
        rows = np.flatnonzero(available[:, column])
        if len(rows):
            inputs = video.recognition_inputs(name, rows.tolist())
            logits[rows, column] = runtime.recognize(name, inputs)
    output = runtime.policy_output(features, available)
    probabilities = keep_probabilities(output.logits, spec.policy.returns)
    return Outputs(probabilities, available, logits, output.exit_logits, labels, sample.group)


def score_adaptive(runtime: Runtime, outputs: Iterable[Outputs], threshold: float) -> Score:
    """The policy's decisions at `threshold`, as the classifier takes them; its cost included."""
    costs = runtime.spec.require_costs()
    decided = decide_adaptive(runtime, outputs, threshold)
    return _score(runtime, decided, policy_macs=costs.policy.total)


def decide_adaptive(
    runtime: Runtime, outputs: Iterable[Outputs], threshold: float
) -> list[tuple[Outputs, Choices]]:
    """What the classifier would select of each video at `threshold`."""
    costs = runtime.spec.require_costs()
    macs = [costs.recognition[name].total for name in runtime.spec.modality_names]
    needs_one = not runtime.spec.policy.exits
    decided = []
    for one in outputs:
        selected = choose(
            one.probabilities, one.available, threshold=threshold, macs=macs, needs_one=needs_one
        )
        choices = Choices(selected, one.available, one.probabilities, one.exit_logits)
        decided.append((one, choices))
    return decided


def score_random(
    runtime: Runtime, outputs: Sequence[Outputs], rates: Mapping[str, float], *, draws: int = 10
) -> Score:
    """Each modality kept at random at its rate, all else as in `score_adaptive`; mean of `draws`.

    The comparison of the paper's Table 8: what decisions are worth beyond how many they are.
    """
    costs = runtime.spec.require_costs()
    wanted = np.array([rates[name] for name in runtime.spec.modality_names])
    scores = []
    for draw in range(draws):
        generator = np.random.default_rng(draw)
        decided = []
        for one in outputs:
            # Rates are shares of all segments, and what is unavailable cannot be kept.
            share = wanted / np.maximum(_availability(outputs), 1e-9)
            selected = one.available & (generator.random(one.available.shape) < share)
            choices = Choices(selected, one.available, one.probabilities, one.exit_logits)
            decided.append((one, choices))
        scores.append(_score(runtime, decided, policy_macs=costs.policy.total))
    return Score(
        accuracy=float(np.mean([score.accuracy for score in scores])),
        top5=float(np.mean([score.top5 for score in scores])),
        gflops=float(np.mean([score.gflops for score in scores])),
        selection={n: float(np.mean([s.selection[n] for s in scores])) for n in rates},
        hits=tuple(np.mean([score.hits for score in scores], axis=0).tolist()),
        groups=scores[0].groups,
    )


def _availability(outputs: Sequence[Outputs]) -> FloatArray:
    """(M,) shares of all segments."""
    return np.asarray(np.mean([one.available.mean(axis=0) for one in outputs], axis=0))


def score_fixed(runtime: Runtime, outputs: Iterable[Outputs], names: Iterable[str]) -> Score:
    """Always these modalities, where available, and no policy."""
    wanted = np.isin(np.array(runtime.spec.modality_names), list(names))
    decided = [(one, Choices(one.available & wanted, one.available, None)) for one in outputs]
    return _score(runtime, decided, policy_macs=0)


def _score(
    runtime: Runtime, decided: Sequence[tuple[Outputs, Choices]], *, policy_macs: int
) -> Score:
    spec, costs = runtime.spec, runtime.spec.require_costs()
    macs = np.array([costs.recognition[name].total for name in spec.modality_names])
    logits = np.stack([video_logits(runtime, one, choices) for one, choices in decided])
    labels = [one.labels for one, _ in decided]
    selections = [choices.selected for _, choices in decided]
    spent = [(selected * macs).sum() + policy_macs * len(selected) for selected in selections]
    rates = np.mean([selected.mean(axis=0) for selected in selections], axis=0)
    return Score(
        accuracy=primary_metric(logits, labels),
        top5=hits_among(logits, labels, 5),
        gflops=float(np.mean(spent)) / 1e9,
        selection=dict(zip(spec.modality_names, rates.tolist(), strict=True)),
        hits=tuple(hits_of(logits, labels, 1).tolist()),
        groups=tuple(one.group for one, _ in decided),
    )


def video_logits(runtime: Runtime, one: Outputs, choices: Choices) -> Array:
    """(K,) of the video, of what the choices selected."""
    logits, kept = fusion_inputs(runtime.spec, choices)
    logits[:, : choices.selected.shape[1]][choices.selected] = one.logits[choices.selected]
    return runtime.fuse(logits, kept).video
