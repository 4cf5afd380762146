"""The cage: a child process that cannot outlive, outgrow or outrun what it was given."""

from __future__ import annotations

import contextlib
import os
import resource
import selectors
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

from model.deadline import Deadline
from model.errors import DecodeTimeoutError, UndecodableVideoError
from model.inputs.limits import DecodeLimits

POLL_SECONDS = 0.05
CHUNK_BYTES = 1 << 20
# Of a long complaint the beginning and the end are kept.
ERROR_HEAD_BYTES = 16 * 1024
ERROR_TAIL_BYTES = 48 * 1024


@dataclass(frozen=True, slots=True)
class Finished:
    """What a child left behind; `errors` is its standard error, shortened in the middle."""

    status: int
    output: bytearray
    errors: str


@dataclass(frozen=True, slots=True)
class Patience:
    """Two clocks: the request's deadline, and the time that decoding this video may take."""

    request: Deadline
    decoding: Deadline

    @classmethod
    def start(cls, request: Deadline, limits: DecodeLimits) -> Patience:
        return cls(request=request, decoding=Deadline(limits.wall_seconds))

    def check(self) -> None:
        """Raises DeadlineExceededError for the request's, DecodeTimeoutError for the other."""
        self.request.check()
        if self.decoding.remaining() <= 0:
            raise DecodeTimeoutError(
                f"the video could not be decoded within {self.decoding.seconds:g} s"
            )


def run_caged(
    arguments: Sequence[str], *, limits: DecodeLimits, patience: Patience, max_output_bytes: int
) -> Finished:
    """Run a program without shell, input or environment, in a process group of its own.

    Whatever happens, the whole group is dead and reaped when this returns or raises.

    Raises:
        DecodeTimeoutError, DeadlineExceededError: see Patience.
        UndecodableVideoError: the program wrote more than `max_output_bytes`.
    """
    patience.check()
    process = subprocess.Popen(
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        process_group=0,
        bufsize=0,
    )
    try:
        _limit(process.pid, limits)
        output, errors = _drain(process, patience, max_output_bytes)
        status = process.wait(timeout=max(POLL_SECONDS, patience.decoding.remaining()))
    except subprocess.TimeoutExpired as error:
        raise DecodeTimeoutError("the decoder closed its output but did not end") from error
    finally:
        _end(process)
    return Finished(status, output, errors.decode("utf-8", "replace"))


def _limit(pid: int, limits: DecodeLimits) -> None:
    """Set after the start rather than by preexec_fn, which may deadlock in a threaded process."""
    bounds = {
        resource.RLIMIT_CPU: limits.cpu_seconds,
        resource.RLIMIT_AS: limits.memory_bytes,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    with contextlib.suppress(ProcessLookupError):  # It may have ended already.
        for which, bound in bounds.items():
            resource.prlimit(pid, which, (bound, bound))


def _drain(
    process: subprocess.Popen[bytes], patience: Patience, max_output_bytes: int
) -> tuple[bytearray, bytearray]:
    """Read both pipes side by side, so that neither can fill up and block the child."""
    if process.stdout is None or process.stderr is None:
        raise ValueError("the process needs pipes for its output and its errors")
    output, errors = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ, output)
        selector.register(process.stderr, selectors.EVENT_READ, errors)
        while selector.get_map():
            for key, _ in selector.select(POLL_SECONDS):
                if not _read(key.fileobj, key.data):  # type: ignore[arg-type]
                    selector.unregister(key.fileobj)
            del errors[ERROR_HEAD_BYTES : max(ERROR_HEAD_BYTES, len(errors) - ERROR_TAIL_BYTES)]
            if len(output) > max_output_bytes:
                raise UndecodableVideoError(f"decoding gave more than {max_output_bytes} bytes")
            patience.check()
    return output, errors


def _read(pipe: IO[bytes], into: bytearray) -> int:
    chunk = os.read(pipe.fileno(), CHUNK_BYTES)
    into += chunk
    return len(chunk)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the group, also what the child itself started, and reap the child."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # Nobody may be left in it.
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
