"""The sandbox: a child process that cannot outlive, outgrow or outrun what it was given."""

from __future__ import annotations

import contextlib
import fcntl
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
from model.inputs.ffmpeg.kernel_sandbox import Child, start_confined

POLL_SECONDS = 0.05
# How often to look for the end of a child that has closed its output.
END_POLL_SECONDS = 0.002
CHUNK_BYTES = 1024**2
# Of long error output the beginning and the end are kept. A kilobyte a frame is usual, and the
# frames' times are read from it.
ERROR_HEAD_BYTES = 4 * 1024**2
ERROR_TAIL_BYTES = 64 * 1024
# The most that Linux gives to anybody; a frame is then read at once, instead of bit by bit.
PIPE_BYTES = 1024**2

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

    See `run_pipeline`, of which this is the case of one program.
    """
    return run_pipeline(
        [arguments],
        limits=limits,
        deadlines=deadlines,
        max_output_bytes=max_output_bytes,
        follow=follow,
    )


def run_pipeline(
    commands: Sequence[Sequence[str]],
    *,
    limits: DecodeLimits,
    deadlines: Deadlines,
    max_output_bytes: int,
    follow: Follow | None = None,
) -> Finished:
    """Run programs of which each reads what the one before writes, in one process group.

    `follow` is called whenever there is more, with all of the last one's output and errors so far.
    Whatever happens, the whole group is dead and the programs reaped when this returns or raises.
    The status is the last one's; the errors are its own, and after them those of the others.

    Raises:
        DecodeTimeoutError, DeadlineExceededError: see Deadlines; the first also when the kernel
            stopped a program at `limits.cpu_seconds`.
        UndecodableVideoError: the last program wrote more than `max_output_bytes`.
    """
    deadlines.check()
    processes = start_pipeline(commands, limits)
    try:
        output, errors = _drain(processes, limits, deadlines, max_output_bytes, follow)
    finally:
        end_pipeline(processes)
    check_not_stopped(processes, limits)
    return Finished(processes[-1].returncode, output, errors.decode("utf-8", "replace"))


def start_pipeline(commands: Sequence[Sequence[str]], limits: DecodeLimits) -> list[Child]:
    """Programs of which each reads what the one before writes, in one process group, within the
    limits. Whoever starts them ends them, by `end_pipeline`."""
    processes: list[Child] = []
    try:
        for command in commands:
            processes.append(_start(command, processes))
            _limit(processes[-1].pid, limits)
            _enlarge(pipe_of(processes[-1].stdout))
        for before in processes[:-1]:
            before.stdout.close()  # type: ignore[union-attr]  # The next one holds the other end.
    except BaseException:
        end_pipeline(processes)
        raise
    return processes


def check_not_stopped(processes: Sequence[Child], limits: DecodeLimits) -> None:
    """Raises DecodeTimeoutError where the kernel stopped one of the programs, which have ended."""
    # Those before the last one are killed when that has ended, see `has_ended`.
    stopped = [processes[-1].returncode == -signal.SIGKILL]
    if any((*stopped, *(one.returncode == -signal.SIGXCPU for one in processes))):
        raise _stopped(limits)


def _stopped(limits: DecodeLimits) -> DecodeTimeoutError:
    return DecodeTimeoutError(
        f"decoding was stopped: more than {limits.cpu_seconds} s of processor time, or memory"
    )


def _enlarge(pipe: IO[bytes]) -> None:
    """Elsewhere than on Linux, or beyond what a user may have in all, a pipe stays as it is."""
    with contextlib.suppress(OSError, AttributeError):
        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _start(command: Sequence[str], before: Sequence[Child]) -> Child:
    return start_confined(
        command,
        stdin=before[-1].stdout if before else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        process_group=before[0].pid if before else 0,
        bufsize=0,
    )


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
    processes: Sequence[Child],
    limits: DecodeLimits,
    deadlines: Deadlines,
    max_output_bytes: int,
    follow: Follow | None,
) -> tuple[bytearray, bytearray]:
    """All pipes, read side by side so that none can fill up and block a child, until they are
    closed and the last child has ended. Raises as `has_ended`."""
    output, said = bytearray(), [bytearray() for _ in processes]
    with selectors.DefaultSelector() as selector:
        selector.register(pipe_of(processes[-1].stdout), selectors.EVENT_READ, output)
        for process, errors in zip(processes, said, strict=True):
            selector.register(pipe_of(process.stderr), selectors.EVENT_READ, errors)
        while not has_ended(processes, limits) or selector.get_map():
            if not selector.get_map():
                time.sleep(END_POLL_SECONDS)
            for key, _ in selector.select(POLL_SECONDS) if selector.get_map() else ():
                if not _read(key.fileobj, key.data):  # type: ignore[arg-type]
                    selector.unregister(key.fileobj)
            _shorten(said)
            if len(output) > max_output_bytes:
                raise UndecodableVideoError(f"decoding gave more than {max_output_bytes} bytes")
            if follow is not None:
                follow(output, said[-1])
            deadlines.check()
    return output, bytearray(b"").join([said[-1], *said[:-1]])


def _shorten(said: Sequence[bytearray]) -> None:
    for errors in said:
        del errors[ERROR_HEAD_BYTES : max(ERROR_HEAD_BYTES, len(errors) - ERROR_TAIL_BYTES)]


def pipe_of(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise ValueError("the process needs pipes for its output and its errors")
    return pipe


def has_ended(processes: Sequence[Child], limits: DecodeLimits) -> bool:
    """Whether the last child has ended; what was started ends with it, and lets go of the pipes.

    The child is left unreaped: its process group's number cannot be given to others meanwhile.
    Raises DecodeTimeoutError where one before it was killed, by others than this function: what it
    had not written yet is missing, and the last one cannot know.
    """
    last = processes[-1].pid
    if os.waitid(os.P_PID, last, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        return False
    for before in processes[:-1]:
        if before.returncode is None and before.poll() == -signal.SIGKILL:
            raise _stopped(limits)
    _kill_group(processes)
    for before in processes[:-1]:
        before.wait()
    return True


def _read(pipe: IO[bytes], into: bytearray) -> int:
    chunk = os.read(pipe.fileno(), CHUNK_BYTES)
    into += chunk
    return len(chunk)


def end_pipeline(processes: Sequence[Child]) -> None:
    """Whatever still runs is killed, and nothing is left of any."""
    _kill_group(processes)
    for process in processes:
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def _kill_group(processes: Sequence[Child]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # Nobody may be left in it.
        if processes:
            os.killpg(processes[0].pid, signal.SIGKILL)
