"""AsyncClient: the methods of Client, to be awaited."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack, cast

import anyio
import httpx

from adamml_client.answers import Answer, Event, Job, JobPage, Parameters
from adamml_client.errors import StreamDroppedError, WaitTimeoutError, problem_error
from adamml_client.exchange import (
    LINES,
    Lines,
    Source,
    async_body_of,
    authorization,
    error_of,
    headers_of,
)
from adamml_client.retries import Retries

_Result = TypeVar("_Result")


class AsyncClient:
    """One connection pool; use it in `async with`, or call `close`.

    `key` is what the service's operator gave you, where it asks for one.
    `timeout_seconds` is of each read: a video that is judged as a whole sends nothing until its
    answer. Every method raises ProblemError, and httpx.TransportError where no answer came.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        timeout_seconds: float = 120.0,
        retries: Retries | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._http = httpx.AsyncClient(
            base_url=url,
            timeout=timeout_seconds,
            transport=transport,
            headers=authorization(key),
        )
        self._retries = retries or Retries()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    async def classify(self, video: Source, **parameters: Unpack[Parameters]) -> Answer:
        """The whole answer at once."""
        return cast("Answer", await self._json("POST", "/classify", video, dict(parameters)))

    async def classify_google(
        self, video: Source, **parameters: Unpack[Parameters]
    ) -> dict[str, Any]:
        """The answer in the shape of Google's Video Intelligence API."""
        given = {**parameters, "format": "google"}
        return cast("dict[str, Any]", await self._json("POST", "/classify", video, given))

    def stream(self, video: Source, **parameters: Unpack[Parameters]) -> AsyncIterator[Event]:
        """A segment each, as it is decided, then the result.

        Raises:
            StreamDroppedError: the connection ended before the result.
        """
        return self._events("POST", "/classify", Lines(), video, dict(parameters))

    async def submit(
        self, video: Source, *, idempotency_key: str | None = None, **parameters: Unpack[Parameters]
    ) -> Job:
        """Queue a job. By its key, given or made here, a second try finds the first one's job."""
        headers = {"Idempotency-Key": idempotency_key or uuid.uuid4().hex}
        return cast("Job", await self._json("POST", "/jobs", video, dict(parameters), headers))

    async def job(self, job_id: str) -> Job:
        return cast("Job", await self._json("GET", f"/jobs/{job_id}"))

    async def jobs(self, *, limit: int = 20) -> AsyncIterator[Job]:
        """All of them, the newest first; `limit` a page."""
        before: dict[str, str] = {}
        while True:
            given = {"limit": limit, **before}
            page = cast("JobPage", await self._json("GET", "/jobs", parameters=given))
            for job in page["jobs"]:
                yield job
            if page["next"] is None:
                return
            before = {"before": page["next"]}

    async def cancel(self, job_id: str) -> Job:
        """Cancels one that waits or runs; removes one that has ended."""
        return cast("Job", await self._json("DELETE", f"/jobs/{job_id}"))

    async def follow(self, job_id: str) -> AsyncIterator[Event]:
        """Its segments and result as lines come; a dropped connection is taken up where it was.

        A cancelled job's events end without a result. Raises the problem of a job that failed.
        """
        seen, tried = 0, 0
        while True:
            lines = Lines(seen=seen)
            try:
                async for event in self._events("GET", f"/jobs/{job_id}/segments", lines):
                    yield event
                return
            except (StreamDroppedError, httpx.TransportError):
                tried = 1 if lines.segments else tried + 1
                seen += len(lines.segments)
                if tried >= self._retries.tries:
                    raise
                await anyio.sleep(self._retries.first_wait_seconds)

    async def wait(
        self, job_id: str, *, timeout_seconds: float = 3600.0, poll_seconds: float = 1.0
    ) -> Job:
        """The job once it has ended; `result` is None of a cancelled one.

        Raises:
            ProblemError: the job's own, if it failed.
            WaitTimeoutError: it goes on; nothing is cancelled.
        """
        end = time.monotonic() + timeout_seconds
        while (job := await self.job(job_id))["state"] in ("queued", "running"):
            if time.monotonic() >= end:
                raise WaitTimeoutError(f"job {job_id} is {job['state']} after {timeout_seconds} s")
            await anyio.sleep(poll_seconds)
        if job["problem"] is not None:
            raise problem_error(job["problem"])
        return job

    async def model(self) -> dict[str, Any]:
        """Spec, labels and the accuracy/compute curve."""
        return cast("dict[str, Any]", await self._json("GET", "/model"))

    async def is_ready(self) -> bool:
        """Whether a request would be taken now; False, too, where nobody answers."""
        try:
            return (await self._http.get("/readyz")).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    async def _json(
        self,
        method: str,
        path: str,
        video: Source | None = None,
        parameters: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> object:
        async def once() -> object:
            request = self._request(method, path, video, parameters, headers or {})
            response = await self._http.send(request)
            if not response.is_success:
                raise error_of(response)
            return response.json()

        return await self._retried(once)

    async def _events(
        self,
        method: str,
        path: str,
        lines: Lines,
        video: Source | None = None,
        parameters: dict[str, Any] | None = None,
    ) -> AsyncIterator[Event]:
        async def open_stream() -> httpx.Response:
            request = self._request(method, path, video, parameters, {"Accept": LINES})
            response = await self._http.send(request, stream=True)
            if not response.is_success:
                try:
                    await response.aread()
                    raise error_of(response)
                finally:
                    await response.aclose()
            return response

        response = await self._retried(open_stream)
        try:
            async for line in response.aiter_lines():
                if (event := lines.event(line)) is not None:
                    yield event
        except httpx.TransportError as error:
            raise lines.dropped(str(error)) from error
        finally:
            await response.aclose()
        lines.require_complete()

    def _request(
        self,
        method: str,
        path: str,
        video: Source | None,
        parameters: dict[str, Any] | None,
        headers: dict[str, str],
    ) -> httpx.Request:
        if video is None:
            return self._http.build_request(method, path, params=parameters, headers=headers)
        headers = headers | headers_of(video)
        return self._http.build_request(
            method, path, params=parameters, headers=headers, content=async_body_of(video)
        )

    async def _retried(self, once: Callable[[], Awaitable[_Result]]) -> _Result:
        tried = 0
        while True:
            try:
                return await once()
            except Exception as error:
                tried += 1
                wait = self._retries.wait_seconds(error, tried=tried)
                if wait is None:
                    raise
            await anyio.sleep(wait)
