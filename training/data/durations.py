"""How long training clips are: a model is to judge a long video in stretches of that length."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from model.common.deadline import Deadline
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.sandbox import Deadlines
from model.inputs.probing.probe import probe
from training.data.sources.sample import Sample

DEFAULT_LIMITS = DecodeLimits()
# As many are looked at, evenly among all; each takes about 10 ms.
MAX_CLIPS = 200


def clip_seconds(samples: Sequence[Sample], limits: DecodeLimits = DEFAULT_LIMITS) -> float:
    """The median, of samples that have been decoded already. Raises ValueError where there are
    none."""
    if not samples:
        raise ValueError("there are no training clips whose length could be told")
    chosen = np.linspace(0, len(samples) - 1, min(len(samples), MAX_CLIPS)).round().astype(int)
    lengths = [_seconds(samples[number], limits) for number in chosen]
    return round(float(np.median(lengths)), 3)


def _seconds(sample: Sample, limits: DecodeLimits) -> float:
    deadlines = Deadlines.start(Deadline(limits.wall_seconds), limits)
    whole = probe(sample.path, limits=limits, deadlines=deadlines).duration_seconds
    end = whole if sample.end_seconds is None else min(sample.end_seconds, whole)
    return end - (sample.start_seconds or 0.0)
