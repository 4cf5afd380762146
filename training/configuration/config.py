"""TrainConfig: one TOML file describes one training run; unknown keys are refused."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.spec.model_spec import FusionRule, Modality, Proxy
from training.configuration.recipe import Closed, JointConfig, UnimodalConfig

_LIMITS = DecodeLimits()


class DataConfig(Closed):
    """Which videos, and where their decoded inputs are kept."""

    manifest: Path
    """The list of videos, labels and splits, .csv or .jsonl, or a folder with a folder for each
    class; relative to the TOML file, as all paths."""
    cache: Path = Path("cache")
    """Folder of decoded inputs and of frozen stages' outputs; runs may share it."""
    train_views: int = Field(default=3, ge=1, le=64)
    """Augmented views (segment starts, crop, flip) of every training video; validation and test
    use the view that serving sees."""
    includes_serving_view: bool = False
    """The first of the training views is the one that serving sees, and no augmented one."""
    curve_segments: tuple[Annotated[int, Field(ge=1, le=64)], ...] = ()
    """Numbers of segments at which the accuracy/compute curve is measured besides
    `model.eval_segments`; validation videos are decoded for each. Fewer segments are cheaper."""
    workers: int | None = Field(default=None, ge=1, le=256)
    """Videos decoded at a time; absent: one a core."""
    max_video_seconds: float = Field(default=_LIMITS.max_duration_seconds, gt=0)
    """Longer videos are left out, and told."""
    max_frame_pixels: int = Field(default=_LIMITS.max_pixels, ge=1)
    """Videos with larger frames, width times height, are left out, and told."""

    @property
    def limits(self) -> DecodeLimits:
        """What decoding of one video may cost."""
        return DecodeLimits(
            max_duration_seconds=self.max_video_seconds, max_pixels=self.max_frame_pixels
        )


class PolicyOverrides(Closed):
    """What differs from the preset's policy; absent fields stay as they are."""

    joint_width: int | None = Field(default=None, ge=1)
    """Width of the two joint layers."""
    lstm_width: int | None = Field(default=None, ge=0)
    """Width of the LSTM; 0: none (ablation)."""
    feeds_back_logits: bool | None = None
    """Give the LSTM the previous segment's raw logits, as the reference does and the paper does
    not say."""
    joint_decision: bool | None = None
    """One decision for all modalities of a segment (ablation)."""
    sees_availability: bool | None = None
    """Tell the policy which modalities exist."""
    exits: bool | None = None
    """An exit head: the policy's own features classify too, so that a video may need nothing."""
    standardizes: bool | None = None
    """Bring the policy's features to mean 0 and spread 1 by statistics of the training videos."""
    dropout: float | None = Field(default=None, ge=0, lt=1)
    """Of the policy's features, in training."""
    sees_whole: bool | None = None
    """Judge every segment by what the policy sees in the whole video, too: the event of the last
    segment when it decides on the first."""
    returns: float | None = Field(default=None, gt=0, le=1)
    """What keeping a modality a second time in a video is worth, of the first: by so much less
    counts p(keep) of its next most probable segment. 1: as much."""
    hears_by_recognizer: bool = False
    """Its audio branch is audio's recognition network as it was trained alone, as if the two were
    one (ablation). Both are counted and computed: one would cost the recogniser's share less."""


class FusionOverrides(Closed):
    """What differs from the preset's fusion; absent fields stay as they are."""

    rule: FusionRule | None = None
    """How the kept modalities' logits are put together."""
    renormalizes: bool | None = None
    """Divide by the kept weights; the reference counts a skipped modality as zero logits."""
    pools_evidence: bool | None = None
    """Average over all that was kept in any segment, instead of over the segments."""


class ModelConfig(Closed):
    """What differs from the preset; absent fields stay as they are."""

    modalities: tuple[Modality, ...] | None = Field(default=None, min_length=1)
    """Only these of the preset's; their decoded inputs are shared with runs that use all."""
    flow_proxy: Proxy | None = None
    """What the policy judges flow by: rgb_diff, or flow itself."""
    train_segments: int | None = Field(default=None, ge=1, le=64)
    """Segments of a training video."""
    eval_segments: int | None = Field(default=None, ge=1, le=64)
    """Segments of a validation video, and of a served one."""
    policy: PolicyOverrides = PolicyOverrides()
    fusion: FusionOverrides = FusionOverrides()


class HardwareConfig(Closed):
    """Where a run computes; `adamml train` has options that override these."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto: a GPU if there is one. Under torchrun every process takes the GPU of its local rank."""
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    """Of automatic mixed precision; float16 scales the loss."""
    channels_last: bool = True
    """The memory layout in which convolutions run fastest, on CPUs as well."""


class TrainConfig(Closed):
    """A run: data, the architecture, and the stages' settings."""

    name: str
    """Names the checkpoint and the model in it."""
    preset: str = "compact"
    """A ready-made spec, or a JSON file with one, whose labels are replaced."""
    output: Path
    """Folder of the checkpoint, the log and the stages' states."""
    unimodal_state: Path | None = None
    """Folder of the unimodal stages' states; runs that share it train those networks once.
    Absent: within `output`."""
    seed: int = Field(default=0, ge=0, lt=2**31)
    """The same seed, settings, data and machine give the same weights, bit for bit."""
    tensorboard: bool = True
    """Write TensorBoard's event files beside the JSON lines."""
    data: DataConfig
    model: ModelConfig = ModelConfig()
    hardware: HardwareConfig = HardwareConfig()
    unimodal: dict[Modality, UnimodalConfig]
    joint: JointConfig = JointConfig()

    @model_validator(mode="after")
    def _has_networks(self) -> Self:
        if not self.unimodal:
            raise ValueError("[unimodal.NAME] is needed for every modality of the preset")
        silent = [name for name, one in self.unimodal.items() if one.draws_sound]
        if set(silent) - {"audio"}:
            raise ValueError(f"draws_sound is set for {', '.join(silent)}; only audio has sound")
        return self


def read_config(path: Path) -> TrainConfig:
    """Relative paths inside are relative to the file. Raises ValueError, naming wrong keys."""
    return config_from(tomllib.loads(path.read_text()), path.parent)


def config_from(settings: Mapping[str, Any], folder: Path) -> TrainConfig:
    """Relative paths inside are relative to `folder`. Raises ValueError, naming wrong keys."""
    config = TrainConfig.model_validate(settings)
    data = config.data.model_copy(
        update={"manifest": folder / config.data.manifest, "cache": folder / config.data.cache}
    )
    changes: dict[str, object] = {"data": data, "output": folder / config.output}
    if config.preset.endswith(".json"):
        changes["preset"] = str(folder / config.preset)
    changes["unimodal"] = {name: _located(one, folder) for name, one in config.unimodal.items()}
    if config.unimodal_state is not None:
        changes["unimodal_state"] = folder / config.unimodal_state
    return config.model_copy(update=changes)


def _located(unimodal: UnimodalConfig, folder: Path) -> UnimodalConfig:
    if not isinstance(unimodal.weights, Path):
        return unimodal
    return unimodal.model_copy(update={"weights": folder / unimodal.weights})
