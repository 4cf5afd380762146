"""Costs: by hand for clips of two segments, and for our own policy as the curve counts them."""

from types import MappingProxyType

import pytest
import torch

from training.compared.trace import Trace, gflops
from training.joint.curve.outcomes import measure


class _Heads:
    head_macs = MappingProxyType({"step": 7})


def test_clips_of_two_segments_by_hand(shared):
    """RGB of both, sound of the second; a preview of sound in the first; three steps."""
    costs, names = shared.costs, shared.names
    computed = torch.zeros(1, 2, len(names), dtype=torch.bool)
    previewed = computed.clone()
    computed[0, :, names.index("rgb")] = True
    computed[0, 1, names.index("audio")] = True
    previewed[0, 0, names.index("audio")] = True
    trace = Trace(torch.zeros(1, 4), previewed, computed, {"step": torch.tensor([3])})

    expected = 2 * costs.recognition["rgb"].total + costs.recognition["audio"].total
    expected += costs.policy_branches["audio"].total + 21
    assert gflops(trace, costs, names, _Heads()).tolist() == [pytest.approx(expected / 1e9)]


def test_heads_are_counted_on_their_layers(systems, shared):
    """LiteEval's fine cell by hand: a linear map, and an LSTM of four gates."""
    network = next(iter(systems["liteeval"].networks.values()))
    fine = shared.val.all_fine().shape[-1]
    coarse, width = network.coarse_cell.hidden_size, network.fine_cell.hidden_size

    lstm = 4 * width * (width + coarse + width)
    assert systems["liteeval"].head_macs["used segment"] == fine * width + lstm
    assert systems["liteeval"].head_macs["answer"] == width * shared.num_classes


def test_our_own_rows_are_those_of_the_curve(systems, shared):
    """The same thresholds, by the code that makes the curve."""
    for point in measure(shared.model, shared.val.features).points[:5]:
        trace = systems["adamml"].run(shared.val, f"threshold {point.threshold!r}")

        cost = gflops(trace, shared.costs, shared.names, systems["adamml"]).mean().item()
        assert cost == pytest.approx(point.gflops)
        assert shared.val.loss(trace.logits) == pytest.approx(point.loss, abs=1e-5)
