"""Checkpoints in the published implementation's layout, with random weights and small layers."""

import re

import torch
from torch import nn
from torchvision.models import mobilenet_v2, resnet18

CLASSES = 4
# How torchvision's names inside a block become a plain count of its layers.
FIRST_BLOCK = {"0.0": "0", "0.1": "1", "1": "3", "2": "4"}
OTHER_BLOCKS = {"0.0": "0", "0.1": "1", "1.0": "3", "1.1": "4", "2": "6", "3": "7"}


def reference_state_dict(*, lstm=True, weighted=True):
    """RGB and audio: a ResNet-18 and a MobileNetV2, gated by two MobileNetV2."""
    torch.manual_seed(0)
    networks = {
        "main_net.nets.0": resnet18(num_classes=CLASSES),
        "main_net.nets.1": one_channel(mobilenet_v2(num_classes=CLASSES)),
        "policy_net.joint_net.joint": nn.Sequential(
            nn.Linear(2560, 16), nn.ReLU(), nn.Linear(16, 16)
        ),
        "policy_net.fcs": nn.ModuleList([nn.Linear(8 if lstm else 16, 2) for _ in range(2)]),
    }
    if lstm:
        networks["policy_net.lstm"] = nn.LSTMCell(16 + 4, 8)
    tensors = {
        f"{prefix}.{name}": tensor
        for prefix, network in networks.items()
        for name, tensor in network.state_dict().items()
    }
    for index, branch in enumerate((mobilenet_v2(), one_channel(mobilenet_v2()))):
        for name, tensor in branch.features.state_dict().items():
            tensors[f"policy_net.joint_net.nets.{index}.{branch_name(name)}"] = tensor
    if weighted:
        tensors["main_net.lf_weights"] = torch.tensor([0.4])
    return tensors


def one_channel(network):
    network.features[0][0] = nn.Conv2d(1, 32, 3, stride=2, padding=1, bias=False)
    return network


def branch_name(name):
    """torchvision's name below `features` -> that of the policy's MobileNetV2."""
    if name.startswith("18."):
        return f"conv.{name.removeprefix('18.')}"
    block = re.fullmatch(r"(\d+)\.conv\.(\d(?:\.\d)?)\.(\w+)", name)
    if block is None:
        return f"features.{name}"
    names = FIRST_BLOCK if block[1] == "1" else OTHER_BLOCKS
    return f"features.{block[1]}.conv.{names[block[2]]}.{block[3]}"


def save_reference(path, tensors, **others):
    """As the authors' program: data parallelism's prefix, and the training's state beside it."""
    content = {
        "epoch": 20,
        "arch": "joint_resnet_mobilenetv2",
        "state_dict": {f"module.{name}": tensor for name, tensor in tensors.items()},
        "best_top1": 71.5,
        "temperature": 2.45,
        "stage": "finetune",
    }
    torch.save(content | others, path)
    return path
