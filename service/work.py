"""Work: classifying one upload in a thread, while a client waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from fastapi import Request
from starlette.requests import ClientDisconnect

from model.common.deadline import Deadline
from model.inference.classification import Classification, ClassifyOptions, SegmentResult
from model.inference.degraded import degraded
from service.degrading import share_of, told
from service.observability.record import RequestRecord
from service.recognizer import Recognizer
from service.state import Service
from service.threads import in_thread
from service.uploads.upload import Upload

OnSegment = Callable[[SegmentResult], None]


@dataclass(frozen=True, slots=True)
class Work:
    """Everything that classifying one upload takes."""

    service: Service
    recognizer: Recognizer
    options: ClassifyOptions
    deadline: Deadline
    record: RequestRecord

    async def run(self, path: Path, on_segment: OnSegment) -> Classification:
        """With a place to compute, once there is one; `on_segment` is called by the thread."""
        async with self.service.admission.place(self.deadline) as waited_seconds:
            self.record.add_stage("queue", waited_seconds)
            return await in_thread(self.service.executor, self.classify, path, on_segment)

    def classify(self, path: Path, on_segment: OnSegment) -> Classification:
        """Blocks, and computes at once: a place is the caller's matter. Under pressure it computes
        less, where the settings say so."""
        options, level = self._afforded()
        self.record.degraded_level = max(level, self.record.degraded_level)
        stream = self.recognizer.stream(
            path,
            options,
            deadline=self.deadline,
            on_stage=self.record.add_stage,
            max_segments=self.service.settings.max_segments,
        )
        # At once where telling of a segment fails, not when the garbage is collected.
        with closing(stream):
            for item in stream:
                if isinstance(item, Classification):
                    return told(item, level)
                self.record.macs_of_segments += item.macs
                on_segment(item)
        raise RuntimeError("the recognizer gave no answer")

    def _afforded(self) -> tuple[ClassifyOptions, int]:
        """Options within what there is compute for now, and the level that they come from."""
        level = self.service.admission.pressure_level if self.service.settings.degrade else 0
        options = degraded(self.options, self.recognizer.spec, share=share_of(level))
        return options, 0 if options is self.options else level


class AttendedWork:
    """Work that is done while its client waits; whoever starts it ends it, by `end`.

    It is a task of its own: its thread may need a moment to notice that it was cancelled, and until
    then its place is taken and its file in use, while the request ends at once.
    """

    def __init__(self, request: Request, work: Work, upload: Upload) -> None:
        loop = asyncio.get_running_loop()
        self._found: asyncio.Queue[SegmentResult] = asyncio.Queue()
        self._deadline = work.deadline

        def on_segment(segment: SegmentResult) -> None:
            loop.call_soon_threadsafe(self._found.put_nowait, segment)

        self._task = asyncio.create_task(work.run(upload.path, on_segment))
        work.service.lifecycle.adopt(self._task)
        # Not in the task itself, which may be cancelled before its first step.
        self._task.add_done_callback(lambda _: upload.delete())
        self._gone = asyncio.create_task(disconnected(request))
        self._next = asyncio.create_task(self._found.get())

    async def answer(self) -> Classification:
        """Raises ClientDisconnect when nobody waits for it any more, and what the work raises."""
        await asyncio.wait({self._task, self._gone}, return_when=asyncio.FIRST_COMPLETED)
        if not self._task.done():
            raise ClientDisconnect
        return self._task.result()

    async def first(self) -> None:
        """Waits for the first segment; raises as `answer` where there is none."""
        if not await self._wait():
            self._task.result()

    async def segments(self) -> AsyncIterator[SegmentResult]:
        """Each as it is found, until the work has ended, well or badly."""
        while await self._wait():
            yield self._next.result()
            self._next = asyncio.create_task(self._found.get())

    async def _wait(self) -> bool:
        """Whether there is a next segment; those that were found come before the end."""
        waiting = {self._next, self._task, self._gone}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if not self._next.done() and not self._found.empty():
            await self._next
        if not self._next.done() and not self._task.done():
            raise ClientDisconnect
        return self._next.done()

    def end(self) -> None:
        self._gone.cancel()
        self._next.cancel()
        if not self._task.done():
            self._deadline.cancel()
            self._task.cancel()


async def disconnected(request: Request) -> None:
    """Returns when the client closes the connection; its body has been read already."""
    while (await request.receive())["type"] != "http.disconnect":
        continue
