"""Masked and routed: the same answers, and only the selected rows run."""

import itertools

import pytest
import torch

from model.networks import sample_decisions
from model.spec.model_spec import FusionSpec
from tests.support.models import LABELS, tiny_model, tiny_spec

VIDEOS, SEGMENTS = 2, 3
FUSIONS = [FusionSpec(), FusionSpec(renormalizes=True), FusionSpec(rule="average")]


def random_inputs(seed=0):
    generator = torch.Generator().manual_seed(seed)

    def images(frames, channels):
        shape = (VIDEOS, SEGMENTS, frames, 64, 64, channels)
        return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)

    audio = torch.randn(VIDEOS, SEGMENTS, 256, 256, generator=generator)
    return {"rgb": images(8, 3), "audio": audio, "flow": images(4, 10)}


def patterns():
    """(N, S, M): none, all, each modality alone, and random mixtures."""
    yield torch.zeros(VIDEOS, SEGMENTS, 3)
    yield torch.ones(VIDEOS, SEGMENTS, 3)
    for only in range(3):
        yield torch.eye(3)[only].expand(VIDEOS, SEGMENTS, 3)
    one = torch.zeros(VIDEOS, SEGMENTS, 3)
    one[1, 2, 1] = 1
    yield one
    for seed in range(6):
        generator = torch.Generator().manual_seed(seed)
        yield torch.randint(0, 2, (VIDEOS, SEGMENTS, 3), generator=generator).float()


def record_rows(model):
    """What each recognition network is called with, by modality."""
    seen = {name: [] for name in model.spec.modality_names}
    for name in seen:
        model.recognizer(name).register_forward_pre_hook(
            lambda _module, args, rows=seen[name]: rows.append(args[0])
        )
    return seen


@pytest.mark.parametrize("fusion", FUSIONS, ids=str)
@torch.inference_mode()
def test_routed_equals_masked_for_any_decisions(fusion):
    model = tiny_model(tiny_spec(fusion=fusion))
    inputs = random_inputs()

    for decisions in patterns():
        masked, routed = model.masked(inputs, decisions), model.routed(inputs, decisions)
        torch.testing.assert_close(routed.segments, masked.segments, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(routed.video, masked.video, rtol=1e-5, atol=1e-5)
        assert masked.video.shape == (VIDEOS, len(LABELS))


@torch.inference_mode()
def test_only_the_selected_rows_run_and_each_modality_once():
    model, inputs = tiny_model(), random_inputs()

    for decisions in patterns():
        seen = record_rows(model)
        model.routed(inputs, decisions)
        for index, name in enumerate(model.spec.modality_names):
            selected = decisions[..., index].bool()
            assert len(seen[name]) == int(selected.any())
            if selected.any():
                assert torch.equal(seen[name][0], inputs[name][selected])


@torch.inference_mode()
def test_what_is_never_selected_needs_no_inputs():
    model, inputs = tiny_model(), random_inputs()
    decisions = torch.eye(3)[0].expand(VIDEOS, SEGMENTS, 3)

    routed = model.routed({"rgb": inputs["rgb"]}, decisions)

    torch.testing.assert_close(routed.video, model.masked(inputs, decisions).video)


def proxies():
    inputs = random_inputs(1)
    differences = torch.randint(0, 256, (VIDEOS, SEGMENTS, 1, 64, 64, 15), dtype=torch.uint8)
    return {"rgb": inputs["rgb"][:, :, ::4], "audio": inputs["audio"], "flow": differences}


@pytest.mark.parametrize("fusion", FUSIONS, ids=str)
def test_every_parameter_gets_a_gradient_in_masked_training(fusion):
    """Straight through the sampled decisions, the policy too."""
    model = tiny_model(tiny_spec(fusion=fusion)).train()
    available = torch.ones(VIDEOS, SEGMENTS, 3, dtype=torch.bool)
    logits = model.policy(proxies(), available)
    generator = torch.Generator().manual_seed(2)
    decisions = sample_decisions(logits, tau=5.0, available=available, generator=generator)

    model.masked(random_inputs(), decisions).video.square().sum().backward()

    for name, weight in model.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.isfinite().all(), name
    assert any(weight.grad.any() for weight in model.policy.parameters())


def test_a_decision_is_rewarded_for_what_its_logits_would_change():
    """dL/dd_m = w_m <dL/dsegment, logits_m>, for the skipped as for the kept."""
    model = tiny_model().requires_grad_(requires_grad=False)
    inputs = random_inputs()
    for pattern in itertools.product([0.0, 1.0], repeat=3):
        decisions = torch.tensor(pattern).repeat(VIDEOS, SEGMENTS, 1).requires_grad_()
        model.masked(inputs, decisions).video.sum().backward()
        expected = model.fusion.weights() * model.recognize_all(inputs).sum(dim=-1) / SEGMENTS
        torch.testing.assert_close(decisions.grad, expected)
