"""PolicyNetwork: which modalities a segment is worth, decided from cheap inputs."""

# Dimensions: N videos, S segments, M modalities, B = N*S rows, D features of a branch, W joint,
# K classes.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model.networks.trunk import Trunk
from model.spec.model_spec import Modality, ModelSpec


class PolicyState(NamedTuple):
    """What one segment leaves to the next: (N, L) hidden and cell, (N, 2*heads) raw logits.

    Without an LSTM, or without fed-back logits, the tensors in question have no columns.
    """

    hidden: Tensor
    cell: Tensor
    logits: Tensor


class PolicyJoint(NamedTuple):
    """What the joint layers make of a segment; `exit_logits` (B, K) where there is an exit head."""

    joint: Tensor  # (B, W)
    exit_logits: Tensor | None


class PolicyNetwork(nn.Module):
    """A branch per modality, two joint layers, an LSTM over the segments, two-way heads.

    Optionally an exit head: class logits from the branches' features alone.
    """

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__()
        self.spec = spec
        self.branches = nn.ModuleDict(
            {
                modality.name: Trunk(modality.policy, modality.proxy, spec.inputs)
                for modality in spec.modalities
            }
        )
        options = spec.policy
        width = sum(self.branch(name).feature_dim for name in spec.modality_names)
        if options.standardizes:
            self.register_buffer("feature_mean", torch.zeros(width))
            self.register_buffer("feature_scale", torch.ones(width))
        self.dropout = nn.Dropout(options.dropout)
        self.exit = nn.Linear(width, len(spec.labels)) if options.exits else None
        width += len(spec.labels) if options.exits else 0
        width += len(spec.modalities) if options.sees_availability else 0
        self.fc1 = nn.Linear(width, options.joint_width)
        self.fc2 = nn.Linear(options.joint_width, options.joint_width)
        self.feedback_width = 2 * spec.num_heads if options.feeds_back_logits else 0
        self.lstm = None
        self.step_width = options.joint_width * (2 if options.sees_whole else 1)
        if options.lstm_width is not None:
            self.lstm = nn.LSTMCell(self.step_width + self.feedback_width, options.lstm_width)
        head_width = options.lstm_width or self.step_width
        self.heads = nn.ModuleList([nn.Linear(head_width, 2) for _ in range(spec.num_heads)])

    def branch(self, modality: Modality) -> Trunk:
        return cast(Trunk, self.branches[modality])

    def forward(self, inputs: Mapping[Modality, Tensor], available: Tensor) -> Tensor:
        """Proxies' inputs (N, S, ...) by modality, (N, S, M) bool -> (N, S, M, 2) raw outputs."""
        rows = [
            self.branch_features(name, inputs[name].flatten(0, 1))
            for name in self.spec.modality_names
        ]
        joint = self.joint(rows, available.flatten(0, 1)).joint
        return self.recur(joint.reshape(*available.shape[:2], -1))

    def branch_features(self, modality: Modality, inputs: Tensor) -> Tensor:
        """Inputs of the modality's proxy, (B, F, H, W, C) or (B, H, W) -> (B, D)."""
        features: Tensor = self.branches[modality](inputs)
        return features

    def _gather(self, features: Sequence[Tensor]) -> Tensor:
        """A (B, D) for each modality, side by side and standardised: what the exit head sees."""
        together = torch.cat(list(features), dim=1)
        if not self.spec.policy.standardizes:
            return together
        return (together - self.get_buffer("feature_mean")) * self.get_buffer("feature_scale")

    def joint(self, features: Sequence[Tensor], available: Tensor) -> PolicyJoint:
        """A (B, D) for each modality and (B, M) availability -> (B, W), and (B, K) of the exit.

        No gradient flows from the decisions into the exit head: it answers, the policy listens.
        """
        together = self._gather(features)
        parts = [self.dropout(together)]
        exit_logits = None
        if self.exit is not None:
            exit_logits = self.exit(together)
            parts.append(F.log_softmax(exit_logits.detach(), dim=1))
        if self.spec.policy.sees_availability:
            parts.append(available.to(together.dtype))
        joint = F.relu(self.fc2(F.relu(self.fc1(torch.cat(parts, dim=1)))))
        return PolicyJoint(joint, exit_logits)

    def recur(self, joint: Tensor) -> Tensor:
        """(N, S, W) -> (N, S, M, 2): the segments in order, from an empty memory."""
        joint = self.with_whole(joint)
        state = self.initial_state(joint[:, 0])
        outputs = []
        for segment in joint.unbind(1):
            logits, state = self.step(segment, state)
            outputs.append(logits)
        return torch.stack(outputs, dim=1)

    def with_whole(self, joint: Tensor) -> Tensor:
        """(N, S, W) -> (N, S, `step_width`): with what the whole video shows, where the spec says
        so."""
        if not self.spec.policy.sees_whole:
            return joint
        return torch.cat([joint, joint.amax(dim=1, keepdim=True).expand_as(joint)], dim=2)

    def initial_state(self, joint: Tensor) -> PolicyState:
        """Zeros for as many videos as `joint`, (N, W), has rows; of its type and device."""
        width = self.lstm.hidden_size if self.lstm is not None else 0
        memory = joint.new_zeros(joint.shape[0], width)
        return PolicyState(memory, memory, joint.new_zeros(joint.shape[0], self.feedback_width))

    def step(self, joint: Tensor, state: PolicyState) -> tuple[Tensor, PolicyState]:
        """One segment: (N, `step_width`) -> (N, M, 2) raw outputs, index 1 = keep, and the next
        state."""
        hidden, cell = joint, state.cell
        if self.lstm is not None:
            steered = torch.cat([joint, state.logits], dim=1) if self.feedback_width else joint
            hidden, cell = self.lstm(steered, (state.hidden, state.cell))
        logits = torch.stack([head(hidden) for head in self.heads], dim=1)
        memory = hidden if self.lstm is not None else state.hidden
        fed_back = logits.flatten(1) if self.feedback_width else state.logits
        shared = logits.expand(-1, len(self.spec.modalities), -1)
        return shared, PolicyState(memory, cell, fed_back)
