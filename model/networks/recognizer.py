"""Recognizer: one modality's class logits for a segment."""

from __future__ import annotations

from torch import Tensor, nn

from model.networks.trunk import Trunk
from model.spec.input_spec import InputSpec
from model.spec.model_spec import Modality, NetworkSpec


class Recognizer(nn.Module):
    """Trunk, dropout, linear classifier; B segments, D features, K classes."""

    def __init__(
        self, spec: NetworkSpec, modality: Modality, inputs: InputSpec, num_classes: int
    ) -> None:
        super().__init__()
        self.trunk = Trunk(spec, modality, inputs)
        self.dropout = nn.Dropout(spec.dropout)
        self.classifier = nn.Linear(self.trunk.feature_dim, num_classes)
        nn.init.normal_(self.classifier.weight, std=0.01)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, inputs: Tensor) -> Tensor:
        """(B, F, H, W, C) uint8 images or (B, H, W) float32 audio -> (B, K) logits."""
        return self.classify(self.features(inputs))

    def forward_normalized(self, images: Tensor) -> Tensor:
        """(B*F, C, H, W) normalised floats -> (B, K) logits."""
        return self.classify(self.trunk.forward_normalized(images))

    def features(self, inputs: Tensor) -> Tensor:
        """Raw inputs -> (B, D), the mean over frames and positions.

        The classifier is linear, so its mean over frames is the classifier of this mean.
        """
        features: Tensor = self.trunk(inputs)
        return features

    def classify(self, features: Tensor) -> Tensor:
        """(B, D) -> (B, K)."""
        logits: Tensor = self.classifier(self.dropout(features))
        return logits
