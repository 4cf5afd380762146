"""The kernel's part of the sandbox: a decoder reads its input and itself, and that is all.

Landlock (https://docs.kernel.org/userspace-api/landlock.html) keeps files and TCP from it, a filter
of system calls the rest. Both are set on a thread of its own that then starts the child, which
inherits them: no root, no capability and no namespace is needed, and the service stays as it is.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import landlockpy
import seccompy
from landlockpy import AccessFS, AccessNet, Ruleset, Scope

from model.inputs.ffmpeg.permissions import Permissions, permissions_of
from model.inputs.ffmpeg.programs import VERSION_SECONDS, programs
from model.inputs.ffmpeg.system_calls import ReadyFilter, program_of

Child = subprocess.Popen[bytes]
Mode = Literal["auto", "required", "off"]
MODE_VARIABLE = "ADAMML_SANDBOX"
_READ = AccessFS.READ_FILE | AccessFS.READ_DIR
_DEVICE = AccessFS.READ_FILE | AccessFS.WRITE_FILE | AccessFS.IOCTL_DEV


class SandboxMissingError(OSError):
    """It is required, and the kernel does not offer it."""


@dataclass(frozen=True, slots=True)
class Offered:
    """`landlock` is the version of its interface, 0 where the kernel has none."""

    landlock: int
    seccomp: bool

    def __str__(self) -> str:
        parts = [f"landlock {self.landlock}"] if self.landlock else []
        return ", ".join([*parts, *(["seccomp"] if self.seccomp else [])]) or "none"

    @property
    def is_complete(self) -> bool:
        return self.landlock > 0 and self.seccomp


_NOTHING = Offered(landlock=0, seccomp=False)


@cache
def offered() -> Offered:
    """What this kernel has. Containers may keep either call from those inside."""
    if sys.platform != "linux":
        return _NOTHING
    landlock, seccomp = 0, False
    with suppress(OSError):
        landlock = landlockpy.abi_version()
    with suppress(OSError, seccompy.UnsupportedError):
        seccompy.arch()
        seccomp = seccompy.supported()
    return Offered(landlock, seccomp)


@cache
def sandbox_in_use() -> Offered:
    """What stands around decoders here: what the kernel offers, if a decoder runs in it.

    Raises:
        SandboxMissingError: ADAMML_SANDBOX is `required`, and a part is missing or no decoder runs.
        ProgramMissingError: there is no decoder.
        ValueError: the variable is none of the modes.
    """
    mode = os.environ.get(MODE_VARIABLE) or "auto"
    if mode not in get_args(Mode):
        raise ValueError(f"{MODE_VARIABLE} is {mode!r}; allowed are {', '.join(get_args(Mode))}")
    if mode == "off":
        return _NOTHING
    found = offered()
    problem = _problem(found)
    if mode == "required" and (problem or not found.is_complete):
        reason = problem or f"the kernel offers this alone: {found}"
        raise SandboxMissingError(f"{MODE_VARIABLE} is 'required': {reason}")
    return _NOTHING if problem else found


def _problem(found: Offered) -> str | None:
    """Why the decoder does not run in it, as one that was built in an unusual way may not."""
    for program in (programs().ffmpeg, programs().ffprobe):
        command = [program, "-version"]
        try:
            child = _start_confined(command, permissions_of(command), found, _quiet())
        except OSError as error:
            return f"{program} does not start in it: {error}"
        if child.wait(VERSION_SECONDS) != 0:
            return f"{program} does not run in it"
    return None


def _quiet() -> dict[str, Any]:
    return dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)


class _Uncollected:
    """A context in which no garbage is collected: that happens in whichever thread has just made
    an object, and a finalizer in a confined one could not end a process, and would wait for it."""

    def __init__(self) -> None:
        self._lock, self._inside, self._was_enabled = threading.Lock(), 0, False

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._was_enabled = gc.isenabled()
                gc.disable()
            self._inside += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside and self._was_enabled:
                gc.enable()


_UNCOLLECTED = _Uncollected()


def start_confined(command: Sequence[str], **options: Any) -> Child:  # noqa: ANN401 - Popen's own
    """`subprocess.Popen` of a decoder that may do what its command line needs, and no more.

    Raises what Popen raises, and what `sandbox_in_use` raises.
    """
    return _start_confined(command, permissions_of(command), sandbox_in_use(), options)


def _start_confined(
    command: Sequence[str], permissions: Permissions, found: Offered, options: dict[str, Any]
) -> Child:
    if found == _NOTHING:
        return subprocess.Popen(command, **options)
    started: list[Child | BaseException] = []

    def confine_and_start() -> None:
        try:
            _confine(permissions, found)
            started.append(subprocess.Popen(command, **options))
        except BaseException as error:
            started.append(error)

    # What it opens for the child is opened out here: the thread may not.
    with _UNCOLLECTED, Path(os.devnull).open("r+b", buffering=0) as nothing:
        _replace_devnull(options, nothing.fileno())
        thread = threading.Thread(target=confine_and_start, name="confined")
        thread.start()
        thread.join()
    (result,) = started
    if isinstance(result, BaseException):
        raise result
    return result


def _replace_devnull(options: dict[str, Any], descriptor: int) -> None:
    for name in ("stdin", "stdout", "stderr"):
        if options.get(name) == subprocess.DEVNULL:
            options[name] = descriptor


def _confine(permissions: Permissions, found: Offered) -> None:
    """The calling thread, for good. It should do little else: whatever runs in it may do no more
    than the child."""
    if found.landlock:
        net = AccessNet.NONE if permissions.network else None
        scoped = Scope.SIGNAL | Scope.ABSTRACT_UNIX_SOCKET
        with Ruleset(handled_net=net, scoped=scoped) as rules:
            _allow(rules, permissions.execute, AccessFS.EXECUTE | AccessFS.READ_FILE)
            _allow(rules, permissions.read, _READ)
            _allow(rules, permissions.devices, _DEVICE)
            rules.restrict()
    if found.seccomp:
        program = program_of(network=permissions.network, devices=bool(permissions.devices))
        ReadyFilter(program).load()


def _allow(rules: Ruleset, paths: Sequence[str], access: AccessFS) -> None:
    for path in paths:
        with suppress(FileNotFoundError, NotADirectoryError):
            # Of a file rights that are about folders would be refused.
            wanted = access if Path(path).is_dir() else access & ~AccessFS.READ_DIR
            rules.allow_path(path, wanted)
