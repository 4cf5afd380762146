"""Every family: the library's own names and outputs, any input, any width, any depth."""

import pytest
import timm
import torch
import torchvision

from model.networks.backbones import build_backbone
from model.networks.backbones.base import round_channels
from model.spec.model_spec import NUM_STAGES, SOUND_BACKBONES

# What each library calls the part of its networks that ours leave out.
CLASSIFIERS = ("fc.", "classifier.")


def library_network(name):
    if name == "efficientnet_lite0":
        return timm.create_model("tf_efficientnet_lite0", pretrained=False)
    return torchvision.models.get_model(name, weights=None)


def run(backbone, images):
    activations = backbone.stem(images)
    for number in range(1, backbone.num_stages + 1):
        activations = backbone.stage(number, activations)
    return backbone.head(activations)


def library_features(network, images):
    """The library's activations before its global pooling."""
    if hasattr(network, "forward_features"):
        return network.forward_features(images)
    if hasattr(network, "features"):
        return network.features(images)
    images = network.maxpool(network.relu(network.bn1(network.conv1(images))))
    for number in range(1, 5):
        images = getattr(network, f"layer{number}")(images)
    return images


# YAMNet's come from no library: test_yamnet_weights.py.
OF_LIBRARIES = tuple(name for name in NUM_STAGES if name not in SOUND_BACKBONES)


@pytest.mark.parametrize("name", OF_LIBRARIES)
@torch.inference_mode()
def test_a_librarys_weights_load_by_name_and_give_its_outputs(name):
    torch.manual_seed(0)
    theirs = library_network(name).eval()
    ours = build_backbone(name, in_channels=3, width=1.0, num_stages=None).eval()
    weights = {
        key: tensor
        for key, tensor in theirs.state_dict().items()
        if not key.startswith(CLASSIFIERS)
    }

    ours.load_state_dict(weights)

    images = torch.randn(2, 3, 70, 64)
    torch.testing.assert_close(run(ours, images), library_features(theirs, images))


@pytest.mark.parametrize("name", NUM_STAGES)
@torch.inference_mode()
def test_feature_dim_is_what_leaves_the_head_at_every_depth(name):
    for num_stages in (None, *range(1, NUM_STAGES[name] + 1)):
        backbone = build_backbone(name, in_channels=5, width=0.25, num_stages=num_stages).eval()
        output = run(backbone, torch.randn(1, 5, 64, 64))
        assert output.shape[1] == backbone.feature_dim


@pytest.mark.parametrize("name", NUM_STAGES)
def test_truncation_leaves_no_unused_weights(name):
    backbone = build_backbone(name, in_channels=3, width=0.25, num_stages=2)

    run(backbone, torch.randn(2, 3, 64, 64)).square().sum().backward()

    assert [key for key, weight in backbone.named_parameters() if weight.grad is None] == []


@pytest.mark.parametrize(
    ("channels", "expected"), [(8, 8), (3, 8), (18, 24), (32 * 1.2, 40), (24 * 0.5, 16), (20, 24)]
)
def test_round_channels(channels, expected):
    assert round_channels(channels) == expected
