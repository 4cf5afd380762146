"""SharedBatches: calls that come at almost the same time run as one batch."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from model.runtime.base import Array
from model.spec.input_spec import InputArray

Key = TypeVar("Key", bound=Hashable)


@dataclass(slots=True)
class _Batch:
    """Open to more rows until it is `full` or its first caller has waited long enough."""

    parts: list[NDArray[Any]] = field(default_factory=list)
    num_rows: int = 0
    full: Event = field(default_factory=Event)
    outputs: Future[Array] = field(default_factory=Future)

    def add(self, inputs: InputArray) -> slice:
        """Where the outputs of these rows are going to be."""
        start = self.num_rows
        self.parts.append(inputs)
        self.num_rows += len(inputs)
        return slice(start, self.num_rows)


class SharedBatches(Generic[Key]):
    """Collects rows for the same network from concurrent callers.

    Whoever comes first waits `wait_seconds` for others, unless `max_rows` are there before, then
    runs the batch for all. A batch that fails fails for each of its callers.
    """

    def __init__(
        self, run: Callable[[Key, InputArray], Array], *, wait_seconds: float, max_rows: int
    ) -> None:
        """`run` computes one row of outputs for each row of inputs; it is called by any thread."""
        self._run = run
        self._wait_seconds = wait_seconds
        self._max_rows = max_rows
        self._open: dict[Key, _Batch] = {}
        self._lock = Lock()

    def __call__(self, key: Key, inputs: InputArray) -> Array:
        """(n, ...) -> (n, ...), in a batch with what others bring for `key`."""
        with self._lock:
            leads = key not in self._open
            batch = self._open.setdefault(key, _Batch())
            rows = batch.add(inputs)
            if batch.num_rows >= self._max_rows:
                self._close(key, batch)
        if leads:
            self._lead(key, batch)
        return batch.outputs.result()[rows]

    def _lead(self, key: Key, batch: _Batch) -> None:
        batch.full.wait(self._wait_seconds)
        with self._lock:
            self._close(key, batch)
        try:
            batch.outputs.set_result(self._run(key, np.concatenate(batch.parts)))
        except BaseException as error:
            # The others wait in threads of their own, whatever ended this one.
            batch.outputs.set_exception(error)

    def _close(self, key: Key, batch: _Batch) -> None:
        """Under the lock: the next caller opens another."""
        if self._open.get(key) is batch:
            del self._open[key]
        batch.full.set()
