"""YAMNet against a plain computation from its published description."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from model.inputs.sound.spectrogram import spectrogram
from tests.support.yamnet import (
    FRONT_END,
    STRIDES,
    generated_variables,
    yamnet_file,
    yamnet_trunk,
)
from training.unimodal.pretrained import load_weights


def same(images, kernel, stride, groups=1):
    """TensorFlow's SAME padding: what is odd goes to the end."""
    pads = []
    for size, length in zip(reversed(images.shape[2:]), reversed(kernel.shape[2:]), strict=True):
        total = max(0, (-(-size // stride) - 1) * stride + length - size)
        pads += [total // 2, total - total // 2]
    return F.conv2d(F.pad(images, pads), kernel, stride=stride, groups=groups)


def published(patches, variables):
    """(B, times, bands) -> (B, 1024), as TensorFlow lays it out."""
    values = {name: torch.from_numpy(value) for name, value in variables.items()}
    x = patches[:, None]
    strides = [2] + [stride for pair in STRIDES for stride in (pair, 1)]
    for number, stride in enumerate(strides):
        depthwise = values.get(f"{2 * number:02d}.depthwise_kernel")
        if depthwise is not None:
            x = same(x, depthwise.permute(2, 3, 0, 1), stride, groups=x.shape[1])
        else:
            x = same(x, values[f"{2 * number:02d}.kernel"].permute(3, 2, 0, 1), stride)
        mean, variance, beta = (
            values[f"{2 * number + 1:02d}.{name}"][None, :, None, None]
            for name in ("moving_mean", "moving_variance", "beta")
        )
        x = F.relu((x - mean) / torch.sqrt(variance + 1e-4) + beta)
    return x.mean(dim=(2, 3))


@torch.inference_mode()
def test_the_port_agrees_with_the_description(tmp_path):
    variables, trunk = generated_variables(), yamnet_trunk()
    load_weights(trunk, yamnet_file(tmp_path, variables))
    waveforms = np.random.default_rng(1).normal(size=(2, FRONT_END.num_samples)) * [[0.1], [0.01]]
    patches = torch.from_numpy(
        np.stack([spectrogram(one.astype(np.float32), FRONT_END) for one in waveforms])
    )

    expected = published(patches.transpose(1, 2), variables)

    assert expected.std() > 0.01
    torch.testing.assert_close(trunk(patches), expected, rtol=1e-4, atol=1e-4)


@torch.inference_mode()
def test_a_truncated_one_takes_what_it_needs(tmp_path):
    trunk = yamnet_trunk(num_stages=3)

    load_weights(trunk, yamnet_file(tmp_path))

    assert trunk(torch.zeros(1, *FRONT_END.shape)).shape == (1, 128)


def test_a_missing_variable_is_named(tmp_path):
    variables = generated_variables()
    del variables["07.beta"]

    with pytest.raises(ValueError, match=r"lacks 07\.beta, which yamnet needs"):
        load_weights(yamnet_trunk(), yamnet_file(tmp_path, variables))


def test_other_shapes_are_refused(tmp_path):
    variables = generated_variables()
    variables["00.kernel"] = variables["00.kernel"][..., :16]

    with pytest.raises(ValueError, match=r"conv_stem.conv.weight of .* is \(16, 1, 3, 3\)"):
        load_weights(yamnet_trunk(), yamnet_file(tmp_path, variables))


def test_it_has_no_weights_of_photographs():
    with pytest.raises(ValueError, match="yamnet has no imagenet weights"):
        load_weights(yamnet_trunk(), "imagenet")


def test_random_weights_stay():
    trunk = yamnet_trunk(num_stages=1)
    before = trunk.backbone.conv_stem.conv.weight.clone()

    load_weights(trunk, "random")

    assert torch.equal(trunk.backbone.conv_stem.conv.weight, before)
