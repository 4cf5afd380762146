"""Uploads: from the request's body to a private file, within a byte ceiling, off the event loop."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from fastapi import Request

from model.common.errors import EmptyUploadError
from service.problems.errors import UnsupportedMediaTypeError, UploadTooLargeError
from service.threads import in_thread
from service.uploads.arrival import FREE_BYTES, Arrival
from service.uploads.body import LimitedFile, RequireRoom, body_sink, full_disk_is_told
from service.uploads.multipart import MAX_OVERHEAD_BYTES

# Chunks are collected up to this size, so that a thread is worth its hop.
_BATCH_BYTES = 1024 * 1024


class Upload:
    """A file that only this user can read, named by the server; it exists until `delete()`.

    `require_room` is asked whether so many bytes more may be written, where it is.
    """

    def __init__(self, path: Path, *, require_room: RequireRoom) -> None:
        self.path = path
        self.require_room = require_room
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
        with full_disk_is_told():
            descriptor = os.open(path, flags, 0o600)
        self.file: BinaryIO = os.fdopen(descriptor, "wb")

    def delete(self) -> None:
        # What could not be written for want of room cannot be on closing either.
        with suppress(OSError):
            self.file.close()
        self.path.unlink(missing_ok=True)


async def receive(request: Request, arrival: Arrival, upload: Upload, *, max_bytes: int) -> int:
    """Write the request's video into `upload`; returns its size in bytes.

    Raises:
        UnsupportedMediaTypeError, UploadTooLargeError, UploadTooSlowError, EmptyUploadError: as
            they say.
        InsufficientStorageError: there is no room for it.
        OverloadedError: all places are taken, or this one's was given to a faster upload.
        InvalidParameterError: the multipart form is malformed or lacks its file.
        ClientDisconnect: the client left before the end of the body.
    """
    refuse_encoded(request)
    limited = LimitedFile(upload.file, max_bytes=max_bytes, require_room=upload.require_room)
    sink = body_sink(request.headers.get("content-type"), limited)
    ceiling = max_bytes + MAX_OVERHEAD_BYTES
    refuse_announced(request, ceiling if sink.is_form else max_bytes)
    await in_thread(None, upload.require_room, announced_bytes(request))
    rest = await pour(request, arrival, sink.write, ceiling=ceiling, max_bytes=max_bytes)
    size = await in_thread(None, sink.finish, rest)
    if size == 0:
        raise EmptyUploadError("the upload has no bytes")
    return size


async def pour(
    request: Request,
    arrival: Arrival,
    write: Callable[[bytes], None],
    *,
    ceiling: int,
    max_bytes: int,
) -> bytes:
    """Hand the body to `write`, in a thread, piece by piece; returns the last piece instead.

    Raises UploadTooLargeError beyond `ceiling`, and names `max_bytes`, what a video may have;
    UploadTooSlowError and OverloadedError as `Arrival`.
    """
    num_received = 0
    batch = bytearray()
    async for chunk in arrival.chunks(request):
        num_received += len(chunk)
        if num_received > ceiling:
            raise UploadTooLargeError(f"the body exceeds {max_bytes} bytes, which is the limit")
        if num_received > FREE_BYTES:
            arrival.take_place()
        batch += chunk
        if len(batch) >= _BATCH_BYTES:
            await in_thread(None, write, bytes(batch))
            batch.clear()
    return bytes(batch)


def refuse_encoded(request: Request) -> None:
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding != "identity":
        raise UnsupportedMediaTypeError(
            f"Content-Encoding is {encoding[:100]!a}; send the video as it is, without one"
        )


def refuse_announced(request: Request, ceiling: int) -> None:
    """Content-Length only ever refuses early; what counts is the bytes that arrive."""
    announced = announced_bytes(request)
    if announced > ceiling:
        raise UploadTooLargeError(f"the body has {announced} bytes; at most {ceiling} allowed")


def announced_bytes(request: Request) -> int:
    """0 where the request does not say, or not in sense."""
    announced = request.headers.get("content-length", "")
    return int(announced[:20]) if announced.isdecimal() else 0
