"""How much to believe each modality, learned from videos that its classifier has not seen.

On the videos that it learned from, a classifier's evidence is as strong as it likes; fused, the one
that knows them best by heart outvotes the others. So a scale for each fused row of logits, and an
offset for each of its classes, are fitted to what was judged across folds, and made part of the
classifiers, which costs nothing in serving (stacked generalisation, Wolpert 1992).
"""

# Dimensions: V videos, S segments, F fused (modalities, exit head), K classes.

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from model.networks.adamml import AdaMML
from training.data.targets import recognition_loss
from training.features.features import Features

# Of the squared distance from believing everything as it is, in nats a video.
PULL = 1e-3
STEPS = 200


def calibrate(model: AdaMML, train: Features) -> Features:
    """Fit to `train.judged`, change the classifiers of `model` in place; `train` judged so.

    Raises:
        ValueError: nothing was judged.
    """
    if train.judged is None:
        raise ValueError("evidence is calibrated on what was judged across folds")
    model.requires_grad_(False)
    device = next(model.parameters()).device
    seen = replace(train, available=train.available.to(device), targets=train.targets.to(device))
    scales, offsets = _fit(model, seen, train.judged.to(device))
    for classifier, scale, offset in zip(_classifiers(model), scales, offsets, strict=True):
        with torch.no_grad():
            classifier.weight.mul_(scale)
            classifier.bias.mul_(scale).add_(offset)
    judged = train.judged.to(device) * scales[:, None] + offsets
    return replace(train, judged=judged.to(train.judged.device))


def _classifiers(model: AdaMML) -> list[nn.Linear]:
    """In the order of the fused rows."""
    found = [model.recognizer(name).classifier for name in model.spec.modality_names]
    return found if model.policy.exit is None else [*found, model.policy.exit]


def _fit(model: AdaMML, train: Features, judged: Tensor) -> tuple[Tensor, Tensor]:
    """(F,) scales and (F, K) offsets of least loss where everything is kept."""
    scales = torch.ones(judged.shape[2], device=judged.device, requires_grad=True)
    offsets = torch.zeros(judged.shape[2:], device=judged.device, requires_grad=True)
    optimizer = torch.optim.LBFGS([scales, offsets], max_iter=STEPS, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        logits = judged * scales[:, None] + offsets
        losses = recognition_loss(_fused(model, logits, train.available), train.targets)
        pull = (scales - 1).square().sum() + offsets.square().sum()
        loss = losses.mean() + PULL * pull
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    with torch.enable_grad():
        optimizer.step(closure)  # type: ignore[no-untyped-call]
    return scales.detach(), offsets.detach()


def _fused(model: AdaMML, logits: Tensor, available: Tensor) -> Tensor:
    """(V, S, F, K) -> (V, K)."""
    decisions, count = available.to(logits.dtype), available.shape[2]
    exits = logits[:, :, count] if logits.shape[2] > count else None
    return model.fuse(logits[:, :, :count], decisions, exits).video
