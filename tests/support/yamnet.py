"""YAMNet with generated weights, in the layout in which it is published."""

import numpy as np

from model.networks.cost import with_costs
from model.networks.trunk import Trunk
from model.spec.input_spec import AudioSpec, InputSpec, MelSpec
from model.spec.model_spec import ModelSpec, NetworkSpec
from tests.support.models import tiny_spec

FRONT_END = AudioSpec(
    sample_rate=16_000,
    window_seconds=0.975,
    n_fft=512,
    win_length=400,
    hop_length=160,
    log_epsilon=1e-3,
    mel=MelSpec(),
)
# Output channels of the pairs, and the strides of their depthwise convolutions.
PAIRS = (64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)


def generated_variables(seed=0):
    """Names and shapes as published; values under which signals neither die nor grow."""
    random = np.random.default_rng(seed)
    shapes = [("kernel", (3, 3, 1, 32))]
    channels = 32
    for out in PAIRS:
        shapes += [("depthwise_kernel", (3, 3, channels, 1)), ("kernel", (1, 1, channels, out))]
        channels = out
    variables = {}
    for number, (name, shape) in enumerate(shapes):
        fan_in = shape[0] * shape[1] * (shape[2] if name == "kernel" else 1)
        kernel = random.normal(size=shape) * (2 / fan_in) ** 0.5
        variables[f"{2 * number:02d}.{name}"] = kernel.astype(np.float32)
        width = shape[3] if name == "kernel" else shape[2]
        for statistic, low, high in (
            ("beta", -0.2, 0.4),
            ("moving_mean", -0.2, 0.2),
            ("moving_variance", 0.7, 1.4),
        ):
            values = random.uniform(low, high, size=width).astype(np.float32)
            variables[f"{2 * number + 1:02d}.{statistic}"] = values
    variables["54.kernel"] = random.normal(size=(1024, 521)).astype(np.float32)
    variables["54.bias"] = np.zeros(521, dtype=np.float32)
    return variables


def yamnet_file(folder, variables=None):
    path = folder / "yamnet.npz"
    np.savez(path, **(variables or generated_variables()))
    return path


def yamnet_trunk(num_stages=None):
    spec = NetworkSpec(backbone="yamnet", frames=1, resolution=None, num_stages=num_stages)
    return Trunk(spec, "audio", InputSpec(audio=FRONT_END)).eval()


def hearing_spec(*, width=1.0) -> ModelSpec:
    """The tiny one, its sound by YAMNets of a few stages."""
    spec = tiny_spec()

    def network(stages):
        return NetworkSpec(
            backbone="yamnet", frames=1, resolution=None, width=width, num_stages=stages
        )

    audio = spec.modality("audio").model_copy(
        update={"recognizer": network(4), "policy": network(2)}
    )
    modalities = tuple(audio if one.name == "audio" else one for one in spec.modalities)
    inputs = spec.inputs.model_copy(update={"audio": FRONT_END})
    return with_costs(spec.model_copy(update={"modalities": modalities, "inputs": inputs}))
