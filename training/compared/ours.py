"""AdaMML itself as one of the compared systems: the run's own policy and fusion."""

# Dimensions: V videos, S segments, M modalities.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from model.inference.decisions import choose, keep_probabilities
from training.compared.shared import Clips, Shared
from training.compared.trace import Trace
from training.joint.objective import policy_outputs

POLICY = "policy"


@dataclass(frozen=True, slots=True)
class AdaMMLSystem:
    """The dial is the threshold, as the run's own curve on validation has it."""

    shared: Shared

    @property
    def dials(self) -> Sequence[str]:
        spec = self.shared.model.spec
        points = [one for one in spec.curve if one.segments in (None, self.shared.val.segments)]
        return [f"threshold {one.threshold!r}" for one in points]

    @property
    def head_macs(self) -> Mapping[str, int]:
        return {POLICY: self.shared.costs.policy_joint.total}

    @torch.no_grad()
    def run(self, clips: Clips, dial: str) -> Trace:
        """As the classifier decides; nothing is drawn. The policy's branches run on all segments,
        whether there is sound or not, as serving counts them."""
        threshold = float(dial.split()[1])
        model = self.shared.model.eval()
        policy = policy_outputs(model, clips.features)
        probabilities = keep_probabilities(policy.logits.numpy(), model.spec.policy.returns)
        macs = [self.shared.costs.recognition[name].total for name in self.shared.names]
        needs_one = not model.spec.policy.exits
        selected = [
            choose(p, a, threshold=threshold, macs=macs, needs_one=needs_one)
            for p, a in zip(probabilities, clips.available.numpy(), strict=True)
        ]
        computed = torch.from_numpy(np.stack(selected))
        logits = model.fuse(clips.logits, computed.float(), policy.exit_logits).video
        steps = {POLICY: torch.full((len(clips),), clips.segments)}
        return Trace(logits, torch.ones_like(computed), computed, steps)


def fit_ours(shared: Shared, seed: int) -> AdaMMLSystem:
    """The run has trained it."""
    del seed
    return AdaMMLSystem(shared)
