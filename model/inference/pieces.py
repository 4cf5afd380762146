"""Pieces: many segments are computed a few at a time, so that work whose time is up, or whose
client has left, ends soon.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from model.common.deadline import Deadline
from model.runtime.base import Runtime

# Of a recognition network of the paper's size these take about 0.4 s on two cores.
ROWS_AT_ONCE = 4
# A policy branch is a tenth of that, and runs several rows side by side.
POLICY_ROWS_AT_ONCE = 8
# Where results depend on what else is in the batch, and a GPU wants large ones.
_ROWS_OF_A_BATCH = 16


def pieces(
    rows: Sequence[int], runtime: Runtime, deadline: Deadline, *, size: int = ROWS_AT_ONCE
) -> Iterator[list[int]]:
    """`rows` in order, `size` at a time. Raises DeadlineExceededError between two of them."""
    size = size if runtime.runs_by_row else _ROWS_OF_A_BATCH
    for begin in range(0, len(rows), size):
        deadline.check()
        yield list(rows[begin : begin + size])
