"""Exporting a model to the serving bundle: one ONNX graph for each network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from model.files.bundle import write_bundle
from model.networks.adamml import AdaMML
from model.networks.cost import with_costs
from model.networks.policy import PolicyNetwork, PolicyState
from model.networks.recognizer import Recognizer
from model.networks.trunk import Trunk
from model.spec.dummy_inputs import Role, dummy_inputs
from model.spec.model_spec import Modality, ModelSpec

OPSET = 18


@dataclass(frozen=True, slots=True)
class Graph:
    """A module with example inputs, and the axis of theirs that may be of any length."""

    module: nn.Module
    examples: tuple[Tensor | list[Tensor], ...]
    dynamic_axis: int | None = 0


class PolicyBranch(nn.Module):
    """(1, ...) inputs of one modality's proxy -> (1, D)."""

    def __init__(self, branch: Trunk) -> None:
        super().__init__()
        self.branch = branch

    def forward(self, inputs: Tensor) -> Tensor:
        return self.branch.forward_frame_by_frame(inputs)


class SegmentRecognizer(nn.Module):
    """(1, ...) inputs of one modality -> (1, K) class logits."""

    def __init__(self, recognizer: Recognizer) -> None:
        super().__init__()
        self.recognizer = recognizer

    def forward(self, inputs: Tensor) -> Tensor:
        return self.recognizer.classify(self.recognizer.trunk.forward_frame_by_frame(inputs))


class PolicyJoint(nn.Module):
    """(S, sum of D) features and (S, M) availability -> (S, W), and (S, K) of an exit head."""

    def __init__(self, policy: PolicyNetwork) -> None:
        super().__init__()
        self.policy = policy

    def forward(self, features: Tensor, available: Tensor) -> tuple[Tensor, ...]:
        joint, exits = self.policy.joint([features], available)
        # Adding nothing keeps `available` among the graph's inputs where the policy ignores it.
        joint = joint + 0.0 * available.sum()
        return (joint,) if exits is None else (joint, exits)


class PolicyStep(nn.Module):
    """(1, W) and the state's non-empty tensors -> (1, M, 2) and the next ones."""

    def __init__(self, policy: PolicyNetwork) -> None:
        super().__init__()
        self.policy = policy
        self.used = [width > 0 for width in state_widths(policy)]

    def forward(self, joint: Tensor, state: list[Tensor]) -> tuple[Tensor, ...]:
        given = iter(state)
        empty = joint.new_zeros(joint.shape[0], 0)
        full = PolicyState(*(next(given) if used else empty for used in self.used))
        logits, after = self.policy.step(joint, full)
        return (logits, *(tensor for tensor, used in zip(after, self.used, strict=True) if used))


def state_widths(policy: PolicyNetwork) -> tuple[int, ...]:
    """Columns of the hidden, cell and fed-back logits tensors."""
    state = policy.initial_state(torch.zeros(1, policy.fc2.out_features))
    return tuple(tensor.shape[1] for tensor in state)


def export_bundle(model: AdaMML, path: Path) -> None:
    """Write `model` as a serving bundle; dropout and batch norm as in evaluation.

    Weights that half precision holds exactly are stored so, which changes no answer.
    """
    model = model.eval()
    graphs = {name: _serialize(graph) for name, graph in _graphs(model).items()}
    write_bundle(path, with_costs(model.spec), graphs)


def _graphs(model: AdaMML) -> dict[str, Graph]:
    spec, policy = model.spec, model.policy
    graphs = {}
    for name in spec.modality_names:
        branch = PolicyBranch(policy.branch(name))
        graphs[f"policy_branch_{name}"] = _of_a_segment(branch, spec, name, "policy")
        recognizer = SegmentRecognizer(model.recognizer(name))
        graphs[f"recognizer_{name}"] = _of_a_segment(recognizer, spec, name, "recognizer")
    num_modalities = len(spec.modalities)
    features = sum(policy.branch(name).feature_dim for name in spec.modality_names)
    joint = (torch.zeros(2, features), torch.zeros(2, num_modalities))
    graphs["policy_joint"] = Graph(PolicyJoint(policy), joint)
    state = [torch.zeros(2, width) for width in state_widths(policy) if width]
    step = (torch.zeros(2, policy.step_width), state)
    graphs["policy_step"] = Graph(PolicyStep(policy), step)
    logits = torch.zeros(1, 3, spec.num_fused, len(spec.labels))
    graphs["fusion"] = Graph(model.fusion, (logits, torch.ones(logits.shape[:3])), dynamic_axis=1)
    return graphs


def _of_a_segment(module: nn.Module, spec: ModelSpec, name: Modality, role: Role) -> Graph:
    """One segment at a time: as fast as a batch, and a runtime knows every shape beforehand."""
    example = torch.from_numpy(dummy_inputs(spec, name, role=role))
    return Graph(module, (example,), dynamic_axis=None)


def _serialize(graph: Graph) -> bytes:
    program = torch.onnx.export(
        graph.module.eval(),
        graph.examples,
        dynamo=True,
        dynamic_shapes=_dynamic_shapes(graph),
        opset_version=OPSET,
        # Folding batch norm here would leave weights that half precision cannot hold; OpenVINO
        # folds it when it loads.
        optimize=False,
        verbose=False,
    )
    if program is None:
        raise RuntimeError(f"torch exported nothing for {type(graph.module).__name__}")
    proto = program.model_proto
    store_as_half(proto)
    onnx.checker.check_model(proto)
    serialized: bytes = proto.SerializeToString(deterministic=True)
    return serialized


def _dynamic_shapes(graph: Graph) -> tuple[object, ...] | None:
    if graph.dynamic_axis is None:
        return None
    batch = {graph.dynamic_axis: torch.export.Dim.DYNAMIC}
    return tuple(
        [batch] * len(example) if isinstance(example, list) else batch for example in graph.examples
    )


# Smaller tensors are not worth a node of their own.
MIN_ELEMENTS = 256


def store_as_half(model: onnx.ModelProto) -> int:
    """Replace float32 initialisers that float16 holds exactly by float16 plus a Cast, in place.

    OpenVINO folds the casts when it loads the graph, so what runs is float32 as before.
    Returns the number of replaced tensors.
    """
    casts = []
    for position, tensor in enumerate(model.graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < MIN_ELEMENTS:
            continue
        with np.errstate(over="ignore"):
            half = values.astype(np.float16)
        if not np.array_equal(half.astype(np.float32), values):
            continue
        stored = f"{tensor.name}.half"
        casts.append(
            onnx.helper.make_node("Cast", [stored], [tensor.name], to=onnx.TensorProto.FLOAT)
        )
        model.graph.initializer[position].CopyFrom(numpy_helper.from_array(half, stored))
    # In front: an ONNX graph is sorted, every value before its first use.
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return len(casts)
