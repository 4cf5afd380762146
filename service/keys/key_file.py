"""The file of keys: one JSON object a line, with a hash of each key and never the key itself."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import tempfile
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

# Key and file both have it: a guess without a known id is refused before anything is hashed.
_PREFIX = "adamml"
_ID_BYTES, _SECRET_BYTES, _SALT_BYTES = 8, 32, 16
# RFC 7914's parameters for interactive use: 16 MiB and about 50 ms.
_COST, _BLOCK, _PARALLEL = 2**14, 8, 1
_MAX_MEMORY_BYTES = 64 * 1024**2
_MAX_KEY_LENGTH = 200


class KeyFileError(ValueError):
    """What is wrong in which line, or with which name."""


class KeyEntry(BaseModel):
    """One key. Limits that are None are none; `id` is the public part of the key.

    `hash` is "scrypt$N$r$p$salt$digest", salt and digest in base64.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")
    id: str = Field(pattern=r"^[0-9a-f]{16}$")
    hash: str = Field(pattern=r"^scrypt\$\d{1,7}\$\d{1,2}\$\d{1,2}\$[\w+/=]+\$[\w+/=]+$")
    requests_per_minute: float | None = Field(default=None, gt=0)
    gflops_per_minute: float | None = Field(default=None, gt=0)
    concurrency: int | None = Field(default=None, ge=1)

    def matches(self, key: str) -> bool:
        """In constant time but for the hash itself, which takes some 50 ms."""
        _, cost, block, parallel, salt, digest = self.hash.split("$")
        made = _scrypt(key, base64.b64decode(salt), int(cost), int(block), int(parallel))
        return hmac.compare_digest(made, base64.b64decode(digest))


def new_key(
    name: str,
    *,
    requests_per_minute: float | None = None,
    gflops_per_minute: float | None = None,
    concurrency: int | None = None,
) -> tuple[str, KeyEntry]:
    """A key that is told once, and what the file keeps of it. Raises KeyFileError."""
    public = secrets.token_hex(_ID_BYTES)
    key = f"{_PREFIX}_{public}_{secrets.token_urlsafe(_SECRET_BYTES)}"
    salt = secrets.token_bytes(_SALT_BYTES)
    digest = _scrypt(key, salt, _COST, _BLOCK, _PARALLEL)
    parts = ("scrypt", str(_COST), str(_BLOCK), str(_PARALLEL), _text(salt), _text(digest))
    fields = {
        "name": name,
        "id": public,
        "hash": "$".join(parts),
        "requests_per_minute": requests_per_minute,
        "gflops_per_minute": gflops_per_minute,
        "concurrency": concurrency,
    }
    try:
        return key, KeyEntry.model_validate(fields)
    except ValidationError as error:
        raise KeyFileError(_words(error)) from error


def id_of(key: str) -> str | None:
    """Its public part; None where it is not made like ours."""
    parts = key.split("_", 2)
    is_ours = len(key) <= _MAX_KEY_LENGTH and len(parts) == 3 and parts[0] == _PREFIX
    return parts[1] if is_ours else None


def read_keys(path: Path) -> tuple[KeyEntry, ...]:
    """Raises KeyFileError, and OSError where the file cannot be read."""
    entries: dict[str, KeyEntry] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            entry = KeyEntry.model_validate_json(line)
        except ValidationError as error:
            raise KeyFileError(f"line {number}: {_words(error)}") from error
        if entry.name in entries:
            raise KeyFileError(f"line {number}: {entry.name} is there twice")
        entries[entry.name] = entry
    return tuple(entries.values())


def add_key(path: Path, entry: KeyEntry) -> None:
    """Creates the file where there is none. Raises as `read_keys`, and where the name is taken."""
    entries = read_keys(path) if path.exists() else ()
    if any(one.name == entry.name for one in entries):
        raise KeyFileError(f"there is a key called {entry.name}; remove it first")
    _write(path, (*entries, entry))


def remove_key(path: Path, name: str) -> None:
    """Raises as `read_keys`, and where there is no such name."""
    entries = read_keys(path)
    left = tuple(one for one in entries if one.name != name)
    if len(left) == len(entries):
        raise KeyFileError(f"there is no key called {name}")
    _write(path, left)


def _write(path: Path, entries: tuple[KeyEntry, ...]) -> None:
    """All or nothing, since a service may read it at any moment; readable by its owner alone."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.writelines(entry.model_dump_json(exclude_none=True) + "\n" for entry in entries)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _scrypt(key: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    return hashlib.scrypt(
        key.encode(), salt=salt, n=cost, r=block, p=parallel, maxmem=_MAX_MEMORY_BYTES, dklen=32
    )


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _words(error: ValidationError) -> str:
    """Without the input: a line of hashes belongs in no log."""
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
