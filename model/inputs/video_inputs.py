"""VideoInputs: everything the networks can ask of one video, decoded once, computed on demand."""

# Dimensions: S segments, M modalities in the spec's order, F frames of a network.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.common.errors import AnswerWarning
from model.inputs.arrays import FrameArrays
from model.inputs.flow_fields import Pair
from model.inputs.placement.sampling import frame_offsets, num_pairs
from model.inputs.placement.segments import Plan, Segment
from model.inputs.probing.video_info import VideoInfo
from model.inputs.sound.audio import Sound
from model.inputs.sound.spectrogram import Spectrogram, silence
from model.spec.input_spec import InputArray
from model.spec.model_spec import Modality, ModelSpec, NetworkSpec, Proxy


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
        """(S, M): whether there is anything to recognise. Frames always are available."""
        unheard = self.sound.is_unheard
        heard = np.array([one is not None or unheard for one in self.sound.spectrograms])
        columns = [
            heard if name == "audio" else np.ones_like(heard) for name in self.spec.modality_names
        ]
        return np.stack(columns, axis=1)

    def policy_inputs(self, name: Modality, rows: Sequence[int] | None = None) -> InputArray:
        """The proxy's inputs for n segments, by default all: (n, F, crop, crop, C) uint8, or
        spectrograms. Where sound is unavailable the policy sees the spectrogram of silence."""
        modality = self.spec.modality(name)
        rows = range(len(self.segments)) if rows is None else rows
        return self._inputs(modality.proxy, modality.policy, rows)

    def shows_policy_the_same(self, other: VideoInputs, name: Modality, row: int) -> bool:
        """Whether the policy's inputs of a segment are made of the very frames, or the very sound,
        that they are made of in `other`, so that they need not be compared."""
        modality = self.spec.modality(name)
        if modality.proxy == "audio":
            return self.sound.spectrograms[row] is other.sound.spectrograms[row]
        following = range(num_pairs(self.spec.inputs, modality.proxy) + 1)
        indices = self._grid_indices(row, modality.policy)
        shown = {index + step for index in indices for step in following}
        return all(self.arrays.frames[i] is other.arrays.frames.get(i) for i in shown)

    def recognition_inputs(self, name: Modality, rows: Sequence[int]) -> InputArray:
        """The modality's inputs for the segments `rows` (at least one) alone."""
        return self._inputs(name, self.spec.modality(name).recognizer, rows)

    @property
    def flow_pairs_computed(self) -> int:
        return len(self.arrays.flow)

    @property
    def flow_pairs_total(self) -> int:
        """Distinct frame pairs that the flow of all segments would take; 0 without flow. Of frames
        that were not decoded, as no network was to look at them, it is not known which are shown
        twice."""
        if "flow" not in self.spec.modality_names:
            return 0
        modality = self.spec.modality("flow")
        networks = [modality.recognizer, *([modality.policy] if modality.proxy == "flow" else [])]
        pairs: set[Pair] = set()
        for network in networks:
            for row in range(len(self.segments)):
                pairs |= self._flow_pairs(self._grid_indices(row, network))
        return len(pairs)

    def _flow_pairs(self, indices: Sequence[int]) -> set[Pair]:
        count, last = self.spec.inputs.flow.pairs, self.plan.last_frame
        if all(i + step in self.arrays.frames for i in indices for step in range(count + 1)):
            return self.arrays.pairs(indices, count)
        grid = ((float(i + step), float(i + step + 1)) for i in indices for step in range(count))
        return {pair for pair in grid if pair[1] <= last}

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
