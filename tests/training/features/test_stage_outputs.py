"""Outputs of frozen stages are computed once and kept, under names that tell what they are of."""

import numpy as np
import pytest
import torch

from model.networks.adamml import AdaMML
from tests.support.models import tiny_spec
from training.data.cache import InputCache
from training.data.sources.manifest import Sample
from training.data.views import View
from training.features.stage_outputs import features_from, pooled_features, stage_outputs
from training.run.engine import Engine

VIEW = View(2)
ALL = torch.arange(3)


@pytest.fixture
def cache(tmp_path):
    return InputCache(tmp_path / "cache", tiny_spec())


@pytest.fixture
def items(cache, tmp_path):
    """Three videos whose decoded inputs lie in the cache."""
    generator = np.random.default_rng(0)
    items = []
    for number in range(3):
        path = tmp_path / f"{number}.mp4"
        path.write_bytes(bytes([number]))
        sample = Sample(path=path, labels=("run",), split="train", group=str(number))
        file = cache.file(sample, VIEW)
        file.parent.mkdir(parents=True)
        images = generator.integers(0, 256, (2, 8, 64, 64, 3), dtype=np.uint8)
        np.savez(file, **{"recognizer.rgb": images, "available": np.ones((2, 3), np.uint8)})
        items.append((sample, VIEW))
    return items


@pytest.fixture
def trunk():
    torch.manual_seed(0)
    return AdaMML(tiny_spec()).recognizer("rgb").trunk.eval()


def passes(trunk):
    """A list that grows with every pass through the trunk's first layer."""
    seen = []
    trunk.backbone.features[0].register_forward_hook(lambda *_: seen.append(1))
    return seen


def test_they_are_what_the_trunk_gives_and_are_computed_once(trunk, cache, items):
    seen = passes(trunk)
    first = stage_outputs(trunk, cache, items, "recognizer.rgb", 2, Engine())
    again = stage_outputs(trunk, cache, items, "recognizer.rgb", 2, Engine())

    assert len(seen) == 3
    assert torch.equal(first.take(ALL), again.take(ALL))
    inputs = torch.from_numpy(cache.load(*items[1], "recognizer.rgb"))
    expected = trunk.forward_to(inputs, 2).reshape(2, 8, *first.take(ALL).shape[3:]).half()
    assert torch.equal(first.take(torch.tensor([1]))[0], expected)


def test_other_weights_and_other_stages_are_computed_anew(trunk, cache, items):
    seen = passes(trunk)
    pooled = pooled_features(trunk, cache, items, "recognizer.rgb", Engine())
    stage_outputs(trunk, cache, items, "recognizer.rgb", 1, Engine())
    with torch.no_grad():
        next(trunk.parameters()).mul_(2)
    changed = pooled_features(trunk, cache, items, "recognizer.rgb", Engine())

    assert len(seen) == 9
    assert not torch.equal(pooled, changed)


def test_the_rest_of_the_trunk_goes_on_where_the_frozen_stages_ended(trunk, cache, items):
    pooled = pooled_features(trunk, cache, items, "recognizer.rgb", Engine())
    for stage in (None, 0, 3):
        outputs = stage_outputs(trunk, cache, items, "recognizer.rgb", stage, Engine())
        features = features_from(trunk, outputs, stage, Engine())
        # Half precision between the stages.
        torch.testing.assert_close(features, pooled, rtol=1e-2, atol=1e-2 * pooled.abs().max())
