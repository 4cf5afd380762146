"""An answer as lines of JSON: each segment when it is decided, then the whole, or a problem."""

from __future__ import annotations

import json
from collections.abc import Callable

from fastapi import Request, Response
from pydantic import BaseModel
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from model.common.deadline import Deadline
from model.common.errors import ClassificationError
from model.inference.classification import Classification
from service.lifecycle import Lifecycle
from service.observability.record import CLIENT_CLOSED_REQUEST, RequestRecord
from service.problems.problems import problem_of
from service.routes.responses import SegmentOut
from service.work import AttendedWork

MEDIA_TYPE = "application/x-ndjson"

ToAnswer = Callable[[Classification], BaseModel]


def accepts_lines(request: Request) -> bool:
    """Whether the client asks for lines; otherwise it gets one document."""
    accepted = request.headers.get("accept", "").split(",")
    return any(part.partition(";")[0].strip().lower() == MEDIA_TYPE for part in accepted)


class LinesResponse(Response):
    """Takes over work that has begun; a client that leaves ends it."""

    media_type = MEDIA_TYPE

    def __init__(
        self,
        work: AttendedWork,
        lifecycle: Lifecycle,
        deadline: Deadline,
        record: RequestRecord,
        to_answer: ToAnswer,
    ) -> None:
        # A proxy that gathers lines would undo what they are for.
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._work, self._lifecycle, self._deadline = work, lifecycle, deadline
        self._record, self._to_answer = record, to_answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        head = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(head)
        try:
            async with self._lifecycle.request(self._deadline):
                async for segment in self._work.segments():
                    await _send(send, "segment", SegmentOut.of(segment))
                answer = await self._work.answer()
                self._record.classifications = [answer]
            await _send(send, "result", self._to_answer(answer), more=False)
        except ClassificationError as error:
            self._record.code = error.code
            problem = problem_of(error.code, str(error), self._record.request_id)
            await _send(send, "problem", problem, more=False)
        except ClientDisconnect:
            self._record.status = CLIENT_CLOSED_REQUEST
        finally:
            self._work.end()


async def _send(send: Send, kind: str, content: BaseModel, *, more: bool = True) -> None:
    # A problem has a type of its own, which its code tells as well.
    fields = content.model_dump_json(exclude={"type"})
    line = f'{{"type":{json.dumps(kind)},{fields[1:]}\n'
    await send({"type": "http.response.body", "body": line.encode(), "more_body": more})
