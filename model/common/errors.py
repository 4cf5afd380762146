"""What can be wrong with a request, and what its answer warns of. Codes are public."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class ClassificationError(Exception):
    """A video or a request that cannot be served. `code` is public: clients rely on it."""

    code: ClassVar[str] = "invalid_request"


class VideoError(ClassificationError):
    """The file is at fault."""


class EmptyUploadError(VideoError):
    code = "empty_upload"


class UndecodableVideoError(VideoError):
    code = "undecodable_video"


class NoVideoStreamError(VideoError):
    code = "no_video_stream"


class UnsupportedCodecError(VideoError):
    code = "unsupported_codec"


class VideoTooLongError(VideoError):
    code = "video_too_long"


class FrameTooLargeError(VideoError):
    code = "frame_too_large"


class DecodeTimeoutError(VideoError):
    code = "decode_timeout"


class BudgetTooSmallError(ClassificationError):
    code = "budget_too_small"


class InvalidParameterError(ClassificationError):
    code = "invalid_parameter"


class TooManySegmentsError(ClassificationError):
    code = "too_many_segments"


class DeadlineExceededError(ClassificationError):
    """The caller's deadline passed, or the caller left."""

    code = "deadline_exceeded"


@dataclass(frozen=True, slots=True)
class AnswerWarning:
    """`code` is public and stable; `detail` is for people."""

    code: str
    detail: str
