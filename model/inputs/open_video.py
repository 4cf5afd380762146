"""open_video: probing, planning and decoding a file, sound beside frames."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

from model.common.deadline import Deadline
from model.common.errors import AnswerWarning
from model.inputs.arrays import Crop, FrameArrays
from model.inputs.early_inputs import EarlyInputs, OnEarly
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.sandbox import Deadlines
from model.inputs.frames.segment_frames import decode_segment_frames
from model.inputs.placement.sampling import NetworksInUse
from model.inputs.placement.segments import Plan, plan_segments
from model.inputs.probing.probe import SLACK_SECONDS, probe
from model.inputs.probing.video_info import VideoInfo
from model.inputs.sound.audio import Sound, decode_sound
from model.inputs.video_inputs import VideoInputs
from model.spec.input_spec import InputSpec
from model.spec.model_spec import ModelSpec

Planner = Callable[[VideoInfo], Plan]


def open_video(
    path: Path,
    spec: ModelSpec | NetworksInUse,
    segments: int | Planner,
    *,
    limits: DecodeLimits,
    deadline: Deadline,
    crop: Crop | None = None,
    on_early: OnEarly | None = None,
) -> VideoInputs:
    """Probe, plan and decode what the networks need, all of `spec` or those in use; flow is left
    for later.

    `segments` are placed uniformly, or by a planner; `crop` replaces the centre. `on_early` is
    told, by the threads that decode, of inputs that can be had before all is decoded: a guess, see
    `VideoInputs.shows_policy_the_same`.

    Raises:
        VideoError: the file cannot be used; the subclass says why.
        DeadlineExceededError: the deadline passed or was cancelled.
    """
    deadlines, crop = Deadlines.start(deadline, limits), crop or Crop()
    networks = spec if isinstance(spec, NetworksInUse) else NetworksInUse.all_of(spec)
    spec = networks.spec
    listens = any(source == "audio" for source, _ in networks)
    hear: Callable[[VideoInfo, Plan], Sound] = _unheard
    if listens:
        hear = partial(_sound, path, inputs=spec.inputs, limits=limits, deadlines=deadlines)
    info = probe(path, limits=limits, deadlines=deadlines)
    plan_for = _planner(segments, spec) if isinstance(segments, int) else segments
    early = EarlyInputs(spec, info, crop, on_early) if on_early else None
    with ThreadPoolExecutor(1) as pool:
        # Sound beside frames: neither needs the other, unless the frames end early.
        sound = pool.submit(hear, info, plan_for(info))
        if early:
            sound.add_done_callback(partial(early.heard, plan_for(info)))
        decoded = decode_segment_frames(
            path,
            info,
            networks,
            plan_for,
            limits=limits,
            deadlines=deadlines,
            on_segment=early.seen if early else None,
        )
    heard = sound.result()
    if decoded.info != info:
        heard = hear(decoded.info, decoded.plan)
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
    *,
    inputs: InputSpec,
    limits: DecodeLimits,
    deadlines: Deadlines,
) -> Sound:
    return decode_sound(path, info, plan, inputs, limits=limits, deadlines=deadlines)


def _unheard(info: VideoInfo, plan: Plan) -> Sound:
    """No sound is decoded, and none is missed, where no network listens."""
    return replace(Sound.none(plan), is_unheard=info.audio_index is not None)
