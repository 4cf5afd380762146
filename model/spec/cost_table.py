"""CostTable: multiply-adds of every component of a model, per segment, by kind of layer."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class LayerCosts(BaseModel):
    """Multiply-adds of one component for one segment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    conv: int = Field(default=0, ge=0)
    linear: int = Field(default=0, ge=0)
    lstm: int = Field(default=0, ge=0)

    @property
    def total(self) -> int:
        return self.conv + self.linear + self.lstm

    def __add__(self, other: LayerCosts) -> LayerCosts:
        return LayerCosts(
            conv=self.conv + other.conv,
            linear=self.linear + other.linear,
            lstm=self.lstm + other.lstm,
        )


class CostTable(BaseModel):
    """Per segment: recognition by modality, the policy's branch by modality, and its joint part.

    `policy_joint` covers the fully connected layers, the LSTM and the heads. Normalisation,
    activations, pooling, resizing, the spectrogram and the flow itself are not counted, as in the
    paper, which counts convolutions alone (`.conv`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    recognition: dict[str, LayerCosts]
    policy_branches: dict[str, LayerCosts]
    policy_joint: LayerCosts

    @property
    def policy(self) -> LayerCosts:
        """The whole policy network, one segment."""
        return sum(self.policy_branches.values(), start=self.policy_joint)
