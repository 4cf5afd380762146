"""Where a run computes, in which precision, and weights rounded for half precision."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import torch
from torch import nn

from training.configuration.config import HardwareConfig

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
_ROUNDED = (nn.Conv2d, nn.Linear, nn.LSTMCell)


@dataclass(frozen=True, slots=True)
class Hardware:
    """A device with a precision for forward passes; weights stay in float32."""

    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    dtype: torch.dtype = torch.float32
    memory_format: torch.memory_format = torch.channels_last

    def autocast(self) -> torch.autocast:
        """For forward passes; does nothing in float32."""
        reduced = self.dtype != torch.float32
        return torch.autocast(self.device.type, dtype=self.dtype, enabled=reduced)

    def scaler(self) -> torch.amp.GradScaler:
        """Keeps float16's gradients from vanishing; does nothing otherwise."""
        return torch.amp.GradScaler(self.device.type, enabled=self.dtype == torch.float16)

    def fingerprint(self) -> dict[str, str]:
        """What of it decides the bits of a result."""
        return {"device": self.device.type, "precision": str(self.dtype)}


def find_hardware(config: HardwareConfig) -> Hardware:
    """Raises ValueError where a GPU is asked for and there is none."""
    memory_format = torch.channels_last if config.channels_last else torch.contiguous_format
    return Hardware(_find_device(config.device), _DTYPES[config.precision], memory_format)


def _find_device(wanted: str) -> torch.device:
    if wanted == "cpu" or (wanted == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise ValueError(f"the device {wanted!r} is asked for, but torch finds no GPU here")
    # cuDNN's other algorithms add up in any order, and a resumed run would differ.
    torch.backends.cudnn.deterministic = True
    index = int(os.environ.get("LOCAL_RANK", "0"))
    torch.cuda.set_device(index)
    return torch.device("cuda", index)


@torch.no_grad()
def round_weights(model: nn.Module) -> None:
    """Round convolutions, linear layers and LSTMs, in place; everything stays float32.

    Done before the model is measured, so the figures are those of the rounded weights.
    """
    for module in model.modules():
        if isinstance(module, _ROUNDED):
            for parameter in module.parameters(recurse=False):
                parameter.copy_(parameter.half().float())
