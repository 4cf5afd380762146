"""The sandbox: a child process that cannot outlive, outgrow or outrun what it was given."""

from __future__ import annotations

import contextlib
import os
import resource
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO

from model.common.deadline import Deadline
from model.common.errors import DecodeTimeoutError, UndecodableVideoError
from model.inputs.ffmpeg.decode_limits import DecodeLimits

POLL_SECONDS = 0.05
# How often to look for the end of a child that has closed its output.
END_POLL_SECONDS = 0.002
CHUNK_BYTES = 256 * 1024
# Of long error output the beginning and the end are kept. A kilobyte a frame is usual, and the
# frames' times are read from it.
ERROR_HEAD_BYTES = 4 * 1024**2
ERROR_TAIL_BYTES = 64 * 1024

Follow = Callable[[bytearray, bytearray], None]


@dataclass(frozen=True, slots=True)
class Finished:
    """What a child left behind; `errors` is its standard error, shortened in the middle."""

    status: int
    output: bytearray
    errors: str


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Two clocks: the request's deadline, and the time that decoding this video may take."""

    request: Deadline
    decoding: Deadline

    @classmethod
    def start(cls, request: Deadline, limits: DecodeLimits) -> Deadlines:
        return cls(request=request, decoding=Deadline(limits.wall_seconds))

    def check(self) -> None:
        """Raises DeadlineExceededError for the request's, DecodeTimeoutError for the other."""
        self.request.check()
        if self.decoding.remaining() <= 0:
            raise DecodeTimeoutError(
                f"the video could not be decoded within {self.decoding.seconds:g} s"
            )


def run_sandboxed(
    arguments: Sequence[str],
    *,
    limits: DecodeLimits,
    deadlines: Deadlines,
    max_output_bytes: int,
    follow: Follow | None = None,
) -> Finished:
    """Run a program without shell, input or environment, in a process group of its own.

    `follow` is called whenever there is more, with all of the output and of the errors so far.
    Whatever happens, the whole group is dead and the program reaped when this returns or raises.

    Raises:
        DecodeTimeoutError, DeadlineExceededError: see Deadlines; the first also when the kernel
            stopped the program at `limits.cpu_seconds`.
        UndecodableVideoError: the program wrote more than `max_output_bytes`.
    """
    deadlines.check()
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
        output, errors = _drain(process, deadlines, max_output_bytes, follow)
    finally:
        _end(process)
    if process.returncode in (-signal.SIGKILL, -signal.SIGXCPU):
        raise DecodeTimeoutError(
            f"decoding was stopped: more than {limits.cpu_seconds} s of processor time, or memory"
        )
    return Finished(process.returncode, output, errors.decode("utf-8", "replace"))


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
    process: subprocess.Popen[bytes],
    deadlines: Deadlines,
    max_output_bytes: int,
    follow: Follow | None,
) -> tuple[bytearray, bytearray]:
    """Both pipes, read side by side so that neither can fill up and block the child, until they
    are closed and the child has ended."""
    if process.stdout is None or process.stderr is None:
        raise ValueError("the process needs pipes for its output and its errors")
    output, errors = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ, output)
        selector.register(process.stderr, selectors.EVENT_READ, errors)
        while not _has_ended(process) or selector.get_map():
            if not selector.get_map():
                time.sleep(END_POLL_SECONDS)
            for key, _ in selector.select(POLL_SECONDS) if selector.get_map() else ():
                if not _read(key.fileobj, key.data):  # type: ignore[arg-type]
                    selector.unregister(key.fileobj)
            del errors[ERROR_HEAD_BYTES : max(ERROR_HEAD_BYTES, len(errors) - ERROR_TAIL_BYTES)]
            if len(output) > max_output_bytes:
                raise UndecodableVideoError(f"decoding gave more than {max_output_bytes} bytes")
            if follow is not None:
                follow(output, errors)
            deadlines.check()
    return output, errors


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether the child has ended; what it started ends with it, and lets go of the pipes.

    The child is left unreaped: its process group's number cannot be given to others meanwhile.
    """
    if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        return False
    _kill_group(process)
    return True


def _read(pipe: IO[bytes], into: bytearray) -> int:
    chunk = os.read(pipe.fileno(), CHUNK_BYTES)
    into += chunk
    return len(chunk)


def _end(process: subprocess.Popen[bytes]) -> None:
    _kill_group(process)
    process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # Nobody may be left in it.
        os.killpg(process.pid, signal.SIGKILL)
