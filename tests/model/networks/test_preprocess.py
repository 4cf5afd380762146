import pytest
import torch
from torch.nn import functional as F

from model.networks import Preprocess
from model.spec.input_spec import FlowSpec, InputSpec


def test_images_are_scaled_and_normalised_by_channel():
    preprocess = Preprocess("rgb", InputSpec(crop=32), 32)
    images = torch.randint(0, 256, (2, 3, 32, 32, 3), dtype=torch.uint8)

    output = preprocess(images)

    assert output.shape == (6, 3, 32, 32)
    pixel = images[1, 2, 5, 7].double() / 255
    expected = (pixel - torch.tensor([0.485, 0.456, 0.406])) / torch.tensor([0.229, 0.224, 0.225])
    torch.testing.assert_close(output[5, :, 5, 7].double(), expected, rtol=0, atol=1e-6)


def test_constants_repeat_over_stacked_differences():
    preprocess = Preprocess("rgb_diff", InputSpec(crop=32), 32)
    images = torch.full((1, 1, 32, 32, 15), 128, dtype=torch.uint8)

    output = preprocess(images)[0, :, 0, 0]

    assert torch.equal(output, output[:3].repeat(5))


def test_flow_has_one_constant_for_all_channels():
    preprocess = Preprocess("flow", InputSpec(crop=32, flow=FlowSpec(pairs=2)), 32)
    images = torch.full((1, 1, 32, 32, 4), 255, dtype=torch.uint8)

    torch.testing.assert_close(preprocess(images), torch.full((1, 4, 32, 32), 0.5 / 0.226))


def test_audio_is_one_frame_and_not_rescaled():
    preprocess = Preprocess("audio", InputSpec(), 256)
    spectrograms = torch.randn(2, 256, 256)

    assert torch.equal(preprocess(spectrograms), spectrograms.unsqueeze(1))


@pytest.mark.parametrize("source", ["rgb", "flow"])
def test_resizing_follows_normalising_without_antialias(source):
    preprocess = Preprocess(source, InputSpec(crop=64), 48)
    shape = (1, 2, 64, 64, preprocess.in_channels)
    images = torch.randint(0, 256, shape, dtype=torch.uint8)

    expected = F.interpolate(preprocess.normalize(images), size=(48, 48), mode="bilinear")

    assert torch.equal(preprocess(images), expected)


def test_constants_are_not_weights():
    assert Preprocess("rgb", InputSpec(), 224).state_dict() == {}
