"""Which frames of a segment a network sees. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from model.spec.input_spec import InputSpec
from model.spec.model_spec import Modality, ModelSpec, NetworkSpec, Proxy


@dataclass(frozen=True, slots=True)
class NetworksInUse:
    """Which networks of `spec` may look at a video: the policy's branches, and recognizers."""

    spec: ModelSpec
    policy: bool
    recognizers: frozenset[Modality]

    @classmethod
    def all_of(cls, spec: ModelSpec) -> NetworksInUse:
        return cls(spec, True, frozenset(spec.modality_names))

    @property
    def listen(self) -> bool:
        """Whether any of them hears the sound."""
        return any(source == "audio" for source, _ in self)

    def __iter__(self) -> Iterator[tuple[Proxy, NetworkSpec]]:
        """Each with what it looks at."""
        for modality in self.spec.modalities:
            if self.policy:
                yield modality.proxy, modality.policy
            if modality.name in self.recognizers:
                yield modality.name, modality.recognizer


def frame_indices(segment_frames: int, wanted: int) -> tuple[int, ...]:
    """Evenly spaced indices among the segment's used frames.

    >>> frame_indices(8, 8), frame_indices(8, 4)
    ((0, 1, 2, 3, 4, 5, 6, 7), (0, 2, 4, 6))
    >>> frame_indices(8, 2), frame_indices(8, 1)
    ((1, 5), (3,))
    """
    step = segment_frames // wanted
    return tuple(range((step - 1) // 2, segment_frames, step))


def frame_offsets(inputs: InputSpec, network: NetworkSpec) -> tuple[int, ...]:
    """The same in consecutive frames since the segment's start: every 4th of 32 at paper size."""
    return tuple(
        index * inputs.frame_stride for index in frame_indices(inputs.frames, network.frames)
    )


def num_pairs(inputs: InputSpec, source: Proxy) -> int:
    """Following frames that one frame of `source` needs: 5 for flow and differences, else 0."""
    return {"flow": inputs.flow.pairs, "rgb_diff": inputs.rgb_diff_pairs}.get(source, 0)


def needed_offsets(networks: NetworksInUse) -> tuple[int, ...]:
    """Every frame of a segment, counted from its start, that some network needs."""
    offsets: set[int] = set()
    for source, network in networks:
        if source == "audio":
            continue
        following = range(num_pairs(networks.spec.inputs, source) + 1)
        for offset in frame_offsets(networks.spec.inputs, network):
            offsets.update(offset + step for step in following)
    return tuple(sorted(offsets))
