"""Ready-made specs: the paper's models, its Table 6, and the compact model that is bundled."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from model.input_spec import AudioSpec, FlowSpec, InputSpec, Normalization
from model.spec import (
    Backbone,
    FusionSpec,
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
    "efficientnet_lite0": (2, 3, 5),
}


def _images(
    backbone: Backbone, *, frames: int, resolution: int, num_stages: int | None = None
) -> NetworkSpec:
    pools = _POOLS[backbone] if frames > 1 else ()
    return NetworkSpec(
        backbone=backbone,
        frames=frames,
        resolution=resolution,
        temporal_pool_after=pools,
        num_stages=num_stages,
    )


def _rgb(recognizer: Backbone = "resnet50", resolution: int = 224) -> ModalitySpec:
    return ModalitySpec(
        name="rgb",
        recognizer=_images(recognizer, frames=8, resolution=resolution),
        proxy="rgb",
        policy=_images("mobilenet_v2", frames=4, resolution=160),
    )


def _audio(recognizer: Backbone = "mobilenet_v2") -> ModalitySpec:
    return ModalitySpec(
        name="audio",
        recognizer=_images(recognizer, frames=1, resolution=256),
        proxy="audio",
        policy=_images("mobilenet_v2", frames=1, resolution=256),
    )


def _flow(proxy: Proxy) -> ModalitySpec:
    return ModalitySpec(
        name="flow",
        recognizer=_images("resnet50", frames=8, resolution=224),
        proxy=proxy,
        policy=_images("mobilenet_v2", frames=4, resolution=160),
    )


def _paper(name: str, labels: Sequence[str], *modalities: ModalitySpec) -> ModelSpec:
    """The paper's policy and fusion around any of its modalities."""
    return ModelSpec(name=name, labels=tuple(labels), modalities=modalities)


_HALF = Normalization(mean=(0.5,), std=(0.5,))


def _compact(name: str, labels: Sequence[str]) -> ModelSpec:
    """Three EfficientNet-Lite0 and a policy of truncated ones: about 1/15 of the paper's cost.

    Lite0 expects images in -1..1. Flow is seen in one frame of five pairs, rgb in two; the policy
    judges from one frame of half the size.
    """
    lite: Backbone = "efficientnet_lite0"
    branch = _images(lite, frames=1, resolution=112, num_stages=5)
    audio_branch = _images(lite, frames=1, resolution=128, num_stages=5)
    rgb = _images(lite, frames=2, resolution=224).model_copy(update={"temporal_pool_after": ()})
    flow = _images(lite, frames=1, resolution=224)
    audio = _images(lite, frames=1, resolution=256)
    return ModelSpec(
        name=name,
        labels=tuple(labels),
        modalities=(
            ModalitySpec(name="rgb", recognizer=rgb, proxy="rgb", policy=branch),
            ModalitySpec(name="audio", recognizer=audio, proxy="audio", policy=audio_branch),
            ModalitySpec(name="flow", recognizer=flow, proxy="rgb_diff", policy=branch),
        ),
        inputs=InputSpec(
            rgb_normalization=_HALF,
            rgb_diff_normalization=_HALF,
            flow=FlowSpec(),
            # Log power of speech and music lies around -7 with a spread of 4; silence is -13.8.
            audio=AudioSpec(normalization=Normalization(mean=(-7.0,), std=(4.0,))),
        ),
        policy=PolicySpec(joint_width=256, lstm_width=128),
        fusion=FusionSpec(renormalizes=True),
    )


_MAKERS: dict[str, Callable[[str, Sequence[str]], ModelSpec]] = {
    "rgb-audio": lambda name, labels: _paper(name, labels, _rgb(), _audio()),
    "rgb-flow": lambda name, labels: _paper(name, labels, _rgb(), _flow("rgb_diff")),
    "rgb-flow-by-flow": lambda name, labels: _paper(name, labels, _rgb(), _flow("flow")),
    "rgb-audio-flow": lambda name, labels: _paper(
        name, labels, _rgb(), _audio(), _flow("rgb_diff")
    ),
    "rgb-audio-flow-by-flow": lambda name, labels: _paper(
        name, labels, _rgb(), _audio(), _flow("flow")
    ),
    # Table 6 (its first row, ResNet-50 and MobileNetV2, is "rgb-audio").
    "resnet18": lambda name, labels: _paper(name, labels, _rgb("resnet18"), _audio("resnet18")),
    "resnet18-112": lambda name, labels: _paper(
        name, labels, _rgb("resnet18", 112), _audio("resnet18")
    ),
    "efficientnet": lambda name, labels: _paper(
        name, labels, _rgb("efficientnet_b3"), _audio("efficientnet_b0")
    ),
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
