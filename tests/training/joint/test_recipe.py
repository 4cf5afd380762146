"""The recipe's settings do what they say: on the tiny model, with made-up inputs."""

import pytest
import torch
from torch import nn

from model.networks.adamml import AdaMML
from model.networks.decisions import keep_probability
from model.spec.model_spec import PolicySpec
from tests.support.models import tiny_spec
from tests.support.raw_features import raw_features
from training.configuration.recipe import JointConfig, UnimodalConfig
from training.features.pooling import pool_all
from training.joint.efficiency_loss import cost_weights
from training.joint.objective import JointObjective, draw
from training.joint.parts import set_modes
from training.joint.schedule import Epoch, joint_epochs, num_passes, rate_factor, temperature
from training.joint.trainer import JointTrainer
from training.run.engine import Engine
from training.run.optimization import Stepper, make_optimizer, unimodal_schedule
from training.run.run_log import Where


def train_once(config, *, spec=None, seed=0):
    """The model and the entries of its state that changed."""
    torch.manual_seed(seed)
    model = AdaMML(spec or tiny_spec())
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    data = raw_features(model)
    trainer = JointTrainer(model, config, generator=torch.Generator().manual_seed(seed))
    trainer.train(data, data)
    return model, {n for n, t in model.state_dict().items() if not torch.equal(t, before[n])}


def end_to_end(**settings):
    quick = {"warmup_epochs": 0, "alternating_epochs": 1, "finetune_epochs": 0, "batch_videos": 3}
    return JointConfig(**{"end_to_end": True, **quick, **settings})


def pass_statistics(config, part_name):
    """Which batch-norm statistics one pass of one part changes: recognition's, the policy's."""
    torch.manual_seed(0)
    model = AdaMML(tiny_spec())
    trainer = JointTrainer(model, config, generator=torch.Generator().manual_seed(0))
    before = {name: tensor.clone() for name, tensor in model.named_buffers()}
    one = trainer.passes[part_name]
    optimizer = make_optimizer(
        "adamw", [{"params": one.part.parameters, "lr": 0.0}], weight_decay=0
    )
    stepper = Stepper(optimizer, Engine().hardware.scaler())
    one.run(Epoch("alternating", 0), raw_features(model), stepper, lambda videos: None)
    after = dict(model.named_buffers())
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    return {name.split(".")[0] for name in changed}


@pytest.mark.parametrize(
    ("norm", "part", "moving"),
    [
        ("fixed", "recognition", set()),
        ("fixed", "policy", set()),
        ("trained", "recognition", {"recognizers"}),
        ("trained", "policy", {"policy"}),
        ("drifting", "recognition", {"recognizers", "policy"}),
        ("drifting", "policy", {"recognizers", "policy"}),
    ],
)
def test_whose_statistics_follow_the_batches(norm, part, moving):
    assert pass_statistics(end_to_end(norm=norm), part) == moving


@pytest.mark.parametrize(("frozen_dropout", "alike"), [(False, True), (True, False)])
def test_dropout_of_frozen_recognisers_is_the_references_slip(frozen_dropout, alike):
    model = AdaMML(tiny_spec()).eval()
    config = end_to_end(frozen_dropout=frozen_dropout)
    trainer = JointTrainer(model, config, generator=torch.Generator().manual_seed(0))
    batch = pool_all(model, raw_features(model), Engine(), batch_videos=6)
    one = trainer.passes["policy"]
    set_modes(model, one.part, config)
    draws = draw(6, 2, model.spec, JointConfig(drop_audio=0), torch.Generator(), trains_policy=True)
    losses = [one.objective(batch, draws, 1.0, True).losses for _ in range(2)]

    assert torch.equal(*losses) == alike


def test_end_to_end_trains_every_weight_and_pooled_features_only_the_top():
    model, changed = train_once(
        end_to_end(recognition_learning_rate=0.001, policy_learning_rate=0.001)
    )
    weights = {name for name, _ in model.named_parameters()}

    assert changed == weights


def test_one_decision_for_all_is_one_draw_for_all():
    """The policy's shared logits alone would leave every modality its own draw."""
    torch.manual_seed(0)
    spec = tiny_spec(policy=PolicySpec(joint_width=16, lstm_width=8, joint_decision=True))
    model = AdaMML(spec)
    config = JointConfig(drop_audio=0.0)
    features = pool_all(model, raw_features(model), Engine(), batch_videos=6)
    objective = JointObjective(model, config, cost_weights(spec, config))
    generator = torch.Generator().manual_seed(0)

    seen = []
    for _ in range(8):
        draws = draw(6, 2, spec, config, generator, trains_policy=True)
        decisions = objective(features, draws, 1.0, True).decisions
        assert (decisions == decisions[..., :1]).all()
        seen.append(decisions)
    rate = torch.stack(seen).mean().item()
    assert 0.1 < rate < 0.9, "decisions are drawn, not fixed"


def test_a_random_policy_decides_for_the_recognisers_alone():
    torch.manual_seed(0)
    model = AdaMML(tiny_spec())
    config = JointConfig(random_policy={"rgb": 1.0, "audio": 0.0, "flow": 0.25}, drop_audio=0.0)
    raw = raw_features(model)
    features = pool_all(model, raw, Engine(), batch_videos=6)
    objective = JointObjective(model, config, cost_weights(model.spec, config))
    generator = torch.Generator().manual_seed(0)

    def rates(trains_policy):
        drawn = []
        for _ in range(50):
            draws = draw(6, 2, model.spec, config, generator, trains_policy=trains_policy)
            drawn.append(objective(features, draws, 1.0, trains_policy).decisions)
        return torch.stack(drawn).mean(dim=(0, 1, 2)).tolist()

    assert rates(False) == [1.0, 0.0, pytest.approx(0.25, abs=0.06)]
    with torch.no_grad():
        logits = model.policy(raw.policy, raw.available)
    wanted = keep_probability(logits).mean(dim=(0, 1)).tolist()
    assert rates(True) == [pytest.approx(rate, abs=0.07) for rate in wanted]


def test_where_folds_judge_classifiers_learn_from_everything():
    model = AdaMML(tiny_spec())
    config = JointConfig(policy_teacher="gains", folds=2, drop_audio=0.0)
    objective = JointObjective(model, config, cost_weights(model.spec, config))
    features = pool_all(model, raw_features(model), Engine(), batch_videos=6)
    draws = draw(6, 2, model.spec, config, torch.Generator(), trains_policy=False)

    assert torch.equal(objective(features, draws, 1.0, False).decisions, features.available.float())


def test_unavailable_modalities_are_never_drawn():
    torch.manual_seed(0)
    model = AdaMML(tiny_spec())
    config = JointConfig(random_policy=dict.fromkeys(("rgb", "audio", "flow"), 1.0), drop_audio=0.5)
    features = pool_all(model, raw_features(model), Engine(), batch_videos=6)
    features.available[0, 1, 0] = False
    objective = JointObjective(model, config, cost_weights(model.spec, config))
    draws = draw(6, 2, model.spec, config, torch.Generator().manual_seed(0), trains_policy=False)

    decisions = objective(features, draws, 1.0, False).decisions

    assert decisions[0, 1, 0] == 0
    assert torch.equal(decisions[:, 0, 1] == 0, draws.silenced)
    assert 0 < draws.silenced.sum() < 6


def test_the_temperature_reaches_its_floor_and_the_references_does_not():
    config = JointConfig(alternating_epochs=20)
    epochs = [epoch for epoch in joint_epochs(config) if epoch.stage == "alternating"]

    taus = [temperature(epoch, config) for epoch in epochs]
    assert taus[0] == 5.0
    assert taus[-1] == pytest.approx(0.5)
    assert taus == sorted(taus, reverse=True)
    assert temperature(Epoch("warmup", 3), config) == 5.0
    assert temperature(Epoch("finetune", 0), config) == pytest.approx(0.5)

    reference = JointConfig(alternating_epochs=20, temperature_decay=0.965)
    assert temperature(epochs[-1], reference) == pytest.approx(2.541, abs=5e-4)
    assert temperature(Epoch("finetune", 9), reference) == pytest.approx(2.452, abs=5e-4)


def test_learning_rates_fall_to_a_tenth_at_the_shares():
    config = JointConfig(alternating_epochs=20)

    assert [rate_factor(Epoch("alternating", number), config) for number in (0, 9, 10, 15)] == [
        1.0,
        1.0,
        pytest.approx(0.1),
        pytest.approx(0.01),
    ]
    assert rate_factor(Epoch("finetune", 0), config) == 1.0
    dead = JointConfig(alternating_epochs=20, decay_at=())
    assert rate_factor(Epoch("alternating", 19), dead) == 1.0


def test_an_alternating_epoch_has_two_passes():
    config = JointConfig(warmup_epochs=1, alternating_epochs=3, finetune_epochs=2)

    assert num_passes(joint_epochs(config), config) == 1 + 2 * 3 + 2


def stepped_rates(config, *, steps):
    parameter = nn.Parameter(torch.zeros(1))
    optimizer = make_optimizer(
        config.optimizer, [{"params": [parameter], "lr": config.learning_rate}], weight_decay=0.0
    )
    schedule = unimodal_schedule(optimizer, config, steps=steps)
    stepper = Stepper(optimizer, Engine().hardware.scaler(), schedule=schedule)
    rates = []
    for step in range(config.epochs * steps):
        rates.append(stepper.learning_rate)
        stepper.step((parameter * 1.0).sum(), Where("test", 0, step))
    return rates


def test_the_published_schedule_falls_at_its_epochs():
    config = UnimodalConfig(
        epochs=4, optimizer="sgd", schedule="steps", step_epochs=(2, 3), learning_rate=0.01
    )

    assert stepped_rates(config, steps=2) == pytest.approx([0.01] * 4 + [1e-3] * 2 + [1e-4] * 2)


def test_one_cycle_rises_and_falls_and_constant_stays():
    rising = stepped_rates(UnimodalConfig(epochs=5, learning_rate=0.01), steps=4)

    assert max(rising) == pytest.approx(0.01, rel=0.02)
    assert rising[0] < 0.001
    assert rising[-1] < 0.001
    flat = stepped_rates(UnimodalConfig(epochs=2, schedule="constant", learning_rate=0.1), steps=2)
    assert flat == [0.1] * 4


def test_gradients_are_clipped_to_the_norm():
    parameter = nn.Parameter(torch.zeros(2))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    stepper = Stepper(optimizer, Engine().hardware.scaler(), clip_gradient=0.5)

    stepper.step((parameter * torch.tensor([30.0, 40.0])).sum(), Where("test", 0, 0))

    torch.testing.assert_close(parameter.data, torch.tensor([-0.3, -0.4]))


def test_a_baseline_keeps_everything_and_teaches_no_policy():
    config = end_to_end(keeps_all=True, recognition_learning_rate=0.001)
    model, changed = train_once(config)
    assert {name.split(".")[0] for name in changed} == {"recognizers", "fusion"}

    trainer = JointTrainer(model, config, generator=torch.Generator())
    assert trainer.validate(raw_features(model)).selection == (1.0, 1.0, 1.0)
    assert num_passes(joint_epochs(config), config) == 1
