"""Videos put together from several of one label, so that a policy cannot learn its few by heart.

A policy that sees whole videos knows a few hundred of them again by what comes together in each.
What a modality shows of a label stays true beside any other video's.
"""

# Dimensions: V videos in all, B videos of a batch, S segments.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from model.spec.model_spec import Modality
from training.features.features import Features


def mixed_modalities(
    train: Features, rows: Tensor, names: Sequence[Modality], generator: torch.Generator
) -> Features:
    """The (B,) videos `rows` of `train`, each with its own first modality of `names`, every other
    one from a random video of the same label or labels, and each one's segments in random order.

    What classifiers `judged` is of the modalities alone: an exit head's answer is not one video's.
    """
    segments = train.available.shape[1]
    sources = {name: partners(train.targets, rows, generator) for name in names[1:]}
    sources[names[0]] = rows
    places = {
        name: torch.rand(len(rows), segments, generator=generator).argsort(1) for name in names
    }

    def taken(values: Tensor, name: Modality) -> Tensor:
        return values[sources[name][:, None], places[name]]

    columns = list(enumerate(names))
    judged = train.judged
    if judged is not None:
        judged = torch.stack([taken(judged[:, :, m], name) for m, name in columns], dim=2)
    available = [taken(train.available[:, :, m], name) for m, name in columns]
    return replace(
        train,
        recognition={name: taken(train.recognition[name], name) for name in names},
        policy={name: taken(train.policy[name], name) for name in names},
        available=torch.stack(available, dim=2),
        targets=train.targets[rows],
        judged=judged,
    )


def partners(targets: Tensor, rows: Tensor, generator: torch.Generator) -> Tensor:
    """(B,): for each of the videos `rows` a random one of equal targets, itself among them."""
    _, labels = torch.unique(targets, dim=0, return_inverse=True)
    counts = torch.bincount(labels)
    starts = counts.cumsum(0) - counts
    drawn = torch.rand(len(rows), dtype=torch.float64, generator=generator)
    places = (drawn * counts[labels[rows]]).long()
    chosen: Tensor = labels.argsort(stable=True)[starts[labels[rows]] + places]
    return chosen
