"""VideoFiles: the several videos of one request, each in a private file of its own."""

from __future__ import annotations

import binascii
from collections.abc import Callable

from model.common.errors import EmptyUploadError, InvalidParameterError
from service.uploads.body import LimitedFile, RequireRoom
from service.uploads.upload import Upload

MAX_VIDEOS = 64


class VideoFiles:
    """`create` makes an empty file; the bytes of all together may be `max_bytes`."""

    def __init__(
        self, create: Callable[[], Upload], *, max_bytes: int, require_room: RequireRoom
    ) -> None:
        self.require_room = require_room
        self.uploads: list[Upload] = []
        self._create = create
        self._max_bytes = self._left = max_bytes
        self._file: LimitedFile | None = None

    def begin(self) -> None:
        if len(self.uploads) == MAX_VIDEOS:
            raise InvalidParameterError(f"there are more than {MAX_VIDEOS} videos")
        upload = self._create()
        self.uploads.append(upload)
        self._file = LimitedFile(
            upload.file, max_bytes=self._left, require_room=upload.require_room
        )

    def write(self, data: bytes | memoryview) -> None:
        assert self._file is not None, "begin first"  # noqa: S101 - a bug of the caller
        self._file.write(data)

    def end(self) -> None:
        assert self._file is not None, "begin first"  # noqa: S101 - a bug of the caller
        self._file.close()
        if self._file.size == 0:
            raise EmptyUploadError(f"video {len(self.uploads) - 1} has no bytes")
        self._left -= self._file.size
        self._file = None

    @property
    def num_bytes(self) -> int:
        """Of the complete ones."""
        return self._max_bytes - self._left

    def delete(self) -> None:
        for upload in self.uploads:
            upload.delete()


class Base64Video:
    """Writes a video that arrives as base64, in pieces of any length."""

    def __init__(self, files: VideoFiles) -> None:
        self._files = files
        self._rest = b""
        self._is_padded = False
        files.begin()

    def write(self, text: bytes) -> None:
        text = self._rest + text
        usable = len(text) // 4 * 4
        self._rest = text[usable:]
        if not usable:
            return
        if self._is_padded:
            raise _not_base64("there is more after its end")
        try:
            self._files.write(binascii.a2b_base64(text[:usable], strict_mode=True))
        except binascii.Error as error:
            raise _not_base64(str(error)) from error
        self._is_padded = text[:usable].endswith(b"=")

    def end(self) -> None:
        if self._rest:
            raise _not_base64("its length is no multiple of 4")
        self._files.end()


def _not_base64(reason: str) -> InvalidParameterError:
    return InvalidParameterError(f"a BYTES element is not base64: {reason}")
