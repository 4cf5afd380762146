"""Several videos of one request: classified at one place, one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from fastapi import Request
from starlette.requests import ClientDisconnect

from model.common.errors import VideoError
from model.inference.classification import Classification
from service.threads import in_thread
from service.uploads.upload import Upload
from service.work import Work, disconnected


async def answers_unless_client_leaves(
    request: Request, work: Work, uploads: Sequence[Upload]
) -> list[Classification]:
    """In the order of `uploads`, which are deleted. Raises ClientDisconnect when nobody waits.

    It is a task of its own, as AttendedWork is: the request ends at once, its thread a bit later.
    """
    task = asyncio.create_task(_answers(work, uploads))
    work.service.lifecycle.adopt(task)
    # Not in the task itself, which may be cancelled before its first step.
    task.add_done_callback(lambda _: _delete(uploads))
    gone = asyncio.create_task(disconnected(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        gone.cancel()
        if not task.done():
            work.deadline.cancel()
            task.cancel()


async def _answers(work: Work, uploads: Sequence[Upload]) -> list[Classification]:
    async with work.service.admission.place(work.deadline) as waited_seconds:
        work.record.add_stage("queue", waited_seconds)
        return await in_thread(work.service.executor, _classify_all, work, uploads)


def _classify_all(work: Work, uploads: Sequence[Upload]) -> list[Classification]:
    answers = []
    for index, upload in enumerate(uploads):
        try:
            answers.append(work.classify(upload.path, lambda _: None))
        except VideoError as error:
            if len(uploads) > 1:
                error.args = (f"video {index}: {error}",)
            raise
    return answers


def _delete(uploads: Sequence[Upload]) -> None:
    for upload in uploads:
        upload.delete()
