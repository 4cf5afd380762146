"""Body sinks: where the bytes of a request's body go, by its media type. They block on the disk."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, Protocol

from python_multipart.multipart import parse_options_header

from service.problems.errors import (
    InsufficientStorageError,
    UnsupportedMediaTypeError,
    UploadTooLargeError,
)
from service.uploads.multipart import MultipartSink


@contextmanager
def full_disk_is_told() -> Iterator[None]:
    """Raises InsufficientStorageError where the system says that there is no room."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise InsufficientStorageError("there is no room for the upload on the disk") from error


RequireRoom = Callable[[int], None]
# So much is written before it is asked again whether there is room.
_UNCHECKED_BYTES = 1024 * 1024


class BodySink(Protocol):
    """Called from one thread after another, never from two at once."""

    is_form: bool

    def write(self, data: bytes) -> None: ...

    def finish(self, data: bytes) -> int:
        """Write the last bytes and close the file; returns the video's size."""
        ...


class LimitedFile:
    """A file that refuses to grow beyond `max_bytes`, or where `require_room` refuses."""

    def __init__(self, file: BinaryIO, *, max_bytes: int, require_room: RequireRoom) -> None:
        self._file = file
        self._max_bytes = max_bytes
        self._require_room = require_room
        self._num_unchecked = 0
        self.size = 0

    def write(self, data: bytes | memoryview) -> None:
        self.size += len(data)
        if self.size > self._max_bytes:
            raise UploadTooLargeError(f"the video exceeds {self._max_bytes} bytes")
        self._num_unchecked += len(data)
        if self._num_unchecked > _UNCHECKED_BYTES:
            self._require_room(self._num_unchecked)
            self._num_unchecked = 0
        with full_disk_is_told():
            self._file.write(data)

    def close(self) -> None:
        with full_disk_is_told():
            self._file.close()


class RawSink:
    """The body is the video."""

    is_form = False

    def __init__(self, file: LimitedFile) -> None:
        self._file = file

    def write(self, data: bytes) -> None:
        self._file.write(data)

    def finish(self, data: bytes) -> int:
        self._file.write(data)
        self._file.close()
        return self._file.size


def body_sink(content_type: str | None, file: LimitedFile) -> BodySink:
    """Raises UnsupportedMediaTypeError, and InvalidParameterError for a form without boundary."""
    media_type_bytes, options = parse_options_header(content_type)
    media_type = media_type_bytes.decode("latin-1")
    if media_type == "multipart/form-data":
        return MultipartSink(options.get(b"boundary", b""), file)
    if media_type == "application/octet-stream" or media_type.startswith("video/"):
        return RawSink(file)
    raise UnsupportedMediaTypeError(
        f"Content-Type is {media_type[:100]!a}; send multipart/form-data with a field 'file', or"
        " the video itself as video/* or application/octet-stream"
    )
