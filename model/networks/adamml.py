"""AdaMML: policy, recognition networks and fusion, and the two ways of running them."""

# Dimensions: N videos, S segments, M modalities in the spec's order, K classes.

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, nn

from model.networks.fusion import Fused, LateFusion
from model.networks.policy import PolicyNetwork
from model.networks.recognizer import Recognizer
from model.spec.model_spec import Modality, ModelSpec

# Raw inputs by modality: (N, S, F, H, W, C) uint8 images, (N, S, frequencies, times) float32 audio.
Inputs = Mapping[Modality, Tensor]


class AdaMML(nn.Module):
    """Adaptive multi-modal recognition (arXiv:2105.05165) as a ModelSpec describes it.

    `masked` and `routed` share each row's arithmetic: given the same inputs and decisions, in
    eval mode, they agree to rounding.
    """

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__()
        self.spec = spec
        self.policy = PolicyNetwork(spec)
        self.recognizers = nn.ModuleDict(
            {
                modality.name: Recognizer(
                    modality.recognizer, modality.name, spec.inputs, len(spec.labels)
                )
                for modality in spec.modalities
            }
        )
        self.fusion = LateFusion(spec.fusion, spec.num_fused, len(spec.labels))

    def recognizer(self, modality: Modality) -> Recognizer:
        return cast(Recognizer, self.recognizers[modality])

    def masked(self, inputs: Inputs, decisions: Tensor, exit_logits: Tensor | None = None) -> Fused:
        """Run everything and multiply by (N, S, M) decisions; gradients reach the decisions.

        `exit_logits` are the policy's, (N, S, K), where it has an exit head and was run.
        """
        return self.fuse(self.recognize_all(inputs), decisions, exit_logits)

    def fuse(self, logits: Tensor, decisions: Tensor, exit_logits: Tensor | None = None) -> Fused:
        """(N, S, M, K) logits, (N, S, M) decisions; the exit's row always counts when given."""
        if self.spec.policy.exits:
            kept = torch.zeros_like if exit_logits is None else torch.ones_like
            decisions = torch.cat([decisions, kept(decisions[..., :1])], dim=-1)
            row = torch.zeros_like(logits[..., 0, :]) if exit_logits is None else exit_logits
            logits = torch.cat([logits, row.unsqueeze(-2)], dim=-2)
        fused: Fused = self.fusion(logits, decisions)
        return fused

    def recognize_all(self, inputs: Inputs) -> Tensor:
        """Every modality of every segment -> (N, S, M, K) logits."""
        logits = []
        for name in self.spec.modality_names:
            rows = self.recognizer(name)(inputs[name].flatten(0, 1))
            logits.append(rows.reshape(*inputs[name].shape[:2], -1))
        return torch.stack(logits, dim=2)

    def routed(self, inputs: Inputs, decisions: Tensor, exit_logits: Tensor | None = None) -> Fused:
        """Run only what (N, S, M) decisions select, one batch a modality; the rest counts zero.

        A modality that is never selected needs no entry in `inputs`.
        """
        like = next(self.parameters())
        logits = like.new_zeros(*decisions.shape, len(self.spec.labels))
        for index, name in enumerate(self.spec.modality_names):
            selected = decisions[..., index].bool()
            if selected.any():
                logits[..., index, :][selected] = self.recognizer(name)(inputs[name][selected])
        return self.fuse(logits, decisions, exit_logits)
