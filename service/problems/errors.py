"""What the service itself refuses, before or instead of asking the classifier."""

from __future__ import annotations

from model.common.errors import ClassificationError


class ServiceError(ClassificationError):
    """`retry_after_seconds` becomes the Retry-After header where it is set."""

    retry_after_seconds: int | None = None


class UnauthorizedError(ServiceError):
    code = "unauthorized"


class NotFoundError(ServiceError):
    code = "not_found"


class ModelNotLoadedError(ServiceError):
    """On a change of model: the one before it still answers."""

    code = "model_not_loaded"


class UploadTooLargeError(ServiceError):
    code = "upload_too_large"


class UploadTooSlowError(ServiceError):
    code = "upload_too_slow"


class UnsupportedMediaTypeError(ServiceError):
    code = "unsupported_media_type"


class OverloadedError(ServiceError):
    code = "overloaded"

    def __init__(self, detail: str, *, retry_after_seconds: int) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class RateLimitedError(OverloadedError):
    """One key's own limit; others may go on."""

    code = "rate_limited"


class InsufficientStorageError(ServiceError):
    """The disk for uploads is full; later there may be room."""

    code = "insufficient_storage"
    # About as long as a request may take: then the uploads of now are gone.
    retry_after_seconds = 60


class IdempotencyKeyReusedError(ServiceError):
    code = "idempotency_key_reused"


class JobNotFoundError(ServiceError):
    code = "job_not_found"


class JobsUnavailableError(ServiceError):
    """The database or the directory is not open: it cannot be, or the service has just started."""

    code = "jobs_unavailable"
    retry_after_seconds = 5


class NotReadyError(ServiceError):
    code = "not_ready"
    retry_after_seconds = 1


class ShuttingDownError(ServiceError):
    code = "shutting_down"
    # Another replica can answer at once.
    retry_after_seconds = 1
