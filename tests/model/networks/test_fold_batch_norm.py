import copy
from typing import get_args

import pytest
import torch
from torch import nn

from model.networks.backbones import build_backbone
from model.networks.fold_batch_norm import fold_batch_norm
from model.spec.model_spec import Backbone


@pytest.mark.parametrize("name", get_args(Backbone))
@torch.no_grad()
def test_every_norm_is_folded_and_answers_stay(name):
    torch.manual_seed(0)
    backbone = build_backbone(name, in_channels=3, width=0.25, num_stages=None).eval()
    for layer in backbone.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.1)
            layer.running_var.uniform_(0.5, 1.5)
            layer.weight.uniform_(0.5, 1.5)
            layer.bias.normal_(0, 0.1)
    folded = copy.deepcopy(backbone)
    fold_batch_norm(folded)

    assert any(isinstance(layer, nn.BatchNorm2d) for layer in backbone.modules())
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in folded.modules())
    images = torch.randn(2, 3, 64, 64)
    expected, actual = (_run(network, images) for network in (backbone, folded))
    torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-4 * expected.abs().max().item())


def _run(backbone, images):
    activations = backbone.stem(images)
    for number in range(1, backbone.num_stages + 1):
        activations = backbone.stage(number, activations)
    return backbone.head(activations)
