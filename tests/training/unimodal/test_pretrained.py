import pytest
import torch

from model.networks.trunk import Trunk
from model.spec.input_spec import InputSpec
from model.spec.model_spec import NetworkSpec
from training.unimodal.pretrained import fit_channels, imagenet_state, load_imagenet


def make_trunk(backbone, source="rgb", num_stages=None):
    spec = NetworkSpec(backbone=backbone, frames=1, resolution=64, num_stages=num_stages)
    return Trunk(spec, source, InputSpec())


def test_kernel_for_other_channels_answers_gray_alike():
    kernel = torch.randn(8, 3, 3, 3)

    for channels in (1, 10, 15):
        fitted = fit_channels(kernel, channels)
        assert fitted.shape == (8, channels, 3, 3)
        assert torch.allclose(fitted.sum(dim=1), kernel.sum(dim=1), atol=1e-5)


def test_packaged_lite0_weights_load_into_a_truncated_trunk():
    trunk = make_trunk("efficientnet_lite0", "rgb_diff", num_stages=3)

    load_imagenet(trunk)

    source = imagenet_state("efficientnet_lite0")
    name = "blocks.1.0.conv_dw.weight"
    loaded = {key: value for key, value in trunk.backbone.state_dict().items() if name in key}
    assert len(loaded) == 1
    assert torch.equal(next(iter(loaded.values())), source[name])


def test_a_local_file_of_torchvision_weights_loads(tmp_path):
    from torchvision.models import resnet18

    state = resnet18(weights=None).state_dict()
    torch.save(state, tmp_path / "resnet18.pt")
    trunk = make_trunk("resnet18", "flow")

    load_imagenet(trunk, tmp_path / "resnet18.pt")

    assert torch.equal(
        trunk.backbone.state_dict()["layer1.0.conv1.weight"], state["layer1.0.conv1.weight"]
    )


def test_weights_of_another_network_are_refused_by_name(tmp_path):
    torch.save({"conv1.weight": torch.zeros(64, 3, 7, 7)}, tmp_path / "w.pt")

    with pytest.raises(ValueError, match=r"the weights lack bn1.weight, which resnet18 needs"):
        load_imagenet(make_trunk("resnet18"), tmp_path / "w.pt")
