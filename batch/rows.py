"""Rows: one a video, made from its answer or from what was wrong with it.

A new part of the answer, when the classifier has one, becomes a key here and a column in
`formats`.
"""

from __future__ import annotations

from typing import Any

from model.common.errors import ClassificationError
from model.inference.classification import (
    Classification,
    Compute,
    Prediction,
    SegmentResult,
    TimelineEntry,
)

MACS_PER_GFLOP = 1e9
# Problems that are no ClassificationError's; those have codes of their own.
UNREADABLE = "unreadable"
WORKER_DIED = "worker_died"
INTERNAL_ERROR = "internal_error"

Row = dict[str, Any]


def answer_row(path: str, answer: Classification, *, model: str) -> Row:
    """`model`: its version. What the service's answer has too is called the same."""
    best = answer.predictions[0]
    return {
        "path": path,  # The first key: `parts` reads no further to learn what is done.
        "label": best.label,
        "score": best.score,
        "predictions": [_prediction(one) for one in answer.predictions],
        "timeline": [_timeline(entry) for entry in answer.timeline],
        "segments": [_segment(segment) for segment in answer.segments],
        **_compute(answer.compute),
        "duration_seconds": answer.video.duration_seconds,
        "threshold": answer.threshold,
        "model": model,
        "warnings": [{"code": one.code, "detail": one.detail} for one in answer.warnings],
        "problem_code": None,
        "problem_detail": None,
    }


def problem_row(path: str, code: str, detail: str, *, model: str) -> Row:
    """Of a video that has no answer; the other columns are left out."""
    # Messages quote names of files, which need not be UTF-8.
    words = detail.encode("utf-8", "backslashreplace").decode()
    return {"path": path, "model": model, "problem_code": code, "problem_detail": words}


def problem_code(error: Exception) -> str:
    if isinstance(error, ClassificationError):
        return error.code
    return UNREADABLE if isinstance(error, (OSError, UnicodeError)) else INTERNAL_ERROR


def _prediction(prediction: Prediction) -> Row:
    return {"label": prediction.label, "index": prediction.index, "score": prediction.score}


def _timeline(entry: TimelineEntry) -> Row:
    return {
        "start_seconds": entry.start_seconds,
        "end_seconds": entry.end_seconds,
        "label": entry.label,
        "index": entry.index,
        "score": entry.score,
    }


def _segment(segment: SegmentResult) -> Row:
    reason = {} if segment.reason is None else {"reason": segment.reason}
    return {
        "index": segment.index,
        "start_seconds": segment.start_seconds,
        "end_seconds": segment.end_seconds,
        "gflops": segment.macs / MACS_PER_GFLOP,
        "modalities": {
            name: {"decision": one.decision, "probability": one.probability}
            for name, one in segment.modalities.items()
        },
        "predictions": [_prediction(one) for one in segment.predictions],
        **reason,
    }


def _compute(compute: Compute) -> Row:
    return {
        "gflops": compute.macs / MACS_PER_GFLOP,
        "gflops_dense": compute.macs_dense / MACS_PER_GFLOP,
        "gflops_saved_ratio": compute.saved_ratio,
        "gflops_by_component": {
            name: macs / MACS_PER_GFLOP for name, macs in compute.macs_by_component.items()
        },
        "flow_pairs_computed": compute.flow_pairs_computed,
        "flow_pairs_avoided": compute.flow_pairs_avoided,
        "seconds_by_stage": {
            stage: round(seconds, 6) for stage, seconds in compute.seconds_by_stage.items()
        },
    }
