"""Ready-made specs: the paper's models, its Table 6, and the compact model that is bundled."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from model.spec.input_spec import AudioSpec, InputSpec, Normalization
from model.spec.model_spec import (
    Backbone,
    FusionSpec,
    Modality,
    ModalitySpec,
    ModelSpec,
    NetworkSpec,
    PolicySpec,
    Proxy,
)

# Where each family pools its frames over time. ResNet and the policy's MobileNetV2 as published;
# the EfficientNet row of Table 6 does not say: these agree with the cost it states.
_POOLS: dict[Backbone, tuple[int, ...]] = {
    "resnet18": (1, 2, 3),
    "resnet50": (1, 2, 3),
    "mobilenet_v2": (3, 5),
    "efficientnet_b0": (2, 3, 5),
    "efficientnet_b3": (2, 3, 5),
}


def paper_modality(
    name: Modality, proxy: Proxy, recognizer: Backbone, *, resolution: int = 224
) -> ModalitySpec:
    """A modality as published: eight frames for recognition, four of 160 pixels for the policy.

    Audio is one spectrogram of 256x256 for both; `resolution` is that of images.
    """
    if name == "audio":
        frames, policy_frames, resolution, policy_resolution = 1, 1, 256, 256
    else:
        frames, policy_frames, policy_resolution = 8, 4, 160
    return ModalitySpec(
        name=name,
        recognizer=_network(recognizer, frames, resolution),
        proxy=proxy,
        policy=_network("mobilenet_v2", policy_frames, policy_resolution),
    )


def _network(backbone: Backbone, frames: int, resolution: int) -> NetworkSpec:
    return NetworkSpec(
        backbone=backbone,
        frames=frames,
        resolution=resolution,
        temporal_pool_after=_POOLS[backbone] if frames > 1 else (),
    )


_RGB = paper_modality("rgb", "rgb", "resnet50")
_AUDIO = paper_modality("audio", "audio", "mobilenet_v2")
_FLOW_BY_DIFFERENCE = paper_modality("flow", "rgb_diff", "resnet50")
_FLOW_BY_FLOW = paper_modality("flow", "flow", "resnet50")
_AUDIO_RESNET = paper_modality("audio", "audio", "resnet18")

# The paper's models, with its policy and fusion; the order is that of its fusion weights.
_PAPER: dict[str, tuple[ModalitySpec, ...]] = {
    "rgb-audio": (_RGB, _AUDIO),
    "rgb-flow": (_RGB, _FLOW_BY_DIFFERENCE),
    "rgb-flow-by-flow": (_RGB, _FLOW_BY_FLOW),
    "rgb-audio-flow": (_RGB, _AUDIO, _FLOW_BY_DIFFERENCE),
    "rgb-audio-flow-by-flow": (_RGB, _AUDIO, _FLOW_BY_FLOW),
    # Table 6; its first row is "rgb-audio".
    "resnet18": (paper_modality("rgb", "rgb", "resnet18"), _AUDIO_RESNET),
    "resnet18-112": (paper_modality("rgb", "rgb", "resnet18", resolution=112), _AUDIO_RESNET),
    "efficientnet": (
        paper_modality("rgb", "rgb", "efficientnet_b3"),
        paper_modality("audio", "audio", "efficientnet_b0"),
    ),
}


def _lite(frames: int, resolution: int, num_stages: int | None = None) -> NetworkSpec:
    return NetworkSpec(
        backbone="efficientnet_lite0", frames=frames, resolution=resolution, num_stages=num_stages
    )


def _compact(name: str, labels: Sequence[str]) -> ModelSpec:
    """Three EfficientNet-Lite0 and a policy of truncated ones: a nineteenth of the paper's cost.

    Flow is one frame of five pairs, rgb two frames whose features are averaged, a spectrogram is
    halved; the policy decides by one small frame and answers the easy videos itself.
    """
    rgb, diff, sound = (_lite(1, size, num_stages=5) for size in (96, 64, 64))
    modalities = (
        ModalitySpec(name="rgb", recognizer=_lite(2, 224), proxy="rgb", policy=rgb),
        ModalitySpec(name="audio", recognizer=_lite(1, 128), proxy="audio", policy=sound),
        ModalitySpec(name="flow", recognizer=_lite(1, 224), proxy="rgb_diff", policy=diff),
    )
    # The weights that EfficientNet-Lite starts from expect images in -1..1.
    half = Normalization(mean=(0.5,), std=(0.5,))
    # Log power of speech and music lies around -7 with a spread of 4; silence is -13.8.
    audio = AudioSpec(normalization=Normalization(mean=(-7.0,), std=(4.0,)))
    return ModelSpec(
        name=name,
        labels=tuple(labels),
        modalities=modalities,
        inputs=InputSpec(rgb_normalization=half, rgb_diff_normalization=half, audio=audio),
        policy=PolicySpec(
            joint_width=256, lstm_width=128, exits=True, standardizes=True, dropout=0.5
        ),
        fusion=FusionSpec(renormalizes=True, pools_evidence=True),
    )


def _paper(name: str, labels: Sequence[str]) -> ModelSpec:
    return ModelSpec(name=name, labels=tuple(labels), modalities=_PAPER[name])


_MAKERS: dict[str, Callable[[str, Sequence[str]], ModelSpec]] = {
    **dict.fromkeys(_PAPER, _paper),
    "compact": _compact,
}
PRESETS: tuple[str, ...] = tuple(_MAKERS)


def preset(name: str, labels: Sequence[str]) -> ModelSpec:
    """The ready-made spec `name`, for these class labels, without a cost table.

    Raises:
        ValueError: there is no such preset, or the labels do not make a spec.
    """
    if name not in _MAKERS:
        raise ValueError(f"no preset is called {name!r}; there are {', '.join(PRESETS)}")
    return _MAKERS[name](name, labels)
