"""What both clients share: bodies, errors of answers, lines of a stream."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import anyio.to_thread
import httpx

from adamml_client.answers import Event, Segment
from adamml_client.errors import ProblemError, StreamDroppedError, problem_error
from adamml_client.retries import retry_after

LINES = "application/x-ndjson"
# A path, or the whole of the file.
Source = str | os.PathLike[str] | bytes
_CHUNK_BYTES = 1024 * 1024


def authorization(key: str | None) -> dict[str, str]:
    return {} if key is None else {"Authorization": f"Bearer {key}"}


def headers_of(source: Source) -> dict[str, str]:
    """With its length: the service then refuses what is too large at once."""
    size = len(source) if isinstance(source, bytes) else Path(source).stat().st_size
    return {"Content-Type": "application/octet-stream", "Content-Length": str(size)}


def body_of(source: Source) -> bytes | Iterator[bytes]:
    """Anew for each try."""
    return source if isinstance(source, bytes) else _chunks(Path(source))


def async_body_of(source: Source) -> bytes | AsyncIterator[bytes]:
    """The same; a slow disk does not hold up the event loop."""
    return source if isinstance(source, bytes) else _async_chunks(Path(source))


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


async def _async_chunks(path: Path) -> AsyncIterator[bytes]:
    file = await anyio.to_thread.run_sync(path.open, "rb")
    with file:
        while chunk := await anyio.to_thread.run_sync(file.read, _CHUNK_BYTES):
            yield chunk


def error_of(response: httpx.Response) -> ProblemError:
    """Of an answer that was read; a proxy's own errors need not be problems."""
    problem: dict[str, Any] = {}
    with suppress(ValueError):
        content = response.json()
        problem = content if isinstance(content, dict) else {}
    problem = {"status": response.status_code, "title": response.reason_phrase} | problem
    seconds = retry_after(response.headers.get("retry-after"))
    return problem_error(problem, retry_after_seconds=seconds)


class Lines:
    """The events of a stream's lines, and whether the last one has come.

    `seen` segments are passed over: of a job that is followed again they come again.
    """

    def __init__(self, *, seen: int = 0) -> None:
        self.segments: list[Segment] = []
        self.is_complete = False
        self._to_skip = seen

    def event(self, line: str) -> Event | None:
        """None for what was seen before, and for the end of a cancelled job.

        Raises:
            ProblemError: the line is a problem.
            StreamDroppedError: the line is cut.
        """
        try:
            content = json.loads(line)
        except ValueError as error:
            raise self.dropped("a line is cut") from error
        if content["type"] == "problem":
            raise problem_error(content)
        if content["type"] != "segment":
            self.is_complete = True
            return cast("Event", content) if content["type"] == "result" else None
        if self._to_skip:
            self._to_skip -= 1
            return None
        self.segments.append(cast("Segment", _without_type(content)))
        return cast("Event", content)

    def require_complete(self) -> None:
        if not self.is_complete:
            raise self.dropped("the lines ended before the result")

    def dropped(self, reason: str) -> StreamDroppedError:
        return StreamDroppedError(f"{reason}, after {len(self.segments)} segments", self.segments)


def _without_type(content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name != "type"}
