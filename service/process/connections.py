"""ImpatientProtocol: uvicorn's connections, closed where the head of a request does not come, or
where an answer is not read.

uvicorn waits without end for either; bodies have a pace of their own, see service.uploads.arrival.
"""

from __future__ import annotations

import asyncio
import resource
from contextlib import suppress
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

# From the connection, or the first byte after an answer, to the end of the head.
HEAD_SECONDS = 10.0
MAX_HEAD_BYTES = 32 * 1024
# In so long a client reads at least so much of an answer that waits for it, or all.
ANSWER_SECONDS, MIN_READ_BYTES = 60.0, 48 * 1024
_MANY_FILES = 65_536


class BoundedConnection(h11.Connection):
    """h11 itself bounds only a head that comes in pieces; one that is there at once may be as long
    as what is read at once."""

    def next_event(self) -> Any:  # noqa: ANN401 - h11's own
        event = super().next_event()
        if isinstance(event, h11.Request) and _num_bytes(event) > MAX_HEAD_BYTES:
            raise h11.RemoteProtocolError("the head is too long", error_status_hint=431)
        return event


def _num_bytes(head: h11.Request) -> int:
    return len(head.target) + sum(len(name) + len(value) + 4 for name, value in head.headers)


class ImpatientProtocol(H11Protocol):
    _head_timer: asyncio.TimerHandle | None = None
    _answer_timer: asyncio.TimerHandle | None = None
    _num_unread = 0

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*args, **options)
        self.conn = BoundedConnection(h11.SERVER, MAX_HEAD_BYTES)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_watching_head()
        self._stop_watching_answer()
        super().connection_lost(exc)

    def _watch_head(self) -> None:
        if self.conn.their_state is not h11.IDLE:
            self._stop_watching_head()
        elif self._head_timer is None:
            # Closes without an answer, as after a pause between requests.
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self.timeout_keep_alive_handler)

    def _stop_watching_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_answer()

    def resume_writing(self) -> None:
        super().resume_writing()
        if not self.transport.is_closing():
            self._stop_watching_answer()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch_closing()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._watch_closing()

    def send_400_response(self, msg: str) -> None:
        super().send_400_response(msg)
        self._watch_closing()

    def _watch_closing(self) -> None:
        """A transport is closed when all is written, which may be never."""
        if self.transport.is_closing():
            self._watch_answer()

    def _watch_answer(self) -> None:
        if self._answer_timer is None:
            self._num_unread = self.transport.get_write_buffer_size()
            self._answer_timer = self.loop.call_later(ANSWER_SECONDS, self._judge_reader)

    def _judge_reader(self) -> None:
        self._answer_timer = None
        num_unread = self.transport.get_write_buffer_size()
        if num_unread and self._num_unread - num_unread < MIN_READ_BYTES:
            self.transport.abort()
        elif num_unread:
            self._watch_answer()

    def _stop_watching_answer(self) -> None:
        if self._answer_timer is not None:
            self._answer_timer.cancel()
            self._answer_timer = None


def allow_many_connections() -> None:
    """As many open files as the system lets this process have: some start with 1,024, which slow
    clients would take up."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MANY_FILES if hard == resource.RLIM_INFINITY else min(hard, _MANY_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
