"""Models small enough for tests: the real architecture, a quarter of the width, 64 pixels."""

import torch

from model.networks.adamml import AdaMML
from model.networks.cost import with_costs
from model.spec.input_spec import InputSpec
from model.spec.model_spec import FusionSpec, ModalitySpec, ModelSpec, NetworkSpec, PolicySpec

LABELS = ("jump", "sing", "run", "sit")


def tiny_network(frames: int, resolution: int = 64) -> NetworkSpec:
    return NetworkSpec(
        backbone="mobilenet_v2", frames=frames, resolution=resolution, width=0.25, num_stages=4
    )


def tiny_spec(
    *, policy: PolicySpec | None = None, fusion: FusionSpec | None = None, flow_proxy="rgb_diff"
) -> ModelSpec:
    """Three modalities, 64-pixel crops of images whose short side is 72."""
    modalities = (
        ModalitySpec(
            name="rgb", recognizer=tiny_network(8), proxy="rgb", policy=tiny_network(2, 32)
        ),
        ModalitySpec(
            name="audio", recognizer=tiny_network(1), proxy="audio", policy=tiny_network(1, 32)
        ),
        ModalitySpec(
            name="flow", recognizer=tiny_network(4), proxy=flow_proxy, policy=tiny_network(1, 32)
        ),
    )
    return with_costs(
        ModelSpec(
            name="tiny",
            labels=LABELS,
            modalities=modalities,
            inputs=InputSpec(short_side=72, crop=64),
            policy=policy or PolicySpec(joint_width=16, lstm_width=8),
            fusion=fusion or FusionSpec(),
            eval_segments=4,
        )
    )


def tiny_model(spec: ModelSpec | None = None, *, seed: int = 0) -> AdaMML:
    """Random weights that half precision holds, and batch-norm statistics that are not trivial."""
    torch.manual_seed(seed)
    model = AdaMML(spec or tiny_spec()).eval()
    for name, tensor in model.state_dict().items():
        if name.endswith("running_mean"):
            tensor.normal_(0, 0.1)
        elif name.endswith("running_var"):
            tensor.uniform_(0.5, 1.5)
        elif name.endswith("feature_mean"):
            tensor.normal_(0, 1).copy_(tensor.half().float())
        elif name.endswith("feature_scale"):
            tensor.uniform_(0.5, 1.5).copy_(tensor.half().float())
        elif tensor.is_floating_point():
            tensor.copy_(tensor.half().float())
    return model
