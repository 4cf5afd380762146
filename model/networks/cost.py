"""Multiply-adds of a model's components, counted on its own layers without computing anything."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from model.networks import AdaMML
from model.spec.cost_table import CostTable, LayerCosts
from model.spec.dummy_inputs import dummy_inputs
from model.spec.model_spec import ModelSpec


def with_costs(spec: ModelSpec) -> ModelSpec:
    """`spec` with its cost table counted."""
    return spec.model_copy(update={"costs": count_costs(spec)})


@torch.no_grad()
def count_costs(spec: ModelSpec) -> CostTable:
    """Multiply-adds of one segment, by component and kind of layer.

    Every layer runs once on the meta device, where tensors have shapes and no values.
    """
    with torch.device("meta"):
        model = AdaMML(spec).eval()
        recognition: dict[str, LayerCosts] = {}
        branches: dict[str, LayerCosts] = {}
        for name in spec.modality_names:
            recognizer, branch = model.recognizer(name), model.policy.branch(name)
            seen = torch.from_numpy(dummy_inputs(spec, name, role="recognizer")).to("meta")
            recognition[name] = count_layers(recognizer, partial(recognizer, seen))
            seen = torch.from_numpy(dummy_inputs(spec, name, role="policy")).to("meta")
            branches[name] = count_layers(branch, partial(branch, seen))
        joint = count_layers(model.policy, partial(_decide_one_segment, model))
    return CostTable(recognition=recognition, policy_branches=branches, policy_joint=joint)


def _decide_one_segment(model: AdaMML) -> None:
    """Run what follows the policy's branches, on one row of features."""
    names = model.spec.modality_names
    features = [torch.zeros(1, model.policy.branch(name).feature_dim) for name in names]
    joint = model.policy.joint(features, torch.ones(1, len(names))).joint
    segment = model.policy.with_whole(joint.unsqueeze(0))[:, 0]
    model.policy.step(segment, model.policy.initial_state(segment))


def count_layers(module: nn.Module, run: Callable[[], object]) -> LayerCosts:
    """Multiply-adds of the layers of `module` that run during `run`, as often as they run."""
    seen: list[LayerCosts] = []

    def record(layer: nn.Module, _inputs: object, output: Tensor) -> None:
        seen.append(layer_costs(layer, output))

    handles = [layer.register_forward_hook(record) for layer in module.modules()]
    try:
        run()
    finally:
        for handle in handles:
            handle.remove()
    return sum(seen, start=LayerCosts())


def layer_costs(layer: nn.Module, output: Tensor) -> LayerCosts:
    """One call of one layer: every output number of a convolution or a linear layer takes as many
    multiply-adds as it has weights; an LSTM cell 4 * hidden * (input + hidden). Biases, like all
    other layers, are not counted.
    """
    if isinstance(layer, nn.Conv2d):
        return LayerCosts(conv=output.numel() * layer.weight[0].numel())
    if isinstance(layer, nn.Linear):
        return LayerCosts(linear=output.numel() * layer.in_features)
    if isinstance(layer, nn.LSTMCell):
        rows = output[0].shape[0]
        width = layer.input_size + layer.hidden_size
        return LayerCosts(lstm=rows * 4 * layer.hidden_size * width)
    return LayerCosts()
