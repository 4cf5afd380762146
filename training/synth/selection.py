"""How well a policy's selections agree with the ground truth."""

# Dimensions: N segments of any number of videos.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from model.spec.model_spec import Modality


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of one modality. `recall`: share of the informative segments in which it was selected;
    `specificity`: share of the others in which it was not; None where there are no such
    segments."""

    recall: float | None
    specificity: float | None

    @property
    def balanced_accuracy(self) -> float:
        """Mean of the two, or the one there is: for a modality that never informs, how often it
        is dropped."""
        known = [share for share in (self.recall, self.specificity) if share is not None]
        return sum(known) / len(known)


def selection_agreement(
    names: Iterable[Modality],
    selected: Iterable[set[Modality]],
    informative: Iterable[set[Modality]],
) -> Mapping[Modality, Agreement]:
    """By modality, given for each of the N segments what was selected and what is true.

    Raises:
        ValueError: there are no segments, or not as many of one as of the other.
    """
    pairs = list(zip(selected, informative, strict=True))
    if not pairs:
        raise ValueError("there are no segments to compare")
    return {name: _agreement(name, pairs) for name in names}


def _agreement(name: Modality, pairs: list[tuple[set[Modality], set[Modality]]]) -> Agreement:
    taken = [name in selected for selected, informative in pairs if name in informative]
    dropped = [name not in selected for selected, informative in pairs if name not in informative]
    return Agreement(
        recall=sum(taken) / len(taken) if taken else None,
        specificity=sum(dropped) / len(dropped) if dropped else None,
    )
