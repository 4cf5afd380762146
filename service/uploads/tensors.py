"""Tensor sinks: videos out of an inference request, straight to files, the rest of it kept.

Such a request is JSON with the videos in base64 as strings, or a JSON head of a known length after
which each video follows as its length, four bytes little-endian, and itself (the protocol's binary
tensor data extension). Both block on the disk.
"""

from __future__ import annotations

import re
from typing import Protocol

from model.common.errors import InvalidParameterError
from service.uploads.video_files import Base64Video, VideoFiles

# Everything that is not a video: names, shapes, parameters.
MAX_HEAD_BYTES = 64 * 1024
# In JSON, a string beyond this is taken for a video as it arrives; a shorter one at the end.
_LONG_STRING_BYTES = 4096
_LENGTH_BYTES = 4
_PLAIN = re.compile(rb'[^"\\]*')
# The one escape that can occur in base64 is that of the slash.
_OTHER_ESCAPE = re.compile(rb"\\(?!/)")
# Stands for a video that is in a file already; the colon cannot be in base64.
PLACEHOLDER = ":{}"


class TensorSink(Protocol):
    """Called from one thread after another, never from two at once."""

    def write(self, data: bytes) -> None: ...

    def finish(self, data: bytes) -> bytes:
        """Take the last bytes; returns the request's JSON, without the videos."""
        ...


class BinaryTensor:
    """A head of `head_bytes`, then videos, each after its length."""

    def __init__(self, files: VideoFiles, *, head_bytes: int) -> None:
        if not 0 < head_bytes <= MAX_HEAD_BYTES:
            raise InvalidParameterError(
                f"Inference-Header-Content-Length is {head_bytes}; allowed: 1 to {MAX_HEAD_BYTES}"
            )
        self._files = files
        self._head_bytes = head_bytes
        self._head = bytearray()
        self._length = bytearray()
        self._left: int | None = None

    def write(self, data: bytes) -> None:
        rest = memoryview(data)
        missing = self._head_bytes - len(self._head)
        self._head += rest[:missing]
        rest = rest[missing:]
        while rest:
            rest = self._length_of(rest) if self._left is None else self._content(rest, self._left)

    def _length_of(self, data: memoryview) -> memoryview:
        missing = _LENGTH_BYTES - len(self._length)
        self._length += data[:missing]
        if len(self._length) == _LENGTH_BYTES:
            self._left = int.from_bytes(self._length, "little")
            self._length.clear()
            self._files.begin()
            self._end_when_complete()
        return data[missing:]

    def _content(self, data: memoryview, left: int) -> memoryview:
        self._files.write(data[:left])
        self._left = left - len(data[:left])
        self._end_when_complete()
        return data[left:]

    def _end_when_complete(self) -> None:
        if self._left == 0:
            self._files.end()
            self._left = None

    def finish(self, data: bytes) -> bytes:
        self.write(data)
        if len(self._head) < self._head_bytes or self._length or self._left is not None:
            raise InvalidParameterError("the body ends before its last tensor does")
        return bytes(self._head)


class JsonTensor:
    """JSON whose long strings are videos: those never are in memory as a whole."""

    def __init__(self, files: VideoFiles) -> None:
        self._files = files
        self._json = bytearray()
        self._in_string = self._is_escaped = False
        self._string = bytearray()
        self._video: Base64Video | None = None

    def write(self, data: bytes) -> None:
        position = 0
        while position < len(data):
            step = self._inside if self._in_string else self._outside
            position = step(data, position)
        if self._video is not None:
            self._flush(self._video)

    def _outside(self, data: bytes, position: int) -> int:
        end = data.find(b'"', position)
        self._in_string = end >= 0
        end = end + 1 if end >= 0 else len(data)
        self._keep(data[position:end])
        return end

    def _inside(self, data: bytes, position: int) -> int:
        if self._is_escaped:
            self._string.append(data[position])
            self._is_escaped = False
            return position + 1
        plain = _PLAIN.match(data, position)
        end = position if plain is None else plain.end()
        self._string += data[position:end]
        if self._video is None and len(self._string) > _LONG_STRING_BYTES:
            self._video = Base64Video(self._files)
        if end < len(data):
            if data[end : end + 1] == b"\\":
                self._string += b"\\"
                self._is_escaped = True
            else:
                self._end_string()
        return end + 1

    def _end_string(self) -> None:
        if self._video is not None:
            self._flush(self._video)
            self._video.end()
            self._video = None
            self._string += PLACEHOLDER.format(len(self._files.uploads) - 1).encode()
        self._keep(bytes(self._string) + b'"')
        self._string.clear()
        self._in_string = False

    def _flush(self, video: Base64Video) -> None:
        text = bytes(self._string[:-1] if self._is_escaped else self._string)
        if _OTHER_ESCAPE.search(text):
            raise InvalidParameterError("a BYTES element is not base64: it has escapes")
        video.write(text.replace(b"\\", b""))
        del self._string[: len(text)]

    def _keep(self, data: bytes) -> None:
        self._json += data
        if len(self._json) > MAX_HEAD_BYTES:
            raise InvalidParameterError(f"the JSON but for videos exceeds {MAX_HEAD_BYTES} bytes")

    def finish(self, data: bytes) -> bytes:
        self.write(data)
        return bytes(self._json)
