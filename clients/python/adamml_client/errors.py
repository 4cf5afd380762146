"""Every problem code of the service as an exception; the code decides the class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from adamml_client.answers import Segment


class AdamMLError(Exception):
    """Whatever this client raises of its own."""


class StreamDroppedError(AdamMLError):
    """Lines ended before the last one; `segments` had come by then."""

    def __init__(self, message: str, segments: list[Segment]) -> None:
        super().__init__(message)
        self.segments = segments


class WaitTimeoutError(AdamMLError):
    """The job had not ended within the seconds that the caller gave."""


class ProblemError(AdamMLError):
    """The service refused or failed; a code that this client does not know is this class itself.

    `code` is stable; `retry_after_seconds` is None without the header.
    """

    known_code: ClassVar[str | None] = None

    def __init__(
        self, problem: Mapping[str, Any], *, retry_after_seconds: float | None = None
    ) -> None:
        self.code = str(problem.get("code", "unknown"))
        self.status = int(problem.get("status", 0))
        self.title = str(problem.get("title", ""))
        self.detail = str(problem.get("detail", ""))
        self.request_id: str | None = problem.get("request_id")
        self.retry_after_seconds = retry_after_seconds
        super().__init__(f"{self.code} ({self.status}): {self.detail or self.title}")


class UnauthorizedError(ProblemError):
    known_code = "unauthorized"


class NotFoundError(ProblemError):
    known_code = "not_found"


class JobNotFoundError(ProblemError):
    known_code = "job_not_found"


class MethodNotAllowedError(ProblemError):
    known_code = "method_not_allowed"


class ModelNotLoadedError(ProblemError):
    known_code = "model_not_loaded"


class DeadlineExceededError(ProblemError):
    known_code = "deadline_exceeded"


class UploadTooSlowError(ProblemError):
    known_code = "upload_too_slow"


class UploadTooLargeError(ProblemError):
    known_code = "upload_too_large"


class UnsupportedMediaTypeError(ProblemError):
    known_code = "unsupported_media_type"


class EmptyUploadError(ProblemError):
    known_code = "empty_upload"


class UndecodableVideoError(ProblemError):
    known_code = "undecodable_video"


class NoVideoStreamError(ProblemError):
    known_code = "no_video_stream"


class UnsupportedCodecError(ProblemError):
    known_code = "unsupported_codec"


class VideoTooLongError(ProblemError):
    known_code = "video_too_long"


class FrameTooLargeError(ProblemError):
    known_code = "frame_too_large"


class DecodeTimeoutError(ProblemError):
    known_code = "decode_timeout"


class BudgetTooSmallError(ProblemError):
    known_code = "budget_too_small"


class TooManySegmentsError(ProblemError):
    known_code = "too_many_segments"


class InvalidParameterError(ProblemError):
    known_code = "invalid_parameter"


class IdempotencyKeyReusedError(ProblemError):
    known_code = "idempotency_key_reused"


class OverloadedError(ProblemError):
    known_code = "overloaded"


class RateLimitedError(ProblemError):
    """The key's own limit."""

    known_code = "rate_limited"


class InternalServiceError(ProblemError):
    known_code = "internal_error"


class WorkerLostError(ProblemError):
    known_code = "worker_lost"


class NotReadyError(ProblemError):
    known_code = "not_ready"


class JobsUnavailableError(ProblemError):
    known_code = "jobs_unavailable"


class ShuttingDownError(ProblemError):
    known_code = "shutting_down"


class InsufficientStorageError(ProblemError):
    known_code = "insufficient_storage"


CLASSES: dict[str, type[ProblemError]] = {
    str(one.known_code): one for one in ProblemError.__subclasses__()
}


def problem_error(
    problem: Mapping[str, Any], *, retry_after_seconds: float | None = None
) -> ProblemError:
    """The exception of a problem's code."""
    kind = CLASSES.get(str(problem.get("code")), ProblemError)
    return kind(problem, retry_after_seconds=retry_after_seconds)
