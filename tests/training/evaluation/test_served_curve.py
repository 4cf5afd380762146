"""A curve measured of what is served: its points are what evaluations at their thresholds find."""

import numpy as np
import pytest
import torch

from model.inference.loading import load_runtime
from training.evaluation.evaluate import Outputs, score_adaptive
from training.evaluation.served_curve import measure_served

VIDEOS, SEGMENTS = 12, 3


@pytest.fixture
def runtime(tiny_bundle):
    return load_runtime(tiny_bundle)


@pytest.fixture
def outputs(runtime):
    generator = np.random.default_rng(0)
    modalities, classes = len(runtime.spec.modality_names), len(runtime.spec.labels)
    has_exit = runtime.spec.policy.exits
    return [
        Outputs(
            probabilities=generator.random((SEGMENTS, modalities)),
            available=np.ones((SEGMENTS, modalities), dtype=bool),
            logits=generator.normal(size=(SEGMENTS, modalities, classes)).astype(np.float32),
            exit_logits=np.zeros((SEGMENTS, classes), dtype=np.float32) if has_exit else None,
            labels=(number % classes,),
            group=str(number),
        )
        for number in range(VIDEOS)
    ]


def test_points_are_what_an_evaluation_finds(runtime, outputs):
    mix = torch.tensor([one.labels[0] for one in outputs])

    points = measure_served(runtime, outputs, mix).points

    assert len(points) > 10
    assert {point.segments for point in points} == {SEGMENTS}
    for point in points:
        score = score_adaptive(runtime, outputs, point.threshold)
        assert point.accuracy == pytest.approx(score.accuracy)
        assert point.gflops == pytest.approx(score.gflops)


def test_expectations_are_for_the_mix_of_classes_that_is_given(runtime, outputs):
    """With one class alone in the mix, only its videos count."""
    only = measure_served(runtime, outputs, torch.zeros(5, dtype=torch.long))
    of_class = [one for one in outputs if one.labels == (0,)]

    for point in only.points:
        expected = score_adaptive(runtime, of_class, point.threshold).accuracy
        assert point.accuracy == pytest.approx(expected)
