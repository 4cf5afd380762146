"""SynthSettings: what a generated data set is like."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from model.spec.model_spec import Modality
from training.data.sources.sample import Split

FRAME_RATE = 25
# Of a model's segments at this rate, 32 frames: as many of them as slots coincide with these.
SLOT_SECONDS = 1.28
# How the clips of a class whose label is in the same modalities are dealt out, again and again.
SPLIT_PATTERN: tuple[Split, ...] = ("train", "val", "test", "train", "train")


class SynthSettings(BaseModel):
    """All that a data set depends on, besides the ffmpeg that encodes it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    classes: int = Field(default=4, ge=2, le=8)
    clips_per_class: int = Field(default=50, ge=1, le=10_000)
    modalities: tuple[Modality, ...] = get_args(Modality)
    """What the clips have. Without audio they have no sound track."""
    never: tuple[Modality, ...] = ()
    """Modalities of those that never carry information."""
    carriers: int = Field(default=1, ge=1, le=3)
    """In how many modalities each clip's label can be recognised."""
    share: float = Field(default=0.4, gt=0, le=1)
    """Of a clip's slots, how many carry the label in a given carrier; at least one does."""
    seconds: float = Field(default=6.4, ge=SLOT_SECONDS, le=600)
    cues: bool = True
    """Border and pilot tones that tell which modality is informative, but not the class."""
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(set(self.modalities)) != len(self.modalities):
            raise ValueError(f"modalities repeat: {self.modalities}")
        if not set(self.never) <= set(self.modalities):
            raise ValueError(f"never is {self.never}; allowed are the modalities {self.modalities}")
        if not self.combinations:
            raise ValueError(
                f"carriers is {self.carriers}; informative are only {self.informative}"
            )
        least = 3 * len(self.combinations)
        if self.clips_per_class < least:
            raise ValueError(
                f"clips_per_class is {self.clips_per_class}; at least {least} are needed, so that"
                f" train, val and test each have every class in each of {self.combinations}"
            )
        return self

    @property
    def informative(self) -> tuple[Modality, ...]:
        return tuple(name for name in self.modalities if name not in self.never)

    @property
    def combinations(self) -> tuple[tuple[Modality, ...], ...]:
        """Which modalities carry a clip's label: the clips of a class take turns."""
        return tuple(combinations(self.informative, self.carriers))

    @property
    def num_frames(self) -> int:
        return round(self.seconds * FRAME_RATE)

    @property
    def num_slots(self) -> int:
        return max(1, round(self.seconds / SLOT_SECONDS))

    def slot_frames(self) -> list[range]:
        """The frames of each slot."""
        ends = [round(i * self.num_frames / self.num_slots) for i in range(self.num_slots + 1)]
        return [range(*pair) for pair in pairwise(ends)]
