"""The timeline: which label a video shows when, without gaps, neighbours of one label joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from model.inference.classification import Prediction, SegmentResult, TimelineEntry


@dataclass(frozen=True, slots=True)
class Stretch:
    """[start_seconds, end_seconds) with what is most likely there; None: nothing is known."""

    start_seconds: float
    end_seconds: float
    best: Prediction | None


def timeline(
    stretches: Sequence[Stretch], duration_seconds: float, *, min_score: float
) -> tuple[TimelineEntry, ...]:
    """Entries from 0 to the video's end. Where the best score is below `min_score` the label is
    unknown; a joined entry's score is the mean over its time.

    >>> run, sit = Prediction("run", 0, 0.9), Prediction("sit", 1, 0.6)
    >>> parts = [Stretch(0, 1, run), Stretch(1, 2, run), Stretch(2, 3, sit)]
    >>> [(e.start_seconds, e.end_seconds, e.label) for e in timeline(parts, 2.9, min_score=0.7)]
    [(0.0, 2, 'run'), (2, 2.9, None)]
    """
    # Of a video that lasts no time the first stretch is all there is.
    inside = [one for one in stretches if one.start_seconds < duration_seconds] or stretches[:1]
    parts = [list(part) for _, part in groupby(inside, lambda one: _key(one, min_score))]
    starts = [0.0, *(part[0].start_seconds for part in parts[1:])]
    ends = [*starts[1:], duration_seconds]
    return tuple(
        _entry(part, start, end, min_score)
        for part, start, end in zip(parts, starts, ends, strict=True)
    )


def timeline_of_clip(
    segments: Sequence[SegmentResult],
    best: Prediction,
    duration_seconds: float,
    *,
    min_score: float,
    window_seconds: float,
) -> tuple[TimelineEntry, ...]:
    """Of a video judged as a whole: a clip no longer than a window has one label; of a longer one
    each segment tells of the time that is nearer to its middle than to another's."""
    if duration_seconds <= window_seconds or len(segments) == 1:
        stretches = [Stretch(0.0, duration_seconds, best)]
    else:
        middles = [(one.start_seconds + one.end_seconds) / 2 for one in segments]
        halfway = [(a + b) / 2 for a, b in pairwise(middles)]
        bounds = [0.0, *halfway, duration_seconds]
        stretches = [
            Stretch(start, end, one.predictions[0])
            for one, (start, end) in zip(segments, pairwise(bounds), strict=True)
        ]
    return timeline(stretches, duration_seconds, min_score=min_score)


def _key(stretch: Stretch, min_score: float) -> int | None:
    known = stretch.best is not None and stretch.best.score >= min_score
    return stretch.best.index if stretch.best and known else None


def _entry(
    part: Sequence[Stretch], start_seconds: float, end_seconds: float, min_score: float
) -> TimelineEntry:
    lengths = [one.end_seconds - one.start_seconds for one in part]
    scores = [one.best.score if one.best else 0.0 for one in part]
    total = sum(lengths)
    weighted = sum(length * score for length, score in zip(lengths, scores, strict=True))
    mean = weighted / total if total > 0 else scores[0]
    best = part[0].best if _key(part[0], min_score) is not None else None
    label, index = (best.label, best.index) if best else (None, None)
    return TimelineEntry(round(start_seconds, 6), round(end_seconds, 6), label, index, mean)
