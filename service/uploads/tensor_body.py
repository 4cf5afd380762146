"""receive_videos: the body of an inference request, its videos to files, its JSON returned."""

from __future__ import annotations

from fastapi import Request

from model.common.errors import InvalidParameterError
from service.problems.parameter_errors import echo
from service.threads import in_thread
from service.uploads.arrival import Arrival
from service.uploads.tensors import MAX_HEAD_BYTES, BinaryTensor, JsonTensor, TensorSink
from service.uploads.upload import announced_bytes, pour, refuse_announced, refuse_encoded
from service.uploads.video_files import MAX_VIDEOS, VideoFiles

HEAD_LENGTH_HEADER = "Inference-Header-Content-Length"


async def receive_videos(
    request: Request, arrival: Arrival, files: VideoFiles, *, max_bytes: int
) -> bytes:
    """Raises what `receive` raises; the caller deletes `files` then."""
    refuse_encoded(request)
    head_length = request.headers.get(HEAD_LENGTH_HEADER)
    ceiling = max_bytes + MAX_HEAD_BYTES + 4 * MAX_VIDEOS
    if head_length is None:
        # A third more in base64, and a few escaped slashes.
        ceiling = max_bytes * 3 // 2 + MAX_HEAD_BYTES
    refuse_announced(request, ceiling)
    await in_thread(None, files.require_room, min(announced_bytes(request), max_bytes))
    sink = _sink(head_length, files)
    rest = await pour(request, arrival, sink.write, ceiling=ceiling, max_bytes=max_bytes)
    return await in_thread(None, sink.finish, rest)


def _sink(head_length: str | None, files: VideoFiles) -> TensorSink:
    if head_length is None:
        return JsonTensor(files)
    if not head_length.isdecimal():
        raise InvalidParameterError(f"{HEAD_LENGTH_HEADER} is {echo(head_length)}; not a length")
    return BinaryTensor(files, head_bytes=int(head_length[:20]))
