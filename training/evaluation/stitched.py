"""How right a long video is labelled, by where the policy's windows begin: on stitched clips.

python -m training.evaluation.stitched MANIFEST BUNDLE RESULT.json [SECONDS] [VIDEOS]
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from model.common.deadline import Deadline
from model.common.stopwatch import Stopwatch
from model.files.atomic_file import write_atomically
from model.inference.classification import Classification, ClassifyOptions
from model.inference.loading import load_runtime
from model.inference.options import resolve
from model.inference.streaming.segments import StreamRequest, stream_segments
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.runtime.base import Runtime
from training.data.sources.manifest import read_manifest
from training.evaluation.stitching import Scene, stitch

logger = logging.getLogger(__name__)

EVERY_SECONDS = 1.0
ENDLESS_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Rule:
    """Where windows begin: after `window_seconds`, and at cuts or not. Where they never do, labels
    are those of the segments."""

    window_seconds: float
    has_cuts: bool

    @property
    def carries_on(self) -> bool:
        return self.window_seconds == ENDLESS_SECONDS and not self.has_cuts


RULES: Mapping[str, Rule] = {
    "state carried on": Rule(ENDLESS_SECONDS, has_cuts=False),
    "windows of 3 s": Rule(3.0, has_cuts=False),
    "windows of 5 s": Rule(5.0, has_cuts=False),
    "windows of 10 s": Rule(10.0, has_cuts=False),
    "windows of 5 s, begun at cuts": Rule(5.0, has_cuts=True),
    "windows of 10 s, begun at cuts": Rule(10.0, has_cuts=True),
    "windows begun at cuts alone": Rule(ENDLESS_SECONDS, has_cuts=True),
}


def measure(
    runtime: Runtime, path: Path, scenes: Sequence[Scene], rule: Rule
) -> tuple[float, float]:
    """The share of the time that has the right label, and 1e9 multiply-adds a second."""
    options = ClassifyOptions(every_seconds=EVERY_SECONDS, window_seconds=rule.window_seconds)
    request = StreamRequest(
        path, resolve(options, runtime.spec), DecodeLimits(), Deadline(ENDLESS_SECONDS)
    )
    if not rule.has_cuts:
        request = replace(request, begins_scene=lambda video: False)
    *_, answer = stream_segments(runtime, request, Stopwatch())
    if not isinstance(answer, Classification):
        raise AssertionError
    seconds = answer.video.duration_seconds
    right = sum(
        max(0.0, min(end, scene.end_seconds) - max(start, scene.start_seconds))
        for start, end, label in _labelled(answer, rule)
        for scene in scenes
        if scene.label == label
    )
    return right / seconds, answer.compute.macs / 1e9 / seconds


def _labelled(answer: Classification, rule: Rule) -> list[tuple[float, float, str | None]]:
    if not rule.carries_on:
        return [(e.start_seconds, e.end_seconds, e.label) for e in answer.timeline]
    return [
        (one.index * EVERY_SECONDS, (one.index + 1) * EVERY_SECONDS, one.predictions[0].label)
        for one in answer.segments
        if one.predictions
    ]


def main(manifest: Path, bundle: Path, result: Path, seconds: float, num_videos: int) -> None:
    """Writes the means over so many stitched videos of validation clips."""
    samples = read_manifest(manifest).split("val")
    runtime = load_runtime(bundle)
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in RULES}
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(num_videos):
            path = Path(folder) / f"{seed}.mp4"
            generator = np.random.default_rng(seed)
            scenes = stitch(samples, path, seconds=seconds, generator=generator)
            for name, rule in RULES.items():
                measured[name].append(measure(runtime, path, scenes, rule))
                logger.info("%s: %s", name, measured[name][-1])
    rows = {
        name: {"right": [a for a, _ in both], "gflops_a_second": [b for _, b in both]}
        for name, both in measured.items()
    }
    document = {
        "manifest": manifest.parent.name,
        "model": runtime.version,
        "seconds": seconds,
        "videos": num_videos,
        "rules": rows,
    }
    text = json.dumps(document, indent=2) + "\n"
    write_atomically(result, lambda file: file.write_text(text))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    _manifest, _bundle, _result = (Path(argument) for argument in sys.argv[1:4])
    _given = dict(enumerate(sys.argv[4:]))
    main(_manifest, _bundle, _result, float(_given.get(0, 300)), int(_given.get(1, 3)))
