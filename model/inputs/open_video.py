"""open_video: probing, planning and decoding a file, sound beside frames."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from model.common.deadline import Deadline
from model.common.errors import AnswerWarning
from model.inputs.arrays import Crop, FrameArrays
from model.inputs.early_inputs import EarlyInputs, OnEarly
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.sandbox import Deadlines
from model.inputs.frames.segment_frames import decode_segment_frames
from model.inputs.placement.segments import Plan, plan_segments
from model.inputs.probing.probe import SLACK_SECONDS, probe
from model.inputs.probing.video_info import VideoInfo
from model.inputs.sound.audio import Sound, decode_sound
from model.inputs.video_inputs import VideoInputs
from model.spec.model_spec import ModelSpec

Planner = Callable[[VideoInfo], Plan]


def open_video(
    path: Path,
    spec: ModelSpec,
    segments: int | Planner,
    *,
    limits: DecodeLimits,
    deadline: Deadline,
    crop: Crop | None = None,
    on_early: OnEarly | None = None,
) -> VideoInputs:
    """Probe, plan and decode what the networks of `spec` may need; flow is left for later.

    `segments` are placed uniformly, or by a planner; `crop` replaces the centre. `on_early` is
    told, by the threads that decode, of inputs that can be had before all is decoded: a guess, see
    `VideoInputs.shows_policy_the_same`.

    Raises:
        VideoError: the file cannot be used; the subclass says why.
        DeadlineExceededError: the deadline passed or was cancelled.
    """
    deadlines, crop = Deadlines.start(deadline, limits), crop or Crop()
    info = probe(path, limits=limits, deadlines=deadlines)
    plan_for = _planner(segments, spec) if isinstance(segments, int) else segments
    early = EarlyInputs(spec, info, crop, on_early) if on_early else None
    with ThreadPoolExecutor(1) as pool:
        # Sound beside frames: neither needs the other, unless the frames end early.
        sound = pool.submit(_sound, path, info, plan_for(info), spec, limits, deadlines)
        if early:
            sound.add_done_callback(partial(early.heard, plan_for(info)))
        decoded = decode_segment_frames(
            path,
            info,
            spec,
            plan_for,
            limits=limits,
            deadlines=deadlines,
            on_segment=early.seen if early else None,
        )
    heard = sound.result()
    if decoded.info != info:
        heard = _sound(path, decoded.info, decoded.plan, spec, limits, deadlines)
    arrays = FrameArrays.of(spec.inputs, decoded.frames, crop)
    warnings = (*_corrected(info), *decoded.warnings, *heard.warnings)
    return VideoInputs(spec, decoded.info, decoded.plan, arrays, heard, warnings)


def _corrected(info: VideoInfo) -> tuple[AnswerWarning, ...]:
    claimed = info.claimed_seconds
    if claimed is None or info.duration_seconds <= claimed + SLACK_SECONDS:
        return ()
    detail = f"the file says {claimed:.3f} s; it lasts {info.duration_seconds:.3f} s"
    return (AnswerWarning("duration_corrected", detail),)


def _planner(num_segments: int, spec: ModelSpec) -> Planner:
    return lambda info: plan_segments(info, spec.inputs, num_segments)


def _sound(
    path: Path,
    info: VideoInfo,
    plan: Plan,
    spec: ModelSpec,
    limits: DecodeLimits,
    deadlines: Deadlines,
) -> Sound:
    """No sound is decoded, and none is missed, where the model does not listen."""
    if "audio" not in spec.modality_names:
        return Sound.none(plan)
    return decode_sound(path, info, plan, spec.inputs, limits=limits, deadlines=deadlines)
