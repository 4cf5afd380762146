"""What the joint stages are trained on: features of frozen trunks, or the decoded inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from model.networks.adamml import AdaMML
from model.spec.dummy_inputs import dummy_inputs
from model.spec.model_spec import SOUND_BACKBONES, Modality
from training.configuration.config import TrainConfig
from training.data.cache import Item
from training.data.run_data import RunData
from training.features.features import Features, RawData
from training.features.stage_outputs import calibrate_norm, pooled_features
from training.run.engine import Engine
from training.unimodal.pretrained import load_weights


def prepare_policy(config: TrainConfig, model: AdaMML, data: RunData, engine: Engine) -> None:
    """What the policy's branches start from, with statistics that fit their inputs."""
    for modality in model.spec.modalities:
        branch = model.policy.branch(modality.name)
        if modality.name == "audio" and config.model.policy.hears_by_recognizer:
            branch.load_state_dict(model.recognizer("audio").trunk.state_dict())
            continue
        if modality.policy.backbone in SOUND_BACKBONES:
            # It knows sound already: what it starts from fits as it is.
            load_weights(branch, config.unimodal[modality.name].weights)
            continue
        load_weights(branch, config.joint.policy_weights)
        if modality.proxy != "rgb":
            stream = data.policy_stream(modality)
            calibrate_norm(branch, data.cache, data.train, stream, seed=config.seed, engine=engine)


def joint_features(
    model: AdaMML,
    data: RunData,
    items: Sequence[Item],
    recognition: Mapping[Modality, Tensor],
    engine: Engine,
) -> Features:
    """The recognisers' pooled features with those of the policy's frozen branches."""
    policy, silence = {}, {}
    for modality in model.spec.modalities:
        name, branch = modality.name, model.policy.branch(modality.name)
        stream = data.policy_stream(modality)
        policy[name] = pooled_features(branch, data.cache, items, stream, engine)
        with torch.no_grad():
            silence[name] = branch(_blank(model, name).to(engine.hardware.device))[0].cpu()
    return Features(
        recognition=recognition,
        policy=policy,
        silence=silence,
        available=data.available(items),
        targets=data.targets(items),
    )


def raw_data(model: AdaMML, data: RunData, items: Sequence[Item]) -> RawData:
    """The decoded inputs themselves, for training end to end."""
    names = model.spec.modality_names
    return RawData(
        recognition={name: data.raw(items, f"recognizer.{name}") for name in names},
        policy={m.name: data.raw(items, data.policy_stream(m)) for m in model.spec.modalities},
        silence={name: _blank(model, name)[0] for name in names},
        available=data.available(items),
        targets=data.targets(items),
    )


def _blank(model: AdaMML, name: Modality) -> Tensor:
    return torch.from_numpy(dummy_inputs(model.spec, name, role="policy"))
