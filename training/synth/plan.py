"""What every clip of a generated data set is going to show, before any of it is rendered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.spec.model_spec import Modality
from training.data.sources.sample import Split
from training.synth.settings import SPLIT_PATTERN, SynthSettings


@dataclass(frozen=True, slots=True)
class ClipPlan:
    """`slots`: for each slot, the modalities that carry the label there."""

    class_index: int
    number: int
    split: Split
    slots: tuple[frozenset[Modality], ...]

    @property
    def label(self) -> str:
        return f"class{self.class_index}"

    @property
    def name(self) -> str:
        """Below the data set's folder; no other clip's file has it, in whichever folder."""
        return f"clips/{self.label}/{self.label}_{self.number:04d}.mp4"

    def generator(self, seed: int, purpose: int) -> np.random.Generator:
        """Random numbers of this clip alone, so that clips can be rendered in any order."""
        return np.random.default_rng([seed, self.class_index, self.number, purpose])


def plan_clips(settings: SynthSettings) -> list[ClipPlan]:
    """Class by class. Which modality carries the label tells nothing about the class."""
    return [
        _plan(settings, class_index, number)
        for class_index in range(settings.classes)
        for number in range(settings.clips_per_class)
    ]


def _plan(settings: SynthSettings, class_index: int, number: int) -> ClipPlan:
    turn, place = divmod(number, len(settings.combinations))
    split = SPLIT_PATTERN[turn % len(SPLIT_PATTERN)]
    plan = ClipPlan(class_index, number, split, ())
    generator = plan.generator(settings.seed, 0)
    count = max(1, round(settings.share * settings.num_slots))
    chosen = {
        name: set(generator.choice(settings.num_slots, size=count, replace=False).tolist())
        for name in settings.combinations[place]
    }
    slots = tuple(
        frozenset(name for name, indices in chosen.items() if slot in indices)
        for slot in range(settings.num_slots)
    )
    return ClipPlan(class_index, number, split, slots)
