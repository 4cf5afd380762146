"""Made-up inputs of a model, for training whole networks."""

import torch

from model.spec.dummy_inputs import dummy_inputs
from tests.support.models import LABELS
from training.features.features import Features

NUM_VIDEOS, NUM_SEGMENTS = 6, 2


def raw_features(model, *, seed=0):
    """Random inputs of the right shapes; raw, so that the trunks run."""
    torch.manual_seed(seed)
    inputs = {"recognizer": {}, "policy": {}}
    silence = {}
    for name in model.spec.modality_names:
        for role, by_name in inputs.items():
            shape = dummy_inputs(model.spec, name, role=role).shape[1:]
            like = (NUM_VIDEOS, NUM_SEGMENTS, *shape)
            images = torch.randint(0, 256, like, dtype=torch.uint8)
            by_name[name] = torch.randn(like) if name == "audio" else images
        silence[name] = torch.from_numpy(dummy_inputs(model.spec, name, role="policy"))[0]
    return Features(
        recognition=inputs["recognizer"],
        policy=inputs["policy"],
        silence=silence,
        available=torch.ones(NUM_VIDEOS, NUM_SEGMENTS, len(model.spec.modalities)).bool(),
        targets=torch.arange(NUM_VIDEOS) % len(LABELS),
        is_raw=True,
    )
