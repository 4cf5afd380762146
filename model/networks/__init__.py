"""Layers and arithmetic only: no files, no downloads, no optimizer, no device choice."""

from model.networks.adamml import AdaMML, Inputs
from model.networks.decisions import decide, keep_probability, sample_decisions
from model.networks.fusion import Fused, LateFusion
from model.networks.policy import PolicyNetwork, PolicyState
from model.networks.preprocess import Preprocess
from model.networks.recognizer import Recognizer
from model.networks.trunk import Trunk

__all__ = [
    "AdaMML",
    "Fused",
    "Inputs",
    "LateFusion",
    "PolicyNetwork",
    "PolicyState",
    "Preprocess",
    "Recognizer",
    "Trunk",
    "decide",
    "keep_probability",
    "sample_decisions",
]
