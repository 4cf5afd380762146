import pytest
import torch

from model.networks import decide, keep_probability, sample_decisions


def test_probability_is_the_softmax_of_the_raw_outputs():
    logits = torch.randn(3, 4, 2)

    torch.testing.assert_close(keep_probability(logits), logits.softmax(dim=-1)[..., 1])


@pytest.mark.parametrize(("threshold", "expected"), [(0.0, True), (0.5, False), (0.49, True)])
def test_kept_only_above_the_threshold(threshold, expected):
    assert decide(torch.zeros(1, 2), threshold).item() is expected


def test_nothing_is_kept_at_threshold_one_or_where_nothing_is_available():
    certain = torch.tensor([[-50.0, 50.0]])

    assert not decide(certain, 1.0).any()
    assert not decide(certain, 0.5, torch.tensor([False])).any()
    assert decide(certain, 0.5, torch.tensor([True])).all()


def test_samples_follow_the_probability_at_any_temperature():
    logits = torch.tensor([0.0, 1.0]).expand(20_000, 2)
    draws = [
        sample_decisions(logits, tau=tau, generator=torch.Generator().manual_seed(7))
        for tau in (0.1, 5.0)
    ]

    assert torch.equal(draws[0], draws[1])
    assert set(draws[0].tolist()) == {0.0, 1.0}
    assert draws[0].mean() == pytest.approx(torch.sigmoid(torch.tensor(1.0)).item(), abs=0.015)


def test_gradient_is_that_of_the_relaxed_softmax():
    """d soft_keep / dz = soft * (1 - soft) / tau, whatever was drawn."""
    logits = torch.zeros(200, 2, requires_grad=True)
    tau = 2.0

    decisions = sample_decisions(logits, tau=tau, generator=torch.Generator().manual_seed(1))
    decisions.sum().backward()

    generator = torch.Generator().manual_seed(1)
    noise = -torch.empty(200, 2).exponential_(generator=generator).log()
    soft = (noise / tau).softmax(dim=-1)[:, 1]
    torch.testing.assert_close(logits.grad[:, 1], soft * (1 - soft) / tau)
    torch.testing.assert_close(logits.grad[:, 0], -logits.grad[:, 1])


def test_the_unavailable_is_never_drawn_and_has_no_gradient():
    logits = torch.tensor([[0.0, 60.0], [0.0, 60.0]], requires_grad=True)
    available = torch.tensor([True, False])

    decisions = sample_decisions(logits, tau=1.0, available=available)
    decisions.sum().backward()

    assert decisions.tolist() == [1.0, 0.0]
    assert not logits.grad[1].any()


def test_extreme_outputs_stay_finite():
    logits = torch.tensor([[-1e30, 1e30], [1e30, -1e30]], requires_grad=True)

    decisions = sample_decisions(logits, tau=0.01)
    decisions.sum().backward()

    assert decisions.tolist() == [1.0, 0.0]
    assert logits.grad.isfinite().all()


def test_a_temperature_must_be_positive():
    with pytest.raises(ValueError, match="tau is 0"):
        sample_decisions(torch.zeros(1, 2), tau=0)
