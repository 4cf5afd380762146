"""Permissions: which files a decoder's command line has to read and run, and whether it needs the
network. Everything else is kept from it, see `kernel_sandbox`.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

# Where a program that is not static finds its libraries.
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache")
# What looking up a host, and the certificate of one, reads.
_NETWORK_FILES = (
    *("/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf"),
    *("/etc/services", "/etc/protocols", "/etc/ssl", "/etc/pki", "/usr/share/ca-certificates"),
    *_LIBRARIES,
)
_DEVICES = "/dev/video"
_FILE = "file:"
_ELF64_LITTLE = b"\x7fELF\x02\x01"
_PT_INTERP = 3


@dataclass(frozen=True, slots=True)
class Permissions:
    """Folders count with all that is in them; a path that does not exist permits nothing."""

    execute: tuple[str, ...]
    read: tuple[str, ...]
    devices: tuple[str, ...] = ()
    network: bool = False


def permissions_of(command: Sequence[str]) -> Permissions:
    """Of ffmpeg, ffprobe, or Python with a script and a library, such as the AV1 decoder."""
    program = command[0]
    interpreter = interpreter_of(program)
    execute = (program,) if interpreter is None else (program, interpreter)
    read = [program, *_libraries_of(program, interpreter)]
    if program == sys.executable:
        read += _python_files(command)
    sources = [after for before, after in pairwise(command) if before == "-i"]
    devices = tuple(source for source in sources if source.startswith(_DEVICES))
    network = any(_is_address(source) for source in sources)
    read += [source.removeprefix(_FILE) for source in sources if not _is_address(source)]
    read += _NETWORK_FILES if network else ()
    return Permissions(execute, tuple(read), devices, network)


def _is_address(source: str) -> bool:
    return "://" in source and not source.startswith(_FILE)


def _libraries_of(program: str, interpreter: str | None) -> tuple[str, ...]:
    """Of the system, and those beside the program, as in environments of their own."""
    if interpreter is None:
        return ()
    return (*_LIBRARIES, str(Path(program).resolve().parent.parent / "lib"))


def _python_files(command: Sequence[str]) -> list[str]:
    """The environment's own, and what the arguments name: scripts, libraries with those beside."""
    named = [Path(word) for word in command[1:] if Path(word).is_absolute()]
    folders = [str(path if path.suffix == ".py" else path.parent) for path in named]
    return [f"{sys.prefix}/pyvenv.cfg", f"{sys.base_prefix}/lib", *folders]


@cache
def interpreter_of(program: str) -> str | None:
    """What the system runs first, to load a program's libraries; None for one that is static.

    See elf(5), PT_INTERP. Raises FileNotFoundError where there is no such program.
    """
    with Path(program).open("rb") as file:
        head = file.read(64)
        if not head.startswith(_ELF64_LITTLE):
            return None
        (offset,) = struct.unpack_from("<Q", head, 32)
        size, count = struct.unpack_from("<HH", head, 54)
        file.seek(offset)
        table = file.read(size * count)
        for index in range(count):
            kind, _, begin, _, _, length = struct.unpack_from("<IIQQQQ", table, index * size)
            if kind == _PT_INTERP:
                file.seek(begin)
                return file.read(length).rstrip(b"\0").decode()
    return None
