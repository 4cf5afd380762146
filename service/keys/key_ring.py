"""KeyRing: whose key it is, by the file as it is now, without a slow hash for each request."""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from service.keys.key_file import KeyEntry, KeyFileError, id_of, read_keys
from service.keys.key_limits import KeyLimits
from service.problems.errors import RateLimitedError, UnauthorizedError
from service.threads import in_thread

logger = logging.getLogger(__name__)

# How often it is looked whether the file has changed.
_LOOK_SECONDS = 1.0
# Of keys whose hash waits to be made: more are guesses.
_MAX_CHECKS = 16


class KeyRing:
    """Belongs to one event loop. A key that was hashed once is known by a quick keyed digest, under
    a secret of this process, for as long as its line of the file stays."""

    def __init__(self, path: Path, *, workers: int = 1) -> None:
        """Raises KeyFileError, and OSError where the file cannot be read."""
        self._path = path
        self._workers = workers
        self._secret = secrets.token_bytes(32)
        # One at a time: guesses must not take the cores from those who are known.
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="keys")
        self._num_checks = 0
        self._known: dict[bytes, KeyEntry] = {}
        self._limits: dict[str, KeyLimits] = {}
        self._entries: tuple[KeyEntry, ...] = ()
        self._stamp = _stamp(path)
        self._looked = time.monotonic()
        self._take(read_keys(path))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(entry.name for entry in self._entries)

    def limits(self, name: str) -> KeyLimits:
        """Raises KeyError where the name is gone."""
        return self._limits[name]

    async def require(self, authorization: str) -> tuple[str, KeyLimits]:
        """The name of the key in an Authorization header, and what it may take.

        Raises UnauthorizedError; RateLimitedError where too many unknown keys are being hashed.
        """
        await self._follow_file()
        scheme, _, given = authorization.partition(" ")
        key = given.strip()
        if scheme.lower() != "bearer" or not key:
            raise UnauthorizedError("send a key as Authorization: Bearer KEY")
        entry = self._known.get(self._digest(key)) or await self._check(key)
        if entry is None or entry.name not in self._limits:
            raise UnauthorizedError("the key is not known")
        return entry.name, self._limits[entry.name]

    async def _check(self, key: str) -> KeyEntry | None:
        entry = self._by_id(id_of(key) or "")
        if entry is None:
            return None
        if self._num_checks >= _MAX_CHECKS:
            raise RateLimitedError("too many keys are being checked", retry_after_seconds=1)
        self._num_checks += 1
        try:
            matches = await in_thread(self._executor, entry.matches, key)
        finally:
            self._num_checks -= 1
        # Meanwhile the file may have changed.
        if not matches or entry not in self._entries:
            return None
        self._known[self._digest(key)] = entry
        return entry

    def _by_id(self, public: str) -> KeyEntry | None:
        """Looks at all of them, so that the time tells nothing."""
        wanted = public.encode()
        matching = [one for one in self._entries if hmac.compare_digest(one.id.encode(), wanted)]
        return matching[0] if matching else None

    def _digest(self, key: str) -> bytes:
        return hashlib.blake2b(key.encode(), key=self._secret, digest_size=32).digest()

    async def _follow_file(self) -> None:
        now = time.monotonic()
        if now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        try:
            stamp, entries = await in_thread(None, self._read_if_changed)
        except (OSError, KeyFileError) as error:
            logger.error("the keys stay as they were: %s: %s", self._path, error)
            return
        if entries is not None:
            self._stamp = stamp
            self._take(entries)
            logger.info("keys were read", extra={"fields": {"keys": len(entries)}})

    def _read_if_changed(self) -> tuple[tuple[int, ...], tuple[KeyEntry, ...] | None]:
        stamp = _stamp(self._path)
        return stamp, None if stamp == self._stamp else read_keys(self._path)

    def _take(self, entries: tuple[KeyEntry, ...]) -> None:
        """A line that is as it was keeps its buckets; what others had is forgotten."""
        old = {one.name: one for one in self._entries}
        self._limits = {
            one.name: self._limits[one.name]
            if old.get(one.name) == one
            else KeyLimits(one, workers=self._workers)
            for one in entries
        }
        self._entries = entries
        self._known = {digest: one for digest, one in self._known.items() if one in entries}

    def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)


def _stamp(path: Path) -> tuple[int, ...]:
    told = path.stat()
    return (told.st_mtime_ns, told.st_size, told.st_ino)
