"""Views of a video: what serving sees, and augmented draws for training."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from model.common.deadline import Deadline
from model.inputs.arrays import Crop, FrameArrays
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.sandbox import Deadlines
from model.inputs.open_video import open_video
from model.inputs.placement.sampling import NetworksInUse
from model.inputs.placement.segments import Plan, jittered_starts, uniform_starts
from model.inputs.probing.probe import probe
from model.inputs.probing.video_info import VideoInfo
from model.inputs.video_decoder import Planner, VideoDecoder
from model.inputs.video_inputs import VideoInputs
from model.spec.input_spec import InputArray
from model.spec.model_spec import ModelSpec
from training.data.clip import Clip

DECODE_SECONDS = 300.0
DEFAULT_LIMITS = DecodeLimits()
WHOLE = Clip()


@dataclass(frozen=True, slots=True)
class View:
    """`draw` None: the segments and the crop of serving. Otherwise the number of a random draw."""

    segments: int
    draw: int | None = None

    @property
    def name(self) -> str:
        return f"s{self.segments}" if self.draw is None else f"s{self.segments}d{self.draw}"


def stream_names(spec: ModelSpec) -> tuple[str, ...]:
    """The arrays of a view: the policy's and the recogniser's inputs of every modality."""
    return tuple(
        f"{role}.{name}" for role in ("policy", "recognizer") for name in spec.modality_names
    )


def extract(
    path: Path,
    spec: ModelSpec,
    view: View,
    clip: Clip = WHOLE,
    *,
    limits: DecodeLimits = DEFAULT_LIMITS,
) -> dict[str, InputArray]:
    """One view: each stream (S, ...), and `available` (S, M).

    A draw jitters the segments' starts, each within its share of the video, and takes one crop
    and one flip for the whole video, shared by RGB, differences and flow so that they agree. It
    depends on the file's name, the part and the draw's number alone.

    Raises:
        VideoError: the file cannot be used.
    """
    return arrays_of(open_view(path, spec, view, clip, limits=limits))


def extract_all(
    path: Path,
    spec: ModelSpec,
    views: Sequence[View],
    clip: Clip = WHOLE,
    *,
    limits: DecodeLimits = DEFAULT_LIMITS,
) -> Iterator[tuple[View, dict[str, InputArray]]]:
    """What `extract` gives for each of `views`, from one pass over the frames; the flow of a pair
    that several views see is computed once. Raises as `extract`.

    Sound is decoded for each: how it is resampled depends on where decoding begins.
    """
    deadlines = Deadlines.start(Deadline(DECODE_SECONDS), limits)
    networks = NetworksInUse.all_of(spec)
    info = probe(path, limits=limits, deadlines=deadlines)
    decoder = VideoDecoder(path, info, networks, limits, deadlines, Crop())
    planners = [_planner(path, spec, view, clip) for view in views]
    together = decoder.frames(lambda info: _joined([planner(info) for planner in planners]))
    if together.warnings:
        # What is shown for a frame that is missing depends on which others were asked for.
        yield from ((view, extract(path, spec, view, clip, limits=limits)) for view in views)
        return
    shared = FrameArrays.of(spec.inputs, together.frames, Crop())
    for view, planner in zip(views, planners, strict=True):
        plan = planner(together.info)
        arrays = replace(shared, crop=_crop(path, view, clip))
        sound = decoder.hear(together.info, plan)
        yield view, arrays_of(VideoInputs(spec, together.info, plan, arrays, sound, ()))


def arrays_of(video: VideoInputs) -> dict[str, InputArray]:
    """Each stream (S, ...), and `available` (S, M)."""
    rows = range(len(video.segments))
    arrays: dict[str, InputArray] = {"available": video.available().astype(np.uint8)}
    for name in video.spec.modality_names:
        arrays[f"policy.{name}"] = video.policy_inputs(name)
        arrays[f"recognizer.{name}"] = video.recognition_inputs(name, rows)
    return arrays


def open_view(
    path: Path,
    spec: ModelSpec,
    view: View,
    clip: Clip = WHOLE,
    *,
    limits: DecodeLimits = DEFAULT_LIMITS,
) -> VideoInputs:
    """The inputs of a view, computed as they are asked for. Raises what `open_video` raises."""
    return open_video(
        path,
        spec,
        _planner(path, spec, view, clip),
        limits=limits,
        deadline=Deadline(DECODE_SECONDS),
        crop=_crop(path, view, clip),
    )


def _planner(path: Path, spec: ModelSpec, view: View, clip: Clip) -> Planner:
    seed = _seed(path, view, clip)

    def starts(info: VideoInfo) -> tuple[float, ...]:
        if seed is None:
            return uniform_starts(info, spec.inputs, view.segments)
        # A generator of its own: planning twice, for a truncated file, must give the same.
        generator = np.random.default_rng([*seed, 1])
        return jittered_starts(info, spec.inputs, view.segments, generator)

    return lambda info: clip.plan(info, spec.inputs, starts)


def _joined(plans: Sequence[Plan]) -> Plan:
    """All of their segments, on the grid and in the bounds that they share."""
    segments = [segment for plan in plans for segment in plan.segments]
    numbered = (replace(one, index=index) for index, one in enumerate(segments))
    return replace(plans[0], segments=tuple(numbered))


def _seed(path: Path, view: View, clip: Clip) -> list[int] | None:
    if view.draw is None:
        return None
    # The words of an earlier class, so that cached views and new draws stay the same.
    bounds = f"Part(start_seconds={clip.start_seconds!r}, end_seconds={clip.end_seconds!r})"
    name = path.name if clip == WHOLE else f"{path.name} {bounds}"
    return [zlib.crc32(name.encode()), view.draw]


def _crop(path: Path, view: View, clip: Clip) -> Crop:
    """The centre, or what the draw takes."""
    seed = _seed(path, view, clip)
    if seed is None:
        return Crop()
    generator = np.random.default_rng(seed)
    return Crop(
        top=generator.random(), left=generator.random(), mirrored=bool(generator.random() < 0.5)
    )
