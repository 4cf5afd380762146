"""The exit head, fitted in one go, and once more without each fold of the training videos."""

# Dimensions: V videos, S segments, D features of the policy, K classes, P folds.

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from model.networks.adamml import AdaMML
from training.features import Features
from training.targets import recognition_loss

logger = logging.getLogger(__name__)

# Strengths of the L2 penalty, of which the one is taken that predicts unseen videos best.
PENALTIES = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
_MAX_STEPS = 60


class FoldedExit(nn.Module):
    """An exit head for every fold, which has not seen the videos of that fold."""

    def __init__(self, heads: Sequence[nn.Linear]) -> None:
        super().__init__()
        self.register_buffer("weight", torch.stack([head.weight.detach() for head in heads]))
        self.register_buffer("bias", torch.stack([head.bias.detach() for head in heads]))

    def forward(self, features: Tensor, fold: Tensor) -> Tensor:
        """(V, S, D) and (V,) -> (V, S, K)."""
        weight, bias = self.get_buffer("weight")[fold], self.get_buffer("bias")[fold]
        return torch.einsum("vsd,vkd->vsk", features, weight) + bias.unsqueeze(1)


def in_folds(train: Features, groups: Sequence[str], folds: int) -> Features:
    """Give every video its fold; videos of a group, their views among them, share one."""
    # In order, so that the folds are alike: the groups of a class mostly have similar names.
    number = {group: index % folds for index, group in enumerate(sorted(set(groups)))}
    return replace(train, fold=torch.tensor([number[group] for group in groups]))


def fit_exit(model: AdaMML, train: Features, folds: int) -> FoldedExit:
    """Fit the exit head of `model` in place, and one for each fold of `train`, see `in_folds`.

    Multinomial logistic regression on segments (one of each class for multi-label data). The
    policy learns on what the folds' heads say: of videos that an exit has seen it would learn
    that the exit is never wrong.
    """
    exit_head = model.policy.exit
    if exit_head is None or train.fold is None:
        raise ValueError("only a policy with an exit head, and videos with folds, can be fitted")
    with torch.no_grad():
        rows = [train.policy[name].flatten(0, 1) for name in model.spec.modality_names]
        features = model.policy.gather(rows).reshape(*train.available.shape[:2], -1)
    fitted = {p: _fit_folds(features, train, folds, len(exit_head.bias), p) for p in PENALTIES}
    losses = {p: _loss(FoldedExit(h)(features, train.fold), train) for p, h in fitted.items()}
    penalty = min(losses, key=lambda p: losses[p].item())
    logger.info("exit head: penalty %g, loss on unseen videos %.3f", penalty, losses[penalty])
    whole = _fit(features, train, len(exit_head.bias), penalty)
    exit_head.load_state_dict(whole.state_dict())
    return FoldedExit(fitted[penalty])


def _fit_folds(
    features: Tensor, train: Features, folds: int, classes: int, penalty: float
) -> list[nn.Linear]:
    heads = []
    of_videos = train.fold.tolist() if train.fold is not None else []
    for fold in range(folds):
        # A single group leaves nothing else to learn from.
        seen = torch.tensor([row for row, own in enumerate(of_videos) if own != fold])
        seen = seen if len(seen) else torch.arange(len(train))
        heads.append(_fit(features[seen], train.select(seen), classes, penalty))
    return heads


def _fit(features: Tensor, train: Features, classes: int, penalty: float) -> nn.Linear:
    """To the minimum, from zeros: the problem is convex."""
    head = nn.Linear(features.shape[-1], classes).to(features.device)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    optimizer = torch.optim.LBFGS(
        head.parameters(), max_iter=_MAX_STEPS, line_search_fn="strong_wolfe"
    )

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = _loss(head(features), train) + penalty * head.weight.square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    return head.requires_grad_(False)


def _loss(logits: Tensor, train: Features) -> Tensor:
    """(V, S, K) -> the mean over segments."""
    segments = logits.shape[1]
    return recognition_loss(
        logits.flatten(0, 1), train.targets.repeat_interleave(segments, dim=0)
    ).mean()
