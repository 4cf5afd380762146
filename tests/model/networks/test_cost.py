"""The paper's numbers, to the last digit. It counts convolutions alone."""

import pytest
import torch
from torch import nn

from model.networks.cost import count_costs, layer_costs, with_costs
from model.spec.cost_table import LayerCosts
from model.spec.model_spec import PolicySpec
from model.spec.presets import preset

LABELS = tuple(f"class {number}" for number in range(31))
RGB, FLOW, AUDIO = 14_135_984_128, 16_338_911_232, 381_739_008
POLICY_RGB, POLICY_DIFFERENCE, POLICY_FLOW = 375_446_400, 463_920_000, 427_056_000


def counted(name):
    return count_costs(preset(name, LABELS))


def convolutions(costs):
    return {name: cost.conv for name, cost in costs.items()}


def test_rgb_audio_flow_as_published():
    costs = counted("rgb-audio-flow")

    assert convolutions(costs.recognition) == {"rgb": RGB, "audio": AUDIO, "flow": FLOW}
    assert convolutions(costs.policy_branches) == {
        "rgb": POLICY_RGB,
        "audio": AUDIO,
        "flow": POLICY_DIFFERENCE,
    }


@pytest.mark.parametrize(
    ("name", "gflops"), [("rgb-audio", 145.177), ("rgb-flow", 304.749), ("rgb-audio-flow", 308.566)]
)
def test_ten_dense_segments(name, gflops):
    """The paper prints 145.17, 304.75 and 308.56."""
    dense = sum(convolutions(counted(name).recognition).values())

    assert 10 * dense / 1e9 == pytest.approx(gflops, abs=5e-4)


@pytest.mark.parametrize(
    ("name", "total"),
    [
        ("rgb-audio", 768_987_008),
        ("rgb-flow", 851_168_000),
        ("rgb-flow-by-flow", 814_304_000),
        ("rgb-audio-flow", 1_235_531_008),
        ("rgb-audio-flow-by-flow", 1_198_667_008),
    ],
)
def test_the_whole_policy_with_its_joint_layers(name, total):
    assert counted(name).policy.total == total


def test_the_joint_part_by_kind():
    """2560 -> 2048 -> 2048, an LSTM of 256 that also sees four raw logits, two heads."""
    joint = counted("rgb-audio").policy_joint

    assert joint == LayerCosts(
        linear=2560 * 2048 + 2048 * 2048 + 2 * 2 * 256, lstm=4 * 256 * (2048 + 4 + 256)
    )


@pytest.mark.parametrize(
    ("name", "rgb", "audio"),
    [
        ("resnet18", 7_520_780_288, 2_265_972_736),
        ("resnet18-112", 1_911_652_352, 2_265_972_736),
        ("efficientnet", 2_871_608_464, 492_620_288),
    ],
)
def test_table_6(name, rgb, audio):
    assert convolutions(counted(name).recognition) == {"rgb": rgb, "audio": audio}


def test_flow_as_its_own_proxy():
    assert counted("rgb-flow-by-flow").policy_branches["flow"].conv == POLICY_FLOW


def test_a_classifier_runs_once_a_segment():
    assert counted("rgb-audio").recognition["rgb"].linear == 2048 * 31


def test_the_whole_video_widens_what_the_lstm_sees():
    spec = preset("rgb-audio", LABELS)
    policy = spec.policy.model_copy(update={"sees_whole": True})
    wide = spec.model_copy(update={"policy": policy})

    part, whole = count_costs(spec).policy_joint, count_costs(wide).policy_joint

    assert whole.linear == part.linear
    assert whole.lstm == part.lstm + 4 * 256 * 2048


def test_without_an_lstm_the_heads_sit_on_the_joint_layers():
    policy = PolicySpec(joint_width=32, lstm_width=None, feeds_back_logits=False)
    spec = preset("rgb-audio", LABELS).model_copy(update={"policy": policy})

    joint = count_costs(spec).policy_joint

    assert joint == LayerCosts(linear=2560 * 32 + 32 * 32 + 2 * 2 * 32)


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (nn.Conv2d(6, 4, 3, groups=2, padding=1), (2, 6, 5, 5), LayerCosts(conv=2 * 4 * 25 * 27)),
        (nn.Linear(7, 3), (4, 7), LayerCosts(linear=4 * 21)),
        (nn.LSTMCell(5, 2), (3, 5), LayerCosts(lstm=3 * 4 * 2 * 7)),
        (nn.BatchNorm2d(6), (2, 6, 5, 5), LayerCosts()),
    ],
)
def test_one_layer(layer, shape, expected):
    assert layer_costs(layer, layer(torch.zeros(shape))) == expected


def test_the_spec_keeps_its_costs():
    spec = preset("compact", LABELS)
    counted_spec = with_costs(spec)

    assert spec.costs is None
    assert counted_spec.require_costs() == count_costs(spec)
    assert counted_spec.model_copy(update={"costs": None}) == spec
