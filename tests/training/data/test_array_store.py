import threading

import numpy as np
import pytest
import torch

from training.data.array_store import InMemoryArrays, OnDiskArrays, read_ahead


def rows(kind):
    values = torch.arange(12).reshape(4, 3)
    if kind == "memory":
        return InMemoryArrays(values)
    return OnDiskArrays([lambda row=row: values[row].numpy() for row in range(4)])


@pytest.mark.parametrize("kind", ["memory", "disk"])
def test_rows_are_taken_and_chosen(kind):
    four = rows(kind)

    assert len(four) == 4
    assert four.take(torch.tensor([2, 0])).tolist() == [[6, 7, 8], [0, 1, 2]]
    chosen = four.only(torch.tensor([True, False, False, True]))
    assert len(chosen) == 2
    assert chosen.take(torch.tensor([1])).tolist() == [[9, 10, 11]]


def test_nothing_is_read_before_it_is_taken():
    def fail():
        raise AssertionError("read too early")

    one = OnDiskArrays([fail, lambda: np.zeros(1)]).only(torch.tensor([False, True]))

    assert one.take(torch.tensor([0])).tolist() == [[0.0]]


def test_the_next_is_read_while_this_one_is_used():
    begun = [threading.Event() for _ in range(3)]

    def read(key):
        begun[key].set()
        return key * 10

    seen = []
    for key, value in read_ahead(range(3), read):
        if key < 2:
            assert begun[key + 1].wait(timeout=10)
        seen.append((key, value))

    assert seen == [(0, 0), (1, 10), (2, 20)]


def test_what_reading_raises_reaches_the_caller():
    def read(key):
        raise OSError(f"no {key}")

    with pytest.raises(OSError, match="no 0"):
        list(read_ahead(range(2), read))
