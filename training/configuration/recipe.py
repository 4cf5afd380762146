"""The recipe's settings: every field with its meaning, which the reference table repeats."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from model.spec.model_spec import Modality

# What a network starts from.
KnownWeights = Literal["imagenet", "random"]
Optimizer = Literal["adamw", "sgd"]
Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0)]


class Closed(BaseModel):
    """Immutable; an unknown key is an error. A field's docstring is its description."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )


class UnimodalConfig(Closed):
    """Training one recognition network alone, on the mean of its segments' logits."""

    epochs: int = Field(default=12, ge=1)
    """Passes over the training videos' views."""
    batch_videos: int = Field(default=8, ge=1)
    """Videos in a batch, over all processes together; each brings all of its segments."""
    weights: KnownWeights | Path = "imagenet"
    """What the network starts from; a path: weights for its backbone, as its library saves them.
    `yamnet` needs one, an .npz of the published variables, and so does the policy's branch where
    it is a `yamnet`, which takes the same."""
    frozen_stages: int | None = None
    """The stem and that many stages keep what they start from; their outputs are computed once.
    Absent: everything is trained, from inputs read anew in every epoch."""
    trains_trunk: bool = True
    """Whether what is not frozen of the trunk learns too. False: the classifier alone does, which a
    few hundred clips cannot make learn them by heart."""
    pools: Literal["mean", "log_sum_exp"] = "mean"
    """A video's logits from its segments'. `log_sum_exp` suits labels that are true of one segment
    of several."""
    calibrates_norm: bool = False
    """Re-estimate the batch-norm statistics on the modality's own inputs first: those of ImageNet
    describe photographs."""
    norm: Literal["fixed", "trained"] = "fixed"
    """Whether batch-norm statistics follow the batches in training; small ones are too noisy."""
    dropout: float | None = Field(default=None, ge=0, lt=1)
    """Before the classifier, also in the joint stages; absent: as the spec says."""
    optimizer: Optimizer = "adamw"
    """The published recipe takes SGD with momentum 0.9."""
    learning_rate: float = Field(default=5e-4, gt=0)
    """Of the trunk, at the schedule's peak."""
    classifier_rate_factor: float = Field(default=4.0, gt=0)
    """The classifier, which starts from nothing, learns that many times faster."""
    schedule: Literal["one_cycle", "steps", "constant"] = "one_cycle"
    """`one_cycle`: up over the first tenth, down by a cosine. `steps`: a tenth after each of
    `step_epochs`."""
    step_epochs: tuple[int, ...] = ()
    """For `steps`; published: 20, 40, 50 of 60."""
    weight_decay: float = Field(default=0.05, ge=0)
    """Decoupled in AdamW, L2 in SGD."""
    clip_gradient: float | None = Field(default=None, gt=0)
    """Largest norm of the gradient; absent: not clipped."""
    label_smoothing: float = Field(default=0.1, ge=0, lt=1)
    """Share of the target that is spread over all classes."""
    draws_sound: bool = False
    """Audio: draw the windows anew in every epoch, at other speeds and gains, instead of from the
    cached views."""
    speed_change: float = Field(default=0.12, ge=0, lt=1)
    """For `draws_sound`: the largest relative change of speed, and with it of pitch."""
    gain_change: float = Field(default=10.0, ge=0)
    """For `draws_sound`: the largest change of loudness, in dB."""
    mask_frequencies: int = Field(default=0, ge=0)
    """Spectrograms: widest random band of rows set to the mean, as in SpecAugment."""
    mask_times: int = Field(default=0, ge=0)
    """Spectrograms: widest random band of columns set to the mean."""

    @property
    def pools_once(self) -> bool:
        """Whether the classifier alone learns, of views that stay as they are: then what the trunk
        makes of these is computed once."""
        masks = self.mask_frequencies or self.mask_times
        return not (self.trains_trunk or self.draws_sound or masks)


class JointConfig(Closed):
    """The paper's three stages: warm-up of the recognisers under the untrained policy, policy and
    recognisers in turns, fine-tuning of the recognisers under the best policy."""

    warmup_epochs: int = Field(default=5, ge=0)
    """Recognisers and fusion only; an untrained policy decides about at random."""
    alternating_epochs: int = Field(default=20, ge=1)
    """Each is one pass that trains the recognisers and one that trains the policy."""
    finetune_epochs: int = Field(default=10, ge=0)
    """Recognisers and fusion only, from the alternating epoch that was best on validation."""
    batch_videos: int = Field(default=32, ge=1)
    """Videos in a batch, over all processes together; each brings all of its segments."""
    end_to_end: bool = False
    """Train whole networks, the policy's branches included. False: classifiers, fusion and the
    policy above its branches, on features of the frozen trunks that are computed once."""
    policy_weights: KnownWeights = "imagenet"
    """What the policy's branches start from."""
    norm: Literal["fixed", "trained", "drifting"] = "fixed"
    """Batch-norm statistics, end to end only: `trained` follows the batches in the networks that
    are being trained, `drifting` in the frozen ones as well, as the reference does."""
    frozen_dropout: bool = False
    """Leave dropout active in the recognisers while only the policy learns, as the reference."""
    recognition_optimizer: Optimizer = "adamw"
    """The published recipe takes SGD with momentum 0.9."""
    policy_optimizer: Optimizer = "adamw"
    """The published recipe takes Adam."""
    recognition_learning_rate: float = Field(default=1e-3, gt=0)
    """Of recognisers and fusion."""
    policy_learning_rate: float = Field(default=1e-3, gt=0)
    """Of the policy."""
    decay_at: tuple[Share, ...] = (0.5, 0.75)
    """Shares of the alternating epochs after which both learning rates fall to a tenth. In the
    reference that schedule is dead: []."""
    weight_decay: float = Field(default=1e-4, ge=0)
    """Of everything that is trained, the fusion weights included."""
    clip_gradient: float | None = Field(default=None, gt=0)
    """Largest norm of the gradient; absent: not clipped."""
    policy_teacher: Literal["decisions", "gains"] = "decisions"
    """What the policy learns from. `decisions`: as published, from the loss of the videos under
    decisions drawn by Gumbel-softmax. `gains`: for each segment and modality, whether the
    log-probability of the truth that it gained, given a random part of the rest, is worth its
    multiply-adds; nothing is drawn, and no efficiency loss is paid."""
    gain_price: float = Field(default=0.3, ge=0)
    """For `gains`: nats that a GFLOP must gain."""
    gain_orders: int = Field(default=8, ge=1)
    """For `gains`: random orders over which a gain is averaged."""
    gain_alone: tuple[Modality, ...] = ()
    """For `gains`: modalities of which each segment is judged alone, by what it gains over
    knowing nothing. Those that show the same again and again share one gain between them in random
    orders, so that none of them seems worth much. Not for videos of several labels, of which
    nothing known is far from what all of them have in common."""
    gain_least: dict[Modality, Weight] = Field(default_factory=dict)
    """For `gains`: nats by modality that must be gained besides the price; chance gains a little
    everywhere. Absent: none."""
    mixes_modalities: bool = False
    """For `folds`, without an exit head: the policy learns from videos whose modalities are of
    several videos of one label, their segments in random order, drawn anew in every epoch. One
    that sees whole videos learns a few hundred by heart otherwise. Videos of several labels are
    mixed with those of exactly the same."""
    folds: int = Field(default=0, ge=0, le=10)
    """For `gains`, on frozen features: so many parts, by source, into which the training videos are
    divided. New classifiers learn together for `warmup_epochs`, and for each part others that do
    not see it: these judge how far each modality is to be believed, and what is gained. They learn
    from everything, unless `random_policy` says otherwise. Then the policy alone learns, in the
    alternating epochs. 0: gains are judged by the classifiers that are trained in turns with the
    policy, and know every video."""
    average_epochs: Share = 0.0
    """For `folds`: the policy is the mean of what it was after each of this share of its epochs,
    the last ones (stochastic weight averaging); best without `decay_at`. 0: as after the last."""
    efficiency_loss: Literal["hard", "soft", "broadcast", "none"] = "hard"
    """What a video pays for the modalities it used. `hard`: Eq. 4 as printed, correct videos pay
    their usage, wrong ones a constant. `soft`: the probability of the label takes the place of
    being correct, so `wrong_penalty` has a gradient. `broadcast`: the reference's slip, all pay
    the batch's mean usage times its accuracy. `none`: nothing is paid (ablation)."""
    usage_cost: Literal["squared", "linear"] = "squared"
    """Of the share of segments that use a modality. `squared`: Eq. 4 as printed; a little of
    everything is almost free, so the policy keeps by low probabilities that no threshold keeps.
    `linear`: every use costs the same, and probabilities go to 0 or 1."""
    cost_rule: Literal["proportional", "equal"] = "proportional"
    """lambda of the modalities: proportional to their multiply-adds, or the same for all
    (ablation). The largest is `max_cost_weight`."""
    max_cost_weight: float = Field(default=0.5, ge=0)
    """lambda of the most expensive modality."""
    cost_weights: dict[Modality, Weight] | None = None
    """lambda by modality, instead of `cost_rule`; published for RGB and audio: 1 and 0.05."""
    wrong_penalty: float = Field(default=10.0, ge=0)
    """gamma: what a wrong video pays, times the sum of lambda."""
    start_temperature: float = Field(default=5.0, gt=0)
    """Of the Gumbel-softmax: it scales gradients and never changes a decision."""
    end_temperature: float = Field(default=0.5, gt=0)
    """Reached in the last alternating epoch, by equal factors."""
    temperature_decay: float | None = Field(default=None, gt=0, le=1)
    """The reference's schedule instead: a factor an epoch (0.965), which ends at 2.5 of 5."""
    drop_audio: float = Field(default=0.3, ge=0, le=1)
    """Share of the videos silenced in each batch, so that a missing track tells no label."""
    keeps_all: bool = False
    """Baseline without a policy: every modality of every segment is kept, in training, on
    validation and in the checkpoint. Nothing teaches the policy then."""
    random_policy: dict[Modality, Share] | None = None
    """Ablation: while the recognisers learn, each modality is kept at this rate at random, instead
    of as the policy decides."""

    @model_validator(mode="after")
    def _can_be_judged(self) -> Self:
        if self.folds == 1:
            raise ValueError("folds is 1: a part is judged by what learned from the others")
        if self.folds and (self.policy_teacher != "gains" or self.end_to_end):
            raise ValueError(
                'folds needs policy_teacher = "gains", on the features of frozen networks'
            )
        if self.folds and not self.warmup_epochs:
            raise ValueError("folds needs warmup_epochs, in which its classifiers learn")
        if self.average_epochs and not self.folds:
            raise ValueError(
                "average_epochs needs folds; else the best epoch on validation is kept"
            )
        if self.mixes_modalities and not self.folds:
            raise ValueError("mixes_modalities needs folds, which judge every modality by itself")
        return self
