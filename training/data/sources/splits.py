"""Splits where a data set has none: by group, label by label, the same on every machine."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from training.data.sources.sample import Split


@dataclass(frozen=True, slots=True)
class SplitPlan:
    """Shares of each label's groups that are held out; the rest is for training."""

    val: float = 0.15
    test: float = 0.15
    seed: int = 0

    def __post_init__(self) -> None:
        if not (0 <= self.val < 1 and 0 <= self.test < 1 and self.val + self.test < 1):
            raise ValueError(
                f"val is {self.val}, test is {self.test}; shares from 0 that leave some for train"
            )


def assign_splits(label_of: Mapping[str, str], plan: SplitPlan) -> dict[str, Split]:
    """Group -> split, given each group's (first) label.

    Groups are ordered by a hash of their names, so that a new group moves few others.
    """
    groups_of: dict[str, list[str]] = defaultdict(list)
    for group, label in label_of.items():
        groups_of[label].append(group)
    splits: dict[str, Split] = {}
    for groups in groups_of.values():
        ordered = sorted(groups, key=lambda group: (_rank(group, plan.seed), group))
        splits |= zip(ordered, _sequence(len(ordered), plan), strict=True)
    return splits


def _rank(group: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed} {group}".encode()).digest()


def _sequence(count: int, plan: SplitPlan) -> list[Split]:
    """Rounded shares, but at least one each for train, validation and test, in that order.

    >>> [_sequence(count, SplitPlan()) for count in (1, 2, 3)]
    [['train'], ['val', 'train'], ['val', 'test', 'train']]
    """
    num_val = _share(count, plan.val, least=count > 1)
    num_test = _share(count, plan.test, least=count > 2)
    names: tuple[Split, ...] = ("val", "test", "train")
    counts = (num_val, num_test, count - num_val - num_test)
    return [name for name, times in zip(names, counts, strict=True) for _ in range(times)]


def _share(count: int, share: float, *, least: bool) -> int:
    return max(round(count * share), 1 if least else 0) if share > 0 else 0
