import pytest
import torch
from torch import nn

from training.run.best import Best, Mean, Weights


def test_the_best_weights_come_back_and_of_equal_ones_the_later():
    layer = nn.Linear(1, 1, bias=False)
    best = Best(Weights(layer))

    for value, score in ((1.0, 0.5), (2.0, 0.8), (3.0, 0.8), (4.0, 0.7)):
        layer.weight.data.fill_(value)
        best.consider(score, 0.0)

    assert best.apply() == (0.8, 0.0)
    assert layer.weight.item() == 3.0


def test_the_second_figure_decides_between_equal_first_ones():
    layer = nn.Linear(1, 1)
    best = Best(Weights(layer))

    assert best.consider(0.8, -10.0)
    assert best.consider(0.8, -5.0)
    assert not best.consider(0.8, -7.0)


def test_weights_that_were_not_named_are_left_alone():
    layer = nn.Linear(1, 1)
    weights = Weights(layer, {"bias"})
    state = {name: tensor.clone() for name, tensor in weights.state_dict().items()}
    layer.weight.data.fill_(7.0)
    layer.bias.data.fill_(7.0)

    weights.load_state_dict(state)

    assert state.keys() == {"bias"}
    assert layer.weight.item() == 7.0
    assert torch.equal(layer.bias.data, state["bias"])


def test_nothing_considered_is_nothing_to_apply():
    with pytest.raises(ValueError, match="no weights were considered"):
        Best(Weights(nn.Linear(1, 1))).apply()


def test_the_mean_of_the_weights_that_were_added_also_after_a_restart():
    layer = nn.Linear(1, 1, bias=False)
    mean = Mean(Weights(layer))
    for value in (1.0, 2.0):
        layer.weight.data.fill_(value)
        mean.add()
    resumed = Mean(Weights(layer))
    resumed.load_state_dict(mean.state_dict())
    layer.weight.data.fill_(6.0)
    resumed.add()

    resumed.apply()

    assert layer.weight.item() == 3.0


def test_the_mean_of_nothing_changes_nothing():
    layer = nn.Linear(1, 1, bias=False)
    layer.weight.data.fill_(4.0)

    Mean(Weights(layer)).apply()

    assert layer.weight.item() == 4.0
