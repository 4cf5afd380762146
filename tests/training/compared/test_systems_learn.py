"""Where one segment tells the class, and previews show it, rules that preview find it."""

import pytest
import torch

from tests.training.compared.conftest import VIDEOS, planted
from training.compared.glimpsing.ada_frame import gains, stops, to_come
from training.compared.skimming import _interpolated


@pytest.fixture
def told(shared):
    return planted(shared.model, VIDEOS["test"], seed=VIDEOS["test"])[1]


def found(trace, told):
    return trace.computed.any(dim=-1)[torch.arange(len(told)), told].float().mean().item()


@pytest.mark.parametrize("name", ["scsampler", "scsampler_ranking"])
def test_samplers_find_the_segment_that_tells(name, systems, shared, told):
    clips = shared.splits["test"]

    assert found(systems["random"].run(clips, "1 segments"), told) < 0.45
    assert found(systems[name].run(clips, "K 1"), told) > 0.8


def test_the_oracle_is_right_by_that_segment(systems, shared, told):
    clips = shared.splits["test"]
    trace = systems["oracle"].run(clips, "one")

    assert found(trace, told) > 0.9
    assert trace.computed.sum() == len(clips)


def test_gates_with_a_larger_share_do_not_use_less(systems, shared):
    clips = shared.splits["test"]
    by_threshold = [
        systems["liteeval"].run(clips, f"share 0.4, gate {gate}").computed.sum().item()
        for gate in (0.0, 0.3, 0.5, 0.7, 1.1)
    ]

    assert by_threshold == sorted(by_threshold, reverse=True)
    assert by_threshold[-1] == 0


def test_gains_count_only_what_exceeds_the_best_so_far():
    """Margins of the true class: 0.2, -0.2, 0.6."""
    probabilities = torch.tensor([[[0.6, 0.4], [0.4, 0.6], [0.8, 0.2]]])

    rewards = gains(probabilities.log(), torch.tensor([0]))

    torch.testing.assert_close(rewards, torch.tensor([[0.2, 0.0, 0.4]]))
    torch.testing.assert_close(to_come(rewards), torch.tensor([[0.36, 0.4, 0.0]]))


def test_it_stops_when_utility_has_fallen_by_more_than_the_margin():
    utility = torch.tensor([[0.5, 0.6, 0.45, 0.7], [0.1, 0.2, 0.3, 0.4]])

    assert stops(utility, 0.1).tolist() == [3, 4]
    assert stops(utility, 0.2).tolist() == [4, 4]


def test_previews_between_two_that_were_seen_lie_between_them():
    previews = torch.arange(5.0)[None, :, None] ** 2
    shown = torch.tensor([True, False, True, False, False])

    assert _interpolated(previews, shown)[0, :, 0].tolist() == [0.0, 2.0, 4.0, 4.0, 4.0]
