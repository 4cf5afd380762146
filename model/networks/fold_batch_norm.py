"""Folding batch norm into convolutions, for networks that only answer."""

from __future__ import annotations

from itertools import pairwise

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def fold_batch_norm(network: nn.Module) -> None:
    """In place, of a network in eval mode: every batch norm into the convolution before it.

    The convolution's weights are multiplied by gamma / sqrt(var + eps), see arXiv:1502.03167,
    section 3.1; answers change by rounding alone. In every backbone here a batch norm that is
    registered right after a convolution is applied right after it.
    """
    for module in list(network.modules()):
        for (name, first), (next_name, second) in pairwise(list(module.named_children())):
            if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                setattr(module, name, fuse_conv_bn_eval(first, second))
                # What timm's norms do after normalising, such as ReLU, are children of theirs.
                setattr(module, next_name, nn.Sequential(*second.children()))
