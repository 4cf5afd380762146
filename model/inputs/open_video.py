"""open_video: probing, planning and decoding a file."""

from __future__ import annotations

from pathlib import Path

from model.common.deadline import Deadline
from model.inputs.arrays import Crop
from model.inputs.early_inputs import OnEarly
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.sandbox import Deadlines
from model.inputs.placement.sampling import NetworksInUse
from model.inputs.placement.segments import plan_segments
from model.inputs.probing.probe import probe
from model.inputs.video_decoder import Planner, VideoDecoder
from model.inputs.video_inputs import VideoInputs
from model.spec.model_spec import ModelSpec


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
    networks = spec if isinstance(spec, NetworksInUse) else NetworksInUse.all_of(spec)
    deadlines = Deadlines.start(deadline, limits)
    info = probe(path, limits=limits, deadlines=deadlines)
    plan_for = _planner(segments, networks.spec) if isinstance(segments, int) else segments
    decoder = VideoDecoder(path, info, networks, limits, deadlines, crop or Crop())
    return decoder.decode(plan_for, on_early)


def _planner(num_segments: int, spec: ModelSpec) -> Planner:
    return lambda info: plan_segments(info, spec.inputs, num_segments)
