"""ClassifyJob: wait for a place, classify in a thread, give up when nobody waits any more."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request
from starlette.requests import ClientDisconnect

from model.common.deadline import Deadline
from model.common.errors import VideoError
from model.inference.classification import Classification, ClassifyOptions
from service.observability.record import RequestRecord
from service.recognizer import Recognizer
from service.state import Service
from service.threads import in_thread
from service.uploads.upload import Upload


@dataclass(frozen=True, slots=True)
class ClassifyJob:
    """Everything that classifying a request's videos takes: one place, one after the other."""

    service: Service
    recognizer: Recognizer
    options: ClassifyOptions
    deadline: Deadline
    record: RequestRecord

    async def run(self, uploads: Sequence[Upload]) -> list[Classification]:
        async with self.service.admission.place() as waited_seconds:
            self.record.add_stage("queue", waited_seconds)
            answers = []
            for index, upload in enumerate(uploads):
                try:
                    answers.append(await self._classify(upload))
                except VideoError as error:
                    if len(uploads) > 1:
                        error.args = (f"video {index}: {error}",)
                    raise
            return answers

    async def _classify(self, upload: Upload) -> Classification:
        return await in_thread(
            self.service.executor,
            self.recognizer.classify,
            upload.path,
            self.options,
            deadline=self.deadline,
            on_stage=self.record.add_stage,
        )


async def run_unless_client_leaves(
    request: Request, job: ClassifyJob, uploads: Sequence[Upload]
) -> list[Classification]:
    """Run the job; raise ClientDisconnect and cancel it when nobody waits for it any more.

    The job is a task of its own: its thread may need a moment to notice that it was cancelled,
    and until then its place is taken and its files in use, while this request ends at once.
    """
    work = asyncio.create_task(job.run(uploads))
    job.service.lifecycle.adopt(work)
    # Not in the job itself, which may be cancelled before its first step.
    work.add_done_callback(lambda _: _delete(uploads))
    gone = asyncio.create_task(_disconnected(request))
    try:
        await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise ClientDisconnect
        return work.result()
    finally:
        gone.cancel()
        if not work.done():
            job.deadline.cancel()
            work.cancel()


def _delete(uploads: Sequence[Upload]) -> None:
    for upload in uploads:
        upload.delete()


async def _disconnected(request: Request) -> None:
    """Returns when the client closes the connection; its body has been read already."""
    while (await request.receive())["type"] != "http.disconnect":
        continue
