"""Putting the answer together: scores, decisions, and the compute that was spent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.common.errors import AnswerWarning
from model.inference.classification import (
    Classification,
    Compute,
    Decision,
    ModalityDecision,
    Prediction,
    SegmentResult,
)
from model.inference.decisions import Choices
from model.inference.options import ResolvedOptions
from model.inference.timeline import timeline_of_clip
from model.inputs.video_inputs import VideoInputs
from model.runtime.base import Array, FusedLogits
from model.spec.model_spec import ModelSpec


def assemble(
    spec: ModelSpec,
    options: ResolvedOptions,
    video: VideoInputs,
    choices: Choices,
    fused: FusedLogits,
    seconds_by_stage: dict[str, float],
) -> Classification:
    """The Classification of one video, from what was decided, computed and timed."""
    segments = _segments(spec, options, video, choices, fused)
    return Classification(
        video=video.info,
        predictions=top_predictions(fused.video, spec.labels, options.top_k),
        segments=segments,
        compute=_compute(spec, options, video, choices, seconds_by_stage),
        policy=options.policy,
        threshold=options.threshold,
        max_gflops=options.max_gflops,
        budget=options.budget,
        warnings=(*video.warnings, *(() if choices.has_evidence else (empty_warning(),))),
        timeline=timeline_of_clip(
            segments,
            top_predictions(fused.video, spec.labels, 1)[0],
            video.info.duration_seconds,
            min_score=options.min_score,
            window_seconds=options.window_seconds,
        ),
    )


def top_predictions(logits: Array, labels: tuple[str, ...], top_k: int) -> tuple[Prediction, ...]:
    """(K,) logits -> the `top_k` labels by softmax score; ties go to the lower index."""
    return top_scores(softmax(logits), labels, top_k)


def softmax(logits: Array) -> NDArray[np.float64]:
    exponentials = np.exp(logits.astype(np.float64) - logits.max())
    return np.asarray(exponentials / exponentials.sum())


def top_scores(
    scores: NDArray[np.float64], labels: tuple[str, ...], top_k: int
) -> tuple[Prediction, ...]:
    """The `top_k` labels of (K,) scores; ties go to the lower index."""
    order = np.argsort(-scores, kind="stable")[:top_k]
    return tuple(
        Prediction(label=labels[index], index=index, score=float(scores[index]))
        for index in order.tolist()
    )


def _segments(
    spec: ModelSpec,
    options: ResolvedOptions,
    video: VideoInputs,
    choices: Choices,
    fused: FusedLogits,
) -> tuple[SegmentResult, ...]:
    costs = spec.require_costs()
    macs = np.array([costs.recognition[name].total for name in spec.modality_names])
    policy_macs = costs.policy.total if choices.ran_policy else 0
    return tuple(
        SegmentResult(
            index=row,
            start_seconds=segment.start_seconds,
            end_seconds=segment.end_seconds,
            macs=policy_macs + int(macs[choices.selected[row]].sum()),
            modalities={
                name: decision(choices, row, column)
                for column, name in enumerate(spec.modality_names)
            },
            predictions=top_predictions(fused.segments[row], spec.labels, options.top_k),
        )
        for row, segment in enumerate(video.segments)
    )


def decision(choices: Choices, row: int, column: int) -> ModalityDecision:
    if not choices.available[row, column]:
        return ModalityDecision("unavailable", None)
    chosen: Decision = "selected" if choices.selected[row, column] else "skipped"
    if choices.probabilities is None:
        return ModalityDecision(chosen, None)
    return ModalityDecision(chosen, float(choices.probabilities[row, column]))


def _compute(
    spec: ModelSpec,
    options: ResolvedOptions,
    video: VideoInputs,
    choices: Choices,
    seconds_by_stage: dict[str, float],
) -> Compute:
    costs = spec.require_costs()
    macs = {name: costs.recognition[name].total for name in spec.modality_names}
    spent = {"policy": costs.policy.total * options.segments if choices.ran_policy else 0}
    dense = 0
    for column, name in enumerate(spec.modality_names):
        spent[name] = macs[name] * int(choices.selected[:, column].sum())
        dense += macs[name] * int(choices.available[:, column].sum())
    return Compute(
        macs_by_component=spent,
        macs_dense=dense,
        flow_pairs_computed=video.flow_pairs_computed,
        flow_pairs_avoided=video.flow_pairs_total - video.flow_pairs_computed,
        seconds_by_stage=seconds_by_stage,
    )


def empty_warning() -> AnswerWarning:
    """Of a video for which nothing was computed."""
    detail = "nothing could be selected within what was allowed; all labels score alike"
    return AnswerWarning("nothing_selected", detail)
