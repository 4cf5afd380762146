"""ModelSpec: the frozen, validated description of a model that travels with its weights."""

from __future__ import annotations

from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from model.spec.cost_table import CostTable
from model.spec.input_spec import InputSpec

Modality = Literal["rgb", "flow", "audio"]
Proxy = Literal["rgb", "rgb_diff", "flow", "audio"]
Backbone = Literal[
    "resnet18",
    "resnet50",
    "mobilenet_v2",
    "efficientnet_b0",
    "efficientnet_b3",
    "efficientnet_lite0",
    "yamnet",
]

FusionRule = Literal["weighted", "class_weighted", "average", "max", "fc2", "log_sum_exp"]

WEIGHTED_RULES: tuple[FusionRule, ...] = ("weighted", "class_weighted", "average")
MODALITIES: tuple[Modality, ...] = get_args(Modality)
# The cheap inputs from which the policy may decide on each modality.
PROXIES_OF: dict[Modality, tuple[Proxy, ...]] = {
    "rgb": ("rgb",),
    "flow": ("rgb_diff", "flow"),
    "audio": ("audio",),
}
# Stages after the stem (stage 0); temporal pooling and truncation count in these.
NUM_STAGES: dict[Backbone, int] = {
    "resnet18": 4,
    "resnet50": 4,
    "mobilenet_v2": 7,
    "efficientnet_b0": 7,
    "efficientnet_b3": 7,
    "efficientnet_lite0": 7,
    "yamnet": 13,
}
# Trained on sound; the others on photographs.
SOUND_BACKBONES: tuple[Backbone, ...] = ("yamnet",)


# Of a model that does not know how long its training clips were.
DEFAULT_WINDOW_SECONDS = 5.0


class Frozen(BaseModel):
    """Immutable, hashable where its fields are, and closed: an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class NetworkSpec(Frozen):
    """One convolutional network: a 2-D backbone over `frames` images with temporal max-pooling.

    `temporal_pool_after` lists stages (1 = first after the stem) after which the frames are
    max-pooled over time (kernel 3, stride 2, padding 1), so 8 frames become 4, 2, 1. `num_stages`
    truncates the backbone after that many stages; None keeps all, with the backbone's own head
    convolution. `width` multiplies every channel count, but a head is never narrowed.
    `resolution` None: inputs keep their own size, which for a spectrogram need not be square.
    """

    backbone: Backbone
    frames: int = Field(ge=1, le=64)
    resolution: int | None = Field(ge=32, le=1024)
    width: float = Field(default=1.0, gt=0, le=4)
    temporal_pool_after: tuple[int, ...] = ()
    num_stages: int | None = None
    dropout: float = Field(default=0.5, ge=0, lt=1)

    @model_validator(mode="after")
    def _stages_exist(self) -> Self:
        whole = NUM_STAGES[self.backbone]
        depth = whole if self.num_stages is None else self.num_stages
        if not 1 <= depth <= whole:
            raise ValueError(f"num_stages is {depth}; {self.backbone} has 1 to {whole}")
        pools = self.temporal_pool_after
        if list(pools) != sorted(set(pools)) or any(not 1 <= stage <= depth for stage in pools):
            raise ValueError(
                f"temporal_pool_after is {pools}; allowed are increasing stages from 1 to {depth}"
            )
        return self


class ModalitySpec(Frozen):
    """A modality: its recognition network, and the proxy by which the policy decides on it."""

    name: Modality
    recognizer: NetworkSpec
    proxy: Proxy
    policy: NetworkSpec

    @model_validator(mode="after")
    def _proxy_fits(self) -> Self:
        if self.proxy not in PROXIES_OF[self.name]:
            raise ValueError(
                f"proxy of {self.name} is {self.proxy!r}; allowed: {PROXIES_OF[self.name]}"
            )
        audio_frames = (self.recognizer.frames, self.policy.frames)
        if self.name == "audio" and audio_frames != (1, 1):
            raise ValueError(f"audio networks see one spectrogram, not {audio_frames} frames")
        for source, network in ((self.name, self.recognizer), (self.proxy, self.policy)):
            if network.backbone in SOUND_BACKBONES and source != "audio":
                raise ValueError(f"{network.backbone} hears sound; it is set for {source}")
        return self


class PolicySpec(Frozen):
    """How the modalities' features become decisions.

    `joint_width` is the size of the two fully connected layers; `lstm_width` None leaves the
    recurrence out; `feeds_back_logits` appends the previous segment's raw logits to the LSTM's
    input, as the published implementation does; `joint_decision` takes one decision for all
    modalities; `sees_availability` appends one flag per modality to the joint features.
    `exits` adds an exit head: a linear classifier on the branches' features gives every segment
    class logits of its own, which always take part in the fusion, so that a video may need no
    recognition network at all; the joint layers see its log probabilities.
    `standardizes` brings the branches' features to mean 0 and spread 1 by fixed statistics of the
    training videos; `dropout` drops some of them, in training alone.
    `sees_whole` has every segment judged by what the whole video shows: the largest value of each
    joint feature over its segments is appended, of a stream over what has come of its window.
    `returns`: what keeping a modality a second time in a video is worth, of the first; p(keep) of
    its second most probable segment counts by that factor, of the third by its square.
    """

    joint_width: int = Field(default=2048, ge=1)
    lstm_width: int | None = Field(default=256, ge=1)
    feeds_back_logits: bool = True
    joint_decision: bool = False
    sees_availability: bool = False
    exits: bool = False
    standardizes: bool = False
    dropout: float = Field(default=0.0, ge=0, lt=1)
    sees_whole: bool = False
    returns: float = Field(default=1.0, gt=0, le=1)

    @model_validator(mode="after")
    def _feedback_needs_lstm(self) -> Self:
        if self.feeds_back_logits and self.lstm_width is None:
            raise ValueError("feeds_back_logits is true without an LSTM; set lstm_width too")
        return self


class FusionSpec(Frozen):
    """Late fusion of the modalities' class logits.

    weighted: learned scalars, the last one is 1 - sum of the others. class_weighted: the same for
    every class of its own. average: equal weights. max: the largest logit of what was selected.
    fc2: two fully connected layers over all logits, zeros where skipped; their few thousand
    multiply-adds are not counted. log_sum_exp: of all that was kept in any segment, each with its
    own say by how large its logits are, so that one segment in which the event is decides alone.
    `renormalizes` divides a segment's logits by the weights of what was selected there, each of
    them at least 0.01, and averages the video over the segments in which something was; without
    it a skipped modality contributes zero logits, and so does an empty segment, as published.
    A video in which nothing was selected has zero logits either way.
    `pools_evidence` takes the video's mean over all that was kept in any segment, by weight,
    instead of over the segments: one well-examined segment is not outvoted by nine glances.
    """

    rule: FusionRule = "weighted"
    renormalizes: bool = False
    pools_evidence: bool = False

    @model_validator(mode="after")
    def _evidence_has_weights(self) -> Self:
        if self.pools_evidence and not (self.renormalizes and self.rule in WEIGHTED_RULES):
            raise ValueError(
                "pools_evidence needs renormalizes and one of the rules"
                f" {', '.join(WEIGHTED_RULES)}; the rule is {self.rule!r}"
            )
        return self


class OperatingPoint(Frozen):
    """One point of the measured accuracy/compute curve, on validation data.

    `segments` None: the spec's `eval_segments`, as of every curve measured before there was a
    choice. `loss` is the mean cross-entropy in nats, by which points are compared where it is
    known: among few videos accuracy is chance long before the loss is.

    `accuracy` is measured on videos that did not choose the point; of as many others, 95 % of
    measurements should lie from `accuracy_low` to `accuracy_high`. `videos`: how many it rests on.
    None: as of a curve that was measured without, whose accuracy chose its points.
    """

    threshold: float = Field(ge=0, le=1)
    accuracy: float = Field(ge=0, le=1)
    gflops: float = Field(ge=0)
    segments: int | None = Field(default=None, ge=1, le=64)
    loss: float | None = Field(default=None, ge=0)
    accuracy_low: float | None = Field(default=None, ge=0, le=1)
    accuracy_high: float | None = Field(default=None, ge=0, le=1)
    videos: int | None = Field(default=None, ge=1)


class ModelSpec(Frozen):
    """Everything but the weights. Tuples are in the order of the fusion weights and the heads.

    A video is evaluated on `eval_segments`, which also say what it costs to compute everything;
    it is served on `served_segments`, which with the threshold are a point of the curve.
    `clip_seconds`: how long the training clips were (median); None: not known.
    """

    format_version: Literal[1] = 1
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$")
    labels: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = Field(min_length=2)
    modalities: tuple[ModalitySpec, ...] = Field(min_length=1)
    inputs: InputSpec = InputSpec()
    policy: PolicySpec = PolicySpec()
    fusion: FusionSpec = FusionSpec()
    train_segments: int = Field(default=5, ge=1, le=64)
    eval_segments: int = Field(default=10, ge=1, le=64)
    served_segments: int | None = Field(default=None, ge=1, le=64)
    clip_seconds: float | None = Field(default=None, gt=0)
    threshold: float = Field(default=0.5, ge=0, le=1)
    costs: CostTable | None = None
    curve: tuple[OperatingPoint, ...] = ()
    provenance: dict[str, str] = {}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("labels repeat")
        if len(set(self.modality_names)) != len(self.modalities):
            raise ValueError(f"modalities repeat: {self.modality_names}")
        for modality in self.modalities:
            for network in (modality.recognizer, modality.policy):
                if modality.name != "audio" and self.inputs.frames % network.frames:
                    raise ValueError(
                        f"a {modality.name} network sees {network.frames} frames; that must"
                        f" divide the segment's {self.inputs.frames}"
                    )
        return self

    @property
    def modality_names(self) -> tuple[Modality, ...]:
        return tuple(modality.name for modality in self.modalities)

    def modality(self, name: Modality) -> ModalitySpec:
        """Raises ValueError for a modality that the model does not have."""
        return self.modalities[self.modality_names.index(name)]

    @property
    def default_segments(self) -> int:
        """Of a video, unless a request asks for another number."""
        return self.served_segments or self.eval_segments

    @property
    def window_seconds(self) -> float:
        """A longer video is judged in windows of this length, if not asked otherwise."""
        return self.clip_seconds or DEFAULT_WINDOW_SECONDS

    @property
    def num_fused(self) -> int:
        """Rows of logits that a segment's fusion takes: the modalities, then the exit head."""
        return len(self.modalities) + self.policy.exits

    @property
    def num_heads(self) -> int:
        """Two-way heads of the policy: one per modality, or one for all."""
        return 1 if self.policy.joint_decision else len(self.modalities)

    def require_costs(self) -> CostTable:
        if self.costs is None:
            raise ValueError(f"the spec {self.name!r} has no cost table; see model.networks.cost")
        return self.costs
