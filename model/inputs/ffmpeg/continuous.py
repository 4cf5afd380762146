"""ContinuousPipeline: programs in the sandbox whose output is read while they write it."""

from __future__ import annotations

import os
import selectors
import time
from collections.abc import Callable, Sequence
from types import TracebackType

from model.common.deadline import Deadline
from model.common.errors import DecodeTimeoutError
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.kernel_sandbox import Child
from model.inputs.ffmpeg.sandbox import (
    CHUNK_BYTES,
    END_POLL_SECONDS,
    ERROR_TAIL_BYTES,
    POLL_SECONDS,
    check_not_stopped,
    end_pipeline,
    has_ended,
    pipe_of,
    start_pipeline,
)

OnLines = Callable[[str], None]


class ContinuousPipeline:
    """A context. What is not read yet keeps the programs waiting, so that neither memory nor their
    work grows with the length of what they decode. Not for concurrent use.

    Raises, while it is read:
        DecodeTimeoutError: nothing came for `limits.wall_seconds`, or the kernel stopped a program.
        DeadlineExceededError: the deadline passed or was cancelled.
    """

    def __init__(
        self,
        commands: Sequence[Sequence[str]],
        *,
        limits: DecodeLimits,
        deadline: Deadline,
        on_lines: OnLines,
    ) -> None:
        """`on_lines` is told of whole lines that the last program writes to its log."""
        self._limits, self._deadline, self._on_lines = limits, deadline, on_lines
        self._output, self._log = bytearray(), bytearray()
        self._processes = start_pipeline(commands, limits)
        self._is_over = False
        self._selector = selectors.DefaultSelector()
        self._selector.register(pipe_of(self._last.stdout), selectors.EVENT_READ, self._output)
        for process in self._processes:
            into = self._log if process is self._last else bytearray()
            self._selector.register(pipe_of(process.stderr), selectors.EVENT_READ, into)

    def __enter__(self) -> ContinuousPipeline:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._selector.close()
        if not self._is_over:
            end_pipeline(self._processes)

    def read(self, size: int) -> bytes:
        """So many bytes of the output; fewer only where it ends. Lines of the log that were
        written before them have been told of."""
        patience = Deadline(self._limits.wall_seconds)
        while len(self._output) < size and self._turn(size, patience):
            pass
        chunk = bytes(self._output[:size])
        del self._output[:size]
        if len(chunk) < size and not self._is_over:
            self._finish()
        return chunk

    def wait_for_log(self) -> bool:
        """One more turn of the log alone; False where nothing more will come."""
        return self._turn(0, Deadline(self._limits.wall_seconds))

    @property
    def _last(self) -> Child:
        return self._processes[-1]

    def _turn(self, size: int, patience: Deadline) -> bool:
        """Reads what there is. False when the output, and with size 0 the log, has ended."""
        self._deadline.check()
        if patience.remaining() <= 0:
            seconds = self._limits.wall_seconds
            raise DecodeTimeoutError(f"decoding brought nothing for {seconds:g} s")
        # The log first: a frame's time is written before the frame.
        ready = self._selector.select(POLL_SECONDS)
        for key, _ in sorted(ready, key=lambda one: one[0].data is self._output):
            is_output = key.data is self._output
            if is_output and len(self._output) >= max(size, 1):
                continue
            chunk = os.read(key.fd, min(CHUNK_BYTES, size) if is_output and size else CHUNK_BYTES)
            key.data.extend(chunk)
            if not chunk:
                self._selector.unregister(key.fileobj)
        self._tell()
        return any(k.data is (self._output if size else self._log) for k in self._open())

    def _open(self) -> list[selectors.SelectorKey]:
        return list(self._selector.get_map().values())

    def _tell(self) -> None:
        end = self._log.rfind(b"\n") + 1
        if end:
            lines = self._log[:end].decode("utf-8", "replace")
            del self._log[:end]
            self._on_lines(lines)
        for key in self._open():
            if key.data is not self._output and len(key.data) > ERROR_TAIL_BYTES:
                del key.data[:-ERROR_TAIL_BYTES]

    def _finish(self) -> None:
        """The output has ended; so will the programs."""
        patience = Deadline(self._limits.wall_seconds)
        while self._turn(0, patience) or not has_ended(self._processes, self._limits):
            time.sleep(END_POLL_SECONDS)
        end_pipeline(self._processes)
        self._is_over = True
        check_not_stopped(self._processes, self._limits)

    @property
    def status(self) -> int | None:
        """Of the last program; None before all of the output has been read."""
        return self._last.returncode if self._is_over else None
