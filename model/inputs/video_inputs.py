"""VideoInputs: everything the networks can ask of one video, decoded once, computed on demand."""

# Dimensions: S segments, M modalities in the spec's order, F frames of a network.

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.answer_warning import AnswerWarning
from model.deadline import Deadline
from model.inputs.arrays import Crop, FrameArrays
from model.inputs.audio import Sound, decode_sound
from model.inputs.cage import Patience
from model.inputs.flow_fields import FlowFields, Pair
from model.inputs.limits import DecodeLimits
from model.inputs.pictures import decode_pictures
from model.inputs.probe import probe
from model.inputs.sampling import frame_offsets, num_pairs
from model.inputs.segments import Plan, Segment, plan_segments
from model.inputs.spectrogram import Spectrogram, silence
from model.inputs.video import VideoInfo
from model.runtime.base import InputArray
from model.spec import Modality, ModelSpec, NetworkSpec, Proxy

Planner = Callable[[VideoInfo], Plan]


@dataclass(frozen=True, slots=True)
class VideoInputs:
    """Not for concurrent use; `flow_pairs_computed` grows as flow is asked for."""

    spec: ModelSpec
    info: VideoInfo
    plan: Plan
    arrays: FrameArrays
    sound: Sound
    warnings: tuple[AnswerWarning, ...]

    @property
    def segments(self) -> tuple[Segment, ...]:
        return self.plan.segments

    def available(self) -> NDArray[np.bool_]:
        """(S, M): whether there is anything to recognise. Pictures always are available."""
        heard = np.array([one is not None for one in self.sound.spectrograms])
        columns = [
            heard if name == "audio" else np.ones_like(heard) for name in self.spec.modality_names
        ]
        return np.stack(columns, axis=1)

    def policy_inputs(self, name: Modality) -> InputArray:
        """The proxy's inputs for all S segments: (S, F, crop, crop, C) uint8, or spectrograms.

        Where sound is unavailable the policy sees the spectrogram of silence.
        """
        modality = self.spec.modality(name)
        rows = range(len(self.segments))
        return self._inputs(modality.proxy, modality.policy, rows)

    def recognition_inputs(self, name: Modality, rows: Sequence[int]) -> InputArray:
        """The modality's inputs for the segments `rows` (at least one) alone."""
        return self._inputs(name, self.spec.modality(name).recognizer, rows)

    @property
    def flow_pairs_computed(self) -> int:
        return len(self.arrays.flow)

    @property
    def flow_pairs_total(self) -> int:
        """Distinct frame pairs that the flow of all segments would take; 0 without flow."""
        if "flow" not in self.spec.modality_names:
            return 0
        modality = self.spec.modality("flow")
        networks = [modality.recognizer, *([modality.policy] if modality.proxy == "flow" else [])]
        pairs: set[Pair] = set()
        for network in networks:
            for row in range(len(self.segments)):
                indices = self._grid_indices(row, network)
                pairs |= self.arrays.pairs(indices, self.spec.inputs.flow.pairs)
        return len(pairs)

    def _inputs(self, source: Proxy, network: NetworkSpec, rows: Sequence[int]) -> InputArray:
        if source == "audio":
            return np.stack([self._spectrogram(row) for row in rows])
        return np.stack([self._images(source, self._grid_indices(row, network)) for row in rows])

    def _images(self, source: Proxy, indices: Sequence[int]) -> NDArray[np.uint8]:
        pairs = num_pairs(self.spec.inputs, source)
        if source == "flow":
            return self.arrays.flow_stack(indices, pairs)
        if source == "rgb_diff":
            return self.arrays.rgb_diff(indices, pairs)
        return self.arrays.rgb(indices)

    def _spectrogram(self, row: int) -> Spectrogram:
        heard = self.sound.spectrograms[row]
        return silence(self.spec.inputs.audio) if heard is None else heard

    def _grid_indices(self, row: int, network: NetworkSpec) -> list[int]:
        first = self.segments[row].first_frame
        return [first + offset for offset in frame_offsets(self.spec.inputs, network)]


def open_video(
    path: Path,
    spec: ModelSpec,
    num_segments: int,
    *,
    limits: DecodeLimits,
    deadline: Deadline,
    planner: Planner | None = None,
    crop: Crop | None = None,
) -> VideoInputs:
    """Probe, plan and decode what the networks of `spec` may need; flow is left for later.

    `planner` and `crop` replace the uniform segments and the centre crop, for training.

    Raises:
        VideoError: the file cannot be used; the subclass says why.
        DeadlineExceededError: the deadline passed or was cancelled.
    """
    patience = Patience.start(deadline, limits)
    info = probe(path, limits=limits, patience=patience)
    plan_for = planner or (lambda info: plan_segments(info, spec.inputs, num_segments))
    with ThreadPoolExecutor(1) as pool:
        # Sound beside pictures: neither needs the other, unless the pictures end early.
        sound = pool.submit(_sound, path, info, plan_for(info), spec, limits, patience)
        pictures = decode_pictures(path, info, spec, plan_for, limits=limits, patience=patience)
    heard = sound.result()
    if pictures.info != info:
        heard = _sound(path, pictures.info, pictures.plan, spec, limits, patience)
    flow = FlowFields(spec.inputs.flow)
    arrays = FrameArrays(pictures.frames, flow, side=spec.inputs.crop, crop=crop or Crop())
    warnings = (*pictures.warnings, *heard.warnings)
    return VideoInputs(spec, pictures.info, pictures.plan, arrays, heard, warnings)


def _sound(
    path: Path,
    info: VideoInfo,
    plan: Plan,
    spec: ModelSpec,
    limits: DecodeLimits,
    patience: Patience,
) -> Sound:
    """No sound is decoded, and none is missed, where the model does not listen."""
    if "audio" not in spec.modality_names:
        return Sound((None,) * len(plan.segments), ())
    return decode_sound(path, info, plan, spec.inputs, limits=limits, patience=patience)
