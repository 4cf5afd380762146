import itertools
from typing import get_args

import pytest
import torch

from model.networks import LateFusion
from model.networks.fusion import MIN_WEIGHT
from model.spec.model_spec import WEIGHTED_RULES, FusionRule, FusionSpec

VARIANTS = [
    FusionSpec(rule=rule, renormalizes=renormalizes)
    for rule in get_args(FusionRule)
    for renormalizes in (False, True)
] + [FusionSpec(rule=rule, renormalizes=True, pools_evidence=True) for rule in WEIGHTED_RULES]


def make_fusion(spec, weights=None, num_modalities=3, num_classes=4):
    fusion = LateFusion(spec, num_modalities, num_classes)
    if weights is not None:
        fusion.free_weights.data = torch.tensor(weights)
    return fusion


def test_weights_start_equal_and_always_sum_to_one():
    fusion = make_fusion(FusionSpec())

    torch.testing.assert_close(fusion.weights(), torch.full((3,), 1 / 3))
    fusion.free_weights.data = torch.tensor([0.5, -0.2])
    torch.testing.assert_close(fusion.weights(), torch.tensor([0.5, -0.2, 0.7]))


def test_published_rule_counts_the_skipped_as_zero():
    fusion = make_fusion(FusionSpec(), [0.5, -0.2])
    logits = torch.randn(2, 3, 3, 4)
    decisions = torch.tensor([[[1, 0, 1], [0, 0, 0], [1, 1, 1]], [[0, 1, 0], [0, 0, 0], [1, 0, 0]]])

    fused = fusion(logits, decisions)

    weighted = torch.einsum(
        "m,nsm,nsmk->nsk", torch.tensor([0.5, -0.2, 0.7]), decisions.float(), logits
    )
    torch.testing.assert_close(fused.segments, weighted)
    torch.testing.assert_close(fused.video, weighted.sum(dim=1) / 3)


def test_renormalising_keeps_the_scale_and_ignores_empty_segments():
    fusion = make_fusion(FusionSpec(renormalizes=True), [0.5, 0.3])
    logits = torch.randn(2, 3, 4)
    decisions = torch.tensor([[1, 0, 1], [0, 0, 0]])

    fused = fusion(logits, decisions)

    torch.testing.assert_close(fused.segments[0], (0.5 * logits[0, 0] + 0.2 * logits[0, 2]) / 0.7)
    assert not fused.segments[1].any()
    torch.testing.assert_close(fused.video, fused.segments[0])


def test_evidence_is_weighed_over_all_segments_together():
    fusion = make_fusion(FusionSpec(renormalizes=True, pools_evidence=True), [0.5, 0.3])
    logits = torch.randn(3, 3, 4)
    decisions = torch.tensor([[1, 0, 1], [0, 0, 0], [0, 0, 1]])

    fused = fusion(logits, decisions)

    total = 0.5 * logits[0, 0] + 0.2 * logits[0, 2] + 0.2 * logits[2, 2]
    torch.testing.assert_close(fused.video, total / 0.9)
    torch.testing.assert_close(fused.segments[0], (0.5 * logits[0, 0] + 0.2 * logits[0, 2]) / 0.7)
    torch.testing.assert_close(fused.segments[2], logits[2, 2])


@pytest.mark.parametrize(
    ("rule", "renormalizes"), [("weighted", False), ("max", True), ("fc2", True)]
)
def test_evidence_needs_weights_that_can_be_renormalised(rule, renormalizes):
    with pytest.raises(ValueError, match="pools_evidence needs renormalizes and one of the rules"):
        FusionSpec(rule=rule, renormalizes=renormalizes, pools_evidence=True)


def test_everything_selected_is_the_same_with_and_without_renormalising():
    logits, decisions = torch.randn(2, 3, 3, 4), torch.ones(2, 3, 3)
    plain = make_fusion(FusionSpec(), [0.5, 0.3])(logits, decisions)
    renormalized = make_fusion(FusionSpec(renormalizes=True), [0.5, 0.3])(logits, decisions)

    torch.testing.assert_close(plain.video, renormalized.video)


@pytest.mark.parametrize("spec", VARIANTS, ids=str)
def test_a_video_with_nothing_selected_has_zero_logits(spec):
    fused = make_fusion(spec)(torch.randn(2, 3, 3, 4), torch.zeros(2, 3, 3))

    assert not fused.video.any()
    assert not fused.segments.any()


@pytest.mark.parametrize("weights", [[0.2, -0.2], [1.5, -0.5], [0.0, 0.0], [-3.0, 2.0]])
def test_renormalised_logits_lie_between_the_selected_ones(weights):
    """A tiny or negative weight must neither blow logits up nor turn them over."""
    fusion = make_fusion(FusionSpec(renormalizes=True), weights)
    logits = torch.randn(1, 3, 4)

    for pattern in list(itertools.product([0.0, 1.0], repeat=3))[1:]:
        fused = fusion(logits, torch.tensor([pattern])).video
        chosen = logits[0, torch.tensor(pattern).bool()]
        assert (fused >= chosen.amin(dim=0) - 1e-5).all()
        assert (fused <= chosen.amax(dim=0) + 1e-5).all()


@pytest.mark.parametrize("spec", VARIANTS, ids=str)
@pytest.mark.parametrize("pattern", list(itertools.product([0.0, 1.0], repeat=2)))
def test_gradients_are_finite_for_every_pattern(spec, pattern):
    fusion = make_fusion(spec, num_modalities=2)
    if spec.rule == "weighted":
        fusion.free_weights.data = torch.tensor([0.0])
    logits = torch.randn(2, 3, 2, 4, requires_grad=True)
    decisions = torch.tensor([pattern, (0.0, 0.0), (1.0, 0.0)]).repeat(2, 1, 1).requires_grad_()

    fused = fusion(logits, decisions)
    (fused.video.square().sum() + fused.segments.sum()).backward()

    for tensor in (logits, decisions, *fusion.parameters()):
        assert tensor.grad.isfinite().all()


def test_an_empty_segment_still_tells_the_policy_what_it_missed():
    logits = torch.randn(1, 2, 4)
    decisions = torch.zeros(1, 2, requires_grad=True)

    make_fusion(FusionSpec(), num_modalities=2)(logits, decisions).video.sum().backward()

    torch.testing.assert_close(decisions.grad, logits.sum(dim=-1) / 2)


def test_a_weight_below_the_floor_can_recover():
    """Its own gradient is cut off, but that of the last weight, 1 - sum, moves it."""
    fusion = make_fusion(FusionSpec(renormalizes=True), [MIN_WEIGHT / 10], num_modalities=2)

    fused = fusion(torch.tensor([[[1.0], [0.0]]]), torch.ones(1, 2))
    fused.video.sum().backward()

    assert fusion.free_weights.grad.item() > 0


def test_leading_axes_are_videos():
    fusion = make_fusion(FusionSpec(renormalizes=True), [0.5, 0.3])
    logits, decisions = torch.randn(2, 5, 3, 4), torch.randint(0, 2, (2, 5, 3))

    both = fusion(logits, decisions)

    for video in range(2):
        alone = fusion(logits[video], decisions[video])
        torch.testing.assert_close(both.video[video], alone.video)
        torch.testing.assert_close(both.segments[video], alone.segments)


def test_one_modality_needs_no_weights():
    fused = make_fusion(FusionSpec(), num_modalities=1)(torch.ones(2, 1, 4), torch.ones(2, 1))

    assert torch.equal(fused.video, torch.ones(4))


def test_class_weights_differ_by_class():
    fusion = make_fusion(FusionSpec(rule="class_weighted"), num_modalities=2, num_classes=2)
    torch.testing.assert_close(fusion.weights(), torch.full((2, 2), 0.5))
    fusion.free_weights.data = torch.tensor([[1.0, 0.25]])
    logits = torch.tensor([[[4.0, 4.0], [8.0, 8.0]]])

    both = fusion(logits, torch.ones(1, 2)).video
    first = fusion(logits, torch.tensor([[1.0, 0.0]])).video

    assert both.tolist() == [4.0, 7.0]
    assert first.tolist() == [4.0, 1.0]


def test_max_is_of_the_kept_alone():
    fusion = make_fusion(FusionSpec(rule="max", renormalizes=True))
    logits = torch.tensor([[[-1.0, 5.0], [-2.0, 1.0], [9.0, 9.0]]]).expand(2, 3, 2)
    decisions = torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])

    fused = fusion(logits, decisions)

    assert fused.segments.tolist() == [[-1.0, 5.0], [0.0, 0.0]]
    assert fused.video.tolist() == [-1.0, 5.0]


def test_max_tells_the_policy_what_each_modality_adds():
    logits = torch.tensor([[[1.0], [3.0], [7.0]]])
    decisions = torch.tensor([[1.0, 1.0, 0.0]], requires_grad=True)

    video = make_fusion(FusionSpec(rule="max"))(logits, decisions).video
    video.sum().backward()

    assert video.item() == 3.0
    # The first adds nothing, the second 3 - 1, the skipped third would add 7 - 3.
    assert decisions.grad.tolist() == [[0.0, 2.0, 4.0]]


def test_fully_connected_layers_do_not_see_what_was_skipped():
    fusion = make_fusion(FusionSpec(rule="fc2"))
    logits, decisions = torch.randn(2, 3, 4), torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    other = logits + 5.0 * (1 - decisions).unsqueeze(-1)

    assert torch.equal(fusion(logits, decisions).video, fusion(other, decisions).video)


def test_log_sum_exp_lets_one_segment_decide():
    fusion = make_fusion(FusionSpec(rule="log_sum_exp"))
    logits = torch.randn(2, 5, 3, 4) * 3
    decisions = (torch.rand(2, 5, 3) > 0.4).float()
    decisions[1, 2] = 0

    fused = fusion(logits, decisions)

    expected = (decisions[..., None] * logits.double().exp()).sum(dim=(1, 2)).log()
    torch.testing.assert_close(fused.video, expected.float())
    assert not fused.segments[1, 2].any()
    assert not fusion(logits, torch.zeros_like(decisions)).video.any()


def test_log_sum_exp_of_what_is_far_larger_than_the_kept_is_finite():
    fusion = make_fusion(FusionSpec(rule="log_sum_exp"))
    logits = torch.tensor([[[1e4, 0.0], [-1e4, 1.0], [0.0, 0.0]]], requires_grad=True)
    decisions = torch.tensor([[0.0, 1.0, 0.0]], requires_grad=True)

    video = fusion(logits, decisions).video
    video.sum().backward()

    torch.testing.assert_close(video.detach(), torch.tensor([-1e4, 1.0]))
    assert logits.grad.isfinite().all()
    assert decisions.grad.isfinite().all()
    assert decisions.grad[0, 0] > 0
