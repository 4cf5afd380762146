"""Callers from many threads get their own rows, of batches that they shared."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
import torch

from model.runtime.shared_batches import SharedBatches
from model.runtime.torch import TorchRuntime
from tests.support.models import tiny_model


class Recording:
    """Doubles its rows; remembers the size of every batch by key."""

    def __init__(self):
        self.batches = []

    def __call__(self, key, inputs):
        self.batches.append((key, len(inputs)))
        if key == "bad":
            raise RuntimeError("out of memory")
        return 2 * inputs


def at_once(calls):
    """What each call returns, all begun at the same moment."""
    barrier = Barrier(len(calls))

    def begin(call):
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(begin, call) for call in calls]]


def rows(start, count):
    return np.arange(start, start + count, dtype=np.float32).reshape(count, 1)


def test_concurrent_calls_share_a_batch_and_get_their_own_rows():
    run = Recording()
    shared = SharedBatches(run, wait_seconds=1.0, max_rows=10)
    inputs = [rows(10 * number, number + 1) for number in range(4)]

    outputs = at_once([lambda one=one: shared("rgb", one) for one in inputs])

    assert run.batches == [("rgb", 10)]
    for ours, theirs in zip(outputs, inputs, strict=True):
        assert np.array_equal(ours, 2 * theirs)


def test_networks_are_not_mixed():
    run = Recording()
    shared = SharedBatches(run, wait_seconds=0.05, max_rows=10)

    at_once([lambda: shared("rgb", rows(0, 2)), lambda: shared("audio", rows(0, 3))])

    assert sorted(run.batches) == [("audio", 3), ("rgb", 2)]


def test_nobody_waits_for_more_than_a_full_batch():
    run = Recording()
    shared = SharedBatches(run, wait_seconds=60.0, max_rows=4)

    outputs = at_once([lambda n=n: shared("rgb", rows(n, 2)) for n in range(4)])

    assert run.batches == [("rgb", 4), ("rgb", 4)]
    assert sorted(float(one[0, 0]) for one in outputs) == [0, 2, 4, 6]


def test_who_comes_alone_runs_alone():
    run = Recording()
    shared = SharedBatches(run, wait_seconds=0.001, max_rows=4)

    assert np.array_equal(shared("rgb", rows(1, 1)), 2 * rows(1, 1))
    assert np.array_equal(shared("rgb", rows(3, 1)), 2 * rows(3, 1))
    assert run.batches == [("rgb", 1), ("rgb", 1)]


def test_a_failure_reaches_every_caller_and_the_next_batch_runs():
    run = Recording()
    shared = SharedBatches(run, wait_seconds=1.0, max_rows=2)

    def failing():
        with pytest.raises(RuntimeError, match="out of memory"):
            shared("bad", rows(0, 1))

    at_once([failing, failing])

    assert run.batches == [("bad", 2)]
    assert len(shared("rgb", rows(0, 2))) == 2


def test_answers_of_a_model_do_not_depend_on_sharing():
    device, model = torch.device("cpu"), tiny_model()
    alone = TorchRuntime(model, "v", device=device)
    shared = TorchRuntime(model, "v", device=device, shares_batches=True)
    generator = np.random.default_rng(0)
    inputs = [generator.integers(0, 256, (n, *shape(model)), dtype=np.uint8) for n in (1, 2, 3)]

    outputs = at_once([lambda one=one: shared.recognize("rgb", one) for one in inputs])

    for ours, one in zip(outputs, inputs, strict=True):
        assert np.allclose(ours, alone.recognize("rgb", one), atol=1e-5)


def shape(model):
    spec = model.spec
    side = spec.inputs.crop
    return spec.modality("rgb").recognizer.frames, side, side, 3
