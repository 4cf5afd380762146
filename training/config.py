"""TrainConfig: one TOML file describes one training run; unknown keys are refused."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from model.spec import Modality

# What a network starts from.
InitialWeights = Literal["imagenet", "random"]


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class DataConfig(_Closed):
    """`train_views` augmented views (segment starts, crop, flip) of every training video are
    decoded once and cached; validation and test use the view that serving sees."""

    manifest: Path
    cache: Path = Path("cache")
    train_views: int = Field(default=3, ge=1, le=64)
    workers: int = Field(default=2, ge=1, le=64)


class UnimodalConfig(_Closed):
    """Training one recognition network alone, on the mean of its segments' logits.

    `frozen_stages`: the stem and that many stages keep their ImageNet weights, and their outputs
    are computed once; None trains everything. `calibrates_norm` re-estimates the batch-norm
    statistics on the modality's own inputs first, for inputs that are not photographs.
    """

    epochs: int = Field(default=12, ge=1)
    batch_videos: int = Field(default=8, ge=1)
    learning_rate: float = Field(default=5e-4, gt=0)
    weight_decay: float = Field(default=0.05, ge=0)
    label_smoothing: float = Field(default=0.1, ge=0, lt=1)
    weights: InitialWeights = "imagenet"
    frozen_stages: int | None = None
    calibrates_norm: bool = False
    # Spectrograms only: widths of the random bands set to the mean, as in SpecAugment.
    mask_frequencies: int = Field(default=0, ge=0)
    mask_times: int = Field(default=0, ge=0)


class JointConfig(_Closed):
    """The paper's three stages, on the pooled features of the unimodal networks.

    Trained: classifiers, fusion weights, and the policy above its branches. `cost_weights` are
    the paper's lambda, in its order of the modalities; None: proportional to the multiply-adds,
    the most expensive being `max_cost_weight`.
    """

    policy_weights: InitialWeights = "imagenet"
    warmup_epochs: int = Field(default=5, ge=0)
    alternating_epochs: int = Field(default=20, ge=1)
    finetune_epochs: int = Field(default=10, ge=0)
    batch_videos: int = Field(default=32, ge=1)
    recognition_learning_rate: float = Field(default=1e-3, gt=0)
    policy_learning_rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=1e-4, ge=0)
    cost_weights: dict[Modality, float] | None = None
    max_cost_weight: float = Field(default=0.5, ge=0)
    wrong_penalty: float = Field(default=10.0, ge=0)
    start_temperature: float = Field(default=5.0, gt=0)
    temperature_decay: float = Field(default=0.965, gt=0, le=1)
    drop_audio: float = Field(default=0.3, ge=0, le=1)


class TrainConfig(_Closed):
    """A run: data, the architecture, and the stages' settings.

    `preset` is a ready-made spec's name, or a JSON file with a spec, whose labels are replaced.
    """

    name: str
    preset: str = "compact"
    output: Path
    seed: int = Field(default=0, ge=0, lt=2**31)
    data: DataConfig
    unimodal: dict[Modality, UnimodalConfig]
    joint: JointConfig = JointConfig()

    @model_validator(mode="after")
    def _has_networks(self) -> Self:
        if not self.unimodal:
            raise ValueError("[unimodal.NAME] is needed for every modality of the preset")
        return self


def read_config(path: Path) -> TrainConfig:
    """Relative paths inside are relative to the file. Raises ValueError, naming wrong keys."""
    config = TrainConfig.model_validate(tomllib.loads(path.read_text()))
    folder = path.parent
    data = config.data.model_copy(
        update={"manifest": folder / config.data.manifest, "cache": folder / config.data.cache}
    )
    changes: dict[str, object] = {"data": data, "output": folder / config.output}
    if config.preset.endswith(".json"):
        changes["preset"] = str(folder / config.preset)
    return config.model_copy(update=changes)
