"""EarlyInputs: what the policy can see or hear of a video before all of it is decoded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from model.inputs.arrays import Crop, FrameArrays
from model.inputs.frames.frame import Frame
from model.inputs.placement.segments import Plan
from model.inputs.probing.video_info import VideoInfo
from model.inputs.sound.audio import Sound
from model.inputs.video_inputs import VideoInputs
from model.spec.model_spec import Modality, ModelSpec

# Inputs of the policy's branches of these modalities, for these segments, can be had of the video.
OnEarly = Callable[[VideoInputs, Sequence[Modality], Sequence[int]], None]


@dataclass(frozen=True, slots=True)
class EarlyInputs:
    """Each time with a video that has but what is there by then. Flow waits: it is for those that
    a policy selects, and one that decides by flow computes it with the others."""

    spec: ModelSpec
    info: VideoInfo
    crop: Crop
    tell: OnEarly

    def seen(self, plan: Plan, row: int, frames: Mapping[int, Frame]) -> None:
        """The frames of one segment have come."""
        names = [m.name for m in self.spec.modalities if m.proxy in ("rgb", "rgb_diff")]
        self.tell(self._video(plan, frames, Sound.none(plan)), names, [row])

    def heard(self, plan: Plan, sound: Future[Sound]) -> None:
        """All sound has come, or none will."""
        if sound.exception() is None:
            names = [m.name for m in self.spec.modalities if m.proxy == "audio"]
            rows = range(len(plan.segments))
            self.tell(self._video(plan, {}, sound.result()), names, rows)

    def _video(self, plan: Plan, frames: Mapping[int, Frame], sound: Sound) -> VideoInputs:
        arrays = FrameArrays.of(self.spec.inputs, frames, self.crop)
        return VideoInputs(self.spec, self.info, plan, arrays, sound, ())
