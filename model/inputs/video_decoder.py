"""VideoDecoder: segments of a probed video to the networks' inputs, sound beside frames."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from model.common.errors import AnswerWarning
from model.inputs.arrays import Crop, FrameArrays
from model.inputs.early_inputs import EarlyInputs, OnEarly
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.sandbox import Deadlines
from model.inputs.frames.frame_command import misses_alpha
from model.inputs.frames.segment_frames import SegmentFrames, decode_segment_frames, truncated
from model.inputs.placement.sampling import NetworksInUse
from model.inputs.placement.segments import Plan
from model.inputs.probing.times import slack_seconds
from model.inputs.probing.video_info import VideoInfo
from model.inputs.sound.audio import Sound, decode_sound
from model.inputs.video_inputs import VideoInputs

Planner = Callable[[VideoInfo], Plan]


@dataclass(frozen=True, slots=True)
class VideoDecoder:
    """Decodes what `networks` need. Raises as `open_video`."""

    path: Path
    info: VideoInfo
    networks: NetworksInUse
    limits: DecodeLimits
    deadlines: Deadlines
    crop: Crop

    def decode(self, plan_for: Planner, on_early: OnEarly | None = None) -> VideoInputs:
        """The segments that `plan_for` places over the video as it really is."""
        spec, info = self.networks.spec, self.info
        early = EarlyInputs(spec, info, self.crop, on_early) if on_early else None
        with ThreadPoolExecutor(1) as pool:
            # Sound beside frames: neither needs the other, unless the frames end early.
            sound = pool.submit(self.hear, info, plan_for(info))
            if early:
                sound.add_done_callback(partial(early.heard, plan_for(info)))
            decoded = self.frames(plan_for, early)
        heard = sound.result()
        if decoded.info != info:
            heard = self.hear(decoded.info, decoded.plan)
        arrays = FrameArrays.of(spec.inputs, decoded.frames, self.crop)
        warnings = (*file_warnings(info), *decoded.warnings, *heard.warnings)
        return VideoInputs(spec, decoded.info, decoded.plan, arrays, heard, warnings)

    def frames(self, plan_for: Planner, early: EarlyInputs | None = None) -> SegmentFrames:
        return decode_segment_frames(
            self.path,
            self.info,
            self.networks,
            plan_for,
            limits=self.limits,
            deadlines=self.deadlines,
            on_segment=early.seen if early else None,
        )

    def hear(self, info: VideoInfo, plan: Plan) -> Sound:
        """No sound is decoded, and none is missed, where no network listens."""
        if not self.networks.listen:
            return replace(Sound.none(plan), is_unheard=info.audio_index is not None)
        inputs = self.networks.spec.inputs
        limits, deadlines = self.limits, self.deadlines
        return decode_sound(self.path, info, plan, inputs, limits=limits, deadlines=deadlines)


def file_warnings(info: VideoInfo) -> tuple[AnswerWarning, ...]:
    """Of what probing found out."""
    warnings = []
    if misses_alpha(info):
        detail = f"this ffmpeg ignores transparency of {info.video_codec}: what it hides is shown"
        warnings.append(AnswerWarning("transparency_ignored", detail))
    if info.num_clock_jumps:
        times = "once" if info.num_clock_jumps == 1 else f"{info.num_clock_jumps} times"
        detail = f"the file's clock starts anew or jumps {times}; its parts are taken in order"
        warnings.append(AnswerWarning("clock_jumps", detail))
    claimed = info.claimed_seconds
    if claimed is None:
        return tuple(warnings)
    slack = slack_seconds(claimed, info.frame_rate)
    if info.duration_seconds < claimed - slack:
        warnings.append(truncated(info))
    elif info.duration_seconds > claimed + slack:
        detail = f"the file says {claimed:.3f} s; it lasts {info.duration_seconds:.3f} s"
        warnings.append(AnswerWarning("duration_corrected", detail))
    return tuple(warnings)
