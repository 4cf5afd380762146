"""From raw inputs to pooled features, for training whole networks."""

# Dimensions: V videos, S segments, D features of a network.

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from model.networks.adamml import AdaMML
from model.spec.model_spec import Modality
from training.data.array_store import iterate_batches, read_ahead
from training.features.features import Features, JointData
from training.run.engine import Engine


def pool(model: AdaMML, batch: Features) -> Features:
    """Run the trunks on raw inputs, with gradients; pooled features stay as they are."""
    if not batch.is_raw:
        return batch
    videos, segments = batch.available.shape[:2]

    def rows(trunk: nn.Module, inputs: Tensor) -> Tensor:
        features: Tensor = trunk(inputs.flatten(0, 1))
        return features.reshape(videos, segments, -1)

    return replace(
        batch,
        recognition={n: rows(model.recognizer(n).trunk, x) for n, x in batch.recognition.items()},
        policy={n: rows(model.policy.branch(n), x) for n, x in batch.policy.items()},
        silence={},  # the batch's videos that go without audio do so already
        is_raw=False,
    )


@torch.no_grad()
def pool_all(model: AdaMML, data: JointData, engine: Engine, *, batch_videos: int) -> Features:
    """All of `data`, by the trunks as they are now; the ranks share the work.

    Puts `model` into eval mode.
    """
    if isinstance(data, Features) and not data.is_raw:
        return data.to(engine.hardware.device)
    model.eval()
    ranks, batches = engine.ranks, iterate_batches(len(data), batch_videos)
    done = []
    for rows, batch in read_ahead(batches[ranks.rank :: ranks.world], data.select):
        with engine.hardware.autocast():
            pooled = pool(model, batch.to(engine.hardware.device))
        done.append((rows, pooled.to(torch.device("cpu"))))
    shared = [pair for one in ranks.gather(done) for pair in one]
    order = torch.cat([rows for rows, _ in shared]).argsort()
    joined = replace(
        _joined([features for _, features in shared], order), silence=_silence(model, data, engine)
    )
    return joined.to(engine.hardware.device)


def _silence(model: AdaMML, data: JointData, engine: Engine) -> dict[Modality, Tensor]:
    """The policy branches' answer to an absent modality."""
    answers = {}
    for name, blank in data.silence.items():
        with engine.hardware.autocast():
            answer = model.policy.branch(name)(blank.unsqueeze(0).to(engine.hardware.device))
        answers[name] = answer[0].float()
    return answers


def _joined(batches: list[Features], order: Tensor) -> Features:
    first = batches[0]
    return replace(
        first,
        recognition={
            n: torch.cat([b.recognition[n] for b in batches])[order].float()
            for n in first.recognition
        },
        policy={n: torch.cat([b.policy[n] for b in batches])[order].float() for n in first.policy},
        available=torch.cat([b.available for b in batches])[order],
        targets=torch.cat([b.targets for b in batches])[order],
    )
