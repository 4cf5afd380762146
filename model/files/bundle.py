"""The serving bundle: one zip with spec.json and an ONNX graph for each network. No torch here."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from model.files.atomic_file import write_atomically
from model.spec.model_spec import ModelSpec
from model.spec.spec_json import SpecError, parse_spec

SPEC_NAME = "spec.json"
# A graph is read into memory whole; nothing legitimate comes near this.
MAX_MEMBER_BYTES = 2 * 1024**3
_SIGNATURE = b"PK\x03\x04"
# Of a checkpoint: the length of its header, and the brace that the header begins with.
_LEAST_BYTES = 9
# Fixed, so that the same weights give the same file and the same version.
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


class BundleError(ValueError):
    """The file is not a bundle that this version understands; the message says why."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Serialised ONNX graphs by name, with the spec; `version` identifies the file's bytes."""

    spec: ModelSpec
    graphs: Mapping[str, bytes]
    version: str


def graph_names(spec: ModelSpec) -> tuple[str, ...]:
    """The graphs that a bundle of `spec` consists of."""
    branches = (f"policy_branch_{name}" for name in spec.modality_names)
    recognizers = (f"recognizer_{name}" for name in spec.modality_names)
    return (*branches, "policy_joint", "policy_step", *recognizers, "fusion")


def file_version(path: Path) -> str:
    """First 12 hexadecimal digits of the file's SHA-256."""
    # In one piece: while other threads import modules, each of many would wait for its turn.
    return _version(path.read_bytes())


def _version(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def write_bundle(path: Path, spec: ModelSpec, graphs: Mapping[str, bytes]) -> None:
    """Write atomically: `path` is either what it was or the whole new bundle."""
    if set(graphs) != set(graph_names(spec)):
        raise BundleError(f"graphs are {sorted(graphs)}; needed: {sorted(graph_names(spec))}")
    members = {SPEC_NAME: spec.model_dump_json(indent=2).encode()}
    members |= {f"{name}.onnx": graphs[name] for name in graph_names(spec)}
    write_atomically(path, lambda file: _write_members(file, members))


def _write_members(path: Path, members: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in members.items():
            archive.writestr(_entry(name), content)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=_ZIP_DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def read_bundle(path: Path) -> Bundle:
    """Raises BundleError for anything but a complete bundle, OSError when it cannot be read."""
    # Opened once: another file may take its place meanwhile, and have another version.
    with path.open("rb") as file:
        with _damage_told(path), zipfile.ZipFile(file) as archive:
            spec = _read_spec(path, archive)
            graphs = {name: _read_member(path, archive, name) for name in graph_names(spec)}
        file.seek(0)
        return Bundle(spec=spec, graphs=graphs, version=_version(file.read()))


def is_bundle(path: Path) -> bool:
    """One that was cut off has no directory at its end any more, but begins like a zip file; and
    nobody should wait for torch, or be asked for it, to hear that a file is empty."""
    with path.open("rb") as file:
        first = file.read(_LEAST_BYTES)
    return len(first) < _LEAST_BYTES or first.startswith(_SIGNATURE) or zipfile.is_zipfile(path)


def read_spec(path: Path) -> ModelSpec:
    """The spec of a bundle, without its graphs."""
    with _damage_told(path), zipfile.ZipFile(path) as archive:
        return _read_spec(path, archive)


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    """Whatever zipfile raises for a damaged file: of a stream, a method, a version or a flag."""
    try:
        yield
    except BundleError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
        raise BundleError(f"{path} is not a bundle: {error}") from error


def _read_spec(path: Path, archive: zipfile.ZipFile) -> ModelSpec:
    if SPEC_NAME not in archive.namelist():
        raise BundleError(f"{path} has no {SPEC_NAME}: a zip file, but not a bundle")
    try:
        return parse_spec(archive.read(SPEC_NAME).decode())
    except (SpecError, UnicodeDecodeError) as error:
        raise BundleError(f"{path}: {error}") from error


def _read_member(path: Path, archive: zipfile.ZipFile, name: str) -> bytes:
    member = f"{name}.onnx"
    if member not in archive.namelist():
        raise BundleError(f"{path} lacks {member}")
    if archive.getinfo(member).file_size > MAX_MEMBER_BYTES:
        raise BundleError(f"{path}: {member} exceeds {MAX_MEMBER_BYTES} bytes")
    return archive.read(member)
