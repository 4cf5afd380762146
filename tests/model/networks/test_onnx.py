"""Every family survives the export to ONNX, at any batch size."""

import io
from typing import get_args

import numpy as np
import onnxruntime
import pytest
import torch

from model.networks import LateFusion, Recognizer
from model.spec.input_spec import InputSpec
from model.spec.model_spec import FusionRule, FusionSpec, NetworkSpec
from tests.support.yamnet import FRONT_END

INPUTS = InputSpec(crop=72)


# One of each family; resnet50 and efficientnet_b3 differ from these in numbers alone.
FAMILIES = ("resnet18", "mobilenet_v2", "efficientnet_b0", "efficientnet_lite0")


def export(module, example):
    program = torch.onnx.export(
        module.eval(),
        example,
        dynamo=True,
        dynamic_shapes=tuple({0: torch.export.Dim.DYNAMIC} for _ in example),
        optimize=False,
        verbose=False,
    )
    buffer = io.BytesIO()
    program.save(buffer)
    return onnxruntime.InferenceSession(buffer.getvalue(), providers=["CPUExecutionProvider"])


def run(session, *arrays):
    names = [given.name for given in session.get_inputs()]
    return session.run(None, dict(zip(names, arrays, strict=True)))


def with_plausible_statistics(module, images):
    """One training pass that replaces the batch norms' statistics, so that signals survive."""
    for layer in module.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = 1.0
    module.train()(images)
    return module.eval()


@pytest.mark.parametrize("backbone", FAMILIES)
@torch.no_grad()
def test_a_recognizer_with_resizing_and_temporal_pooling(backbone):
    torch.manual_seed(0)
    spec = NetworkSpec(
        backbone=backbone, frames=4, resolution=64, width=0.25, temporal_pool_after=(2, 3)
    )
    recognizer = Recognizer(spec, "rgb", INPUTS, 5)
    clips = torch.randint(0, 256, (5, 4, 72, 72, 3), dtype=torch.uint8)
    with_plausible_statistics(recognizer, clips)

    session = export(recognizer, (clips[:2],))

    for count in (1, 2, 5):
        expected = recognizer(clips[:count]).numpy()
        (actual,) = run(session, clips[:count].numpy())
        np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


@torch.no_grad()
def test_a_recognizer_that_hears_patches():
    torch.manual_seed(0)
    spec = NetworkSpec(backbone="yamnet", frames=1, resolution=None, width=0.25)
    recognizer = Recognizer(spec, "audio", InputSpec(audio=FRONT_END), 5)
    patches = torch.randn(5, *FRONT_END.shape)
    with_plausible_statistics(recognizer, patches)

    session = export(recognizer, (patches[:2],))

    for count in (1, 5):
        expected = recognizer(patches[:count]).numpy()
        (actual,) = run(session, patches[:count].numpy())
        np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("renormalizes", [False, True])
@pytest.mark.parametrize("rule", get_args(FusionRule))
@torch.no_grad()
def test_fusion_over_any_number_of_segments(rule, renormalizes):
    fusion = LateFusion(FusionSpec(rule=rule, renormalizes=renormalizes), 3, 4)
    for parameter in fusion.parameters():
        parameter.copy_(0.3 + 0.3 * torch.randn_like(parameter))
    session = export(fusion, (torch.zeros(2, 3, 4), torch.zeros(2, 3)))

    for segments in (1, 6):
        logits = torch.randn(segments, 3, 4)
        decisions = torch.randint(0, 2, (segments, 3)).float()
        outputs = run(session, logits.numpy(), decisions.numpy())
        for actual, expected in zip(outputs, fusion(logits, decisions), strict=True):
            np.testing.assert_allclose(actual, expected.numpy(), rtol=1e-5, atol=1e-6)
