"""Settings: everything an operator can choose, from ADAMML_* variables, refused when nonsense."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from pydantic import ByteSize, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from model.inference.options import MAX_STREAM_SEGMENTS
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.kernel_sandbox import Mode
from model.runtime.base import Precision

ENVIRONMENT_PREFIX = "ADAMML_"
DEFAULT_PORT = 8000
# The duration histograms end here, and so does what a caller may reasonably wait for.
_MAX_DEADLINE_SECONDS = 300.0
_LIMITS = DecodeLimits()
_KUBERNETES = re.compile(
    r"_SERVICE_HOST$|_SERVICE_PORT(_\w+)?$|_PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?$"
)
# Of the compose files, of the tests of containers and of the published implementation's numbers.
_OTHER_VARIABLES = {
    *("BIND", "BUILD_OPTIONS", "COMPOSE", "COMPOSE_WITHOUT", "CONTAINER_ENGINE", "PARITY_GOLDEN"),
}

_SECRETS = {"admin_key"}


class Settings(BaseSettings):
    """Built once by the entry point and passed down; nothing else reads the environment."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX,
        frozen=True,
        extra="forbid",
        env_ignore_empty=True,
        allow_inf_nan=False,
    )

    host: str = Field(default="127.0.0.1", min_length=1)
    port: int = Field(default=DEFAULT_PORT, ge=0, le=65535)
    metrics_port: int | None = Field(
        default=None, ge=1, le=65535, description="/metrics is there instead; none: on `port`."
    )
    workers: int = Field(default=1, ge=1, le=64, description="Processes, each with all below.")
    model: Path | None = Field(default=None, description="Bundle or checkpoint; none: bundled.")
    threads: int | None = Field(default=None, ge=1, le=256, description="Cores per network.")
    precision: Precision = Field(default="f32", description="Numbers that networks compute in.")

    # Read where programs are run, see model.inputs.ffmpeg.programs; here so that they are checked.
    ffmpeg: Path | None = Field(default=None, description="Instead of the pinned program.")
    ffprobe: Path | None = Field(default=None, description="Instead of the pinned program.")
    # See model.inputs.ffmpeg.kernel_sandbox.
    sandbox: Mode = Field(default="auto", description="The kernel's, around decoders.")

    max_upload_bytes: ByteSize = Field(default=ByteSize(256 * 1024**2), ge=1024)
    request_deadline_seconds: float = Field(default=120.0, gt=0, le=_MAX_DEADLINE_SECONDS)
    max_concurrency: int = Field(default=2, ge=1, le=256, description="Videos computed at once.")
    max_segments: int = Field(
        default=600, ge=64, le=MAX_STREAM_SEGMENTS, description="Of one answer to a request."
    )
    max_queue: int = Field(default=16, ge=0, le=10_000, description="Videos waiting for a place.")
    max_queue_seconds: float | None = Field(
        default=None,
        gt=0,
        le=_MAX_DEADLINE_SECONDS,
        description="Nobody waits longer, as recent ones went; none: within the deadline.",
    )
    degrade: bool = Field(
        default=False, description="Compute less while requests wait, before refusing."
    )
    max_uploads: int = Field(default=32, ge=1, le=10_000, description="Uploads at once.")
    min_upload_bytes_per_second: int = Field(
        default=1024, ge=1, description="A body that comes slower is cut, after the grace."
    )
    upload_grace_seconds: float = Field(
        default=10.0, gt=0, le=_MAX_DEADLINE_SECONDS, description="A body may pause so long."
    )
    # Containers have 4 GiB for files of a while.
    upload_storage_bytes: ByteSize = Field(
        default=ByteSize(3 * 1024**3), ge=1024, description="All uploads together."
    )
    temp_dir: Path | None = Field(default=None, description="For uploads; none: the system's.")

    # The inputs' own defaults; the request's deadline ends decoding too.
    max_video_seconds: float = Field(default=_LIMITS.max_duration_seconds, gt=0)
    max_frame_pixels: int = Field(default=_LIMITS.max_pixels, ge=1)
    decode_timeout_seconds: float = Field(default=_LIMITS.wall_seconds, gt=0)

    admin_key: SecretStr | None = Field(
        default=None, min_length=16, description="Opens /admin; none: it is not there."
    )

    api_keys_file: Path | None = Field(
        default=None, description="Keys of clients, by `adamml keys`; none: anybody may ask."
    )

    jobs_dir: Path | None = Field(
        default=None, description="Jobs' files; none: the user's state directory."
    )
    jobs_database: str | None = Field(
        default=None,
        pattern=r"^(sqlite|postgresql(\+psycopg)?)://",
        description="SQLAlchemy's address; none: SQLite in jobs_dir.",
    )
    job_retention_seconds: float = Field(
        default=86_400.0, gt=0, description="Results are kept so long."
    )
    job_storage_bytes: ByteSize = Field(
        default=ByteSize(20 * 1024**3), ge=1024, description="All files of jobs together."
    )
    job_deadline_seconds: float = Field(default=6 * 3600.0, gt=0)
    max_job_upload_bytes: ByteSize = Field(default=ByteSize(4 * 1024**3), ge=1024)

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "text"] = "json"

    otlp_endpoint: str | None = Field(
        # The SDK's own variable, which many platforms set.
        default_factory=lambda: os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or None,
        pattern=r"^https?://",
        description="OpenTelemetry collector, by HTTP; none: no traces.",
    )

    drain_delay_seconds: float = Field(
        default=0.0, ge=0, le=300, description="Still answering, no longer ready."
    )
    # With the few seconds after it, within the ten that containers get by default.
    drain_grace_seconds: float = Field(default=7.0, ge=0, le=300)

    @field_validator("model", "api_keys_file")
    @classmethod
    def _is_a_file(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            raise ValueError("there is no such file")
        return path

    @field_validator("port", mode="before")
    @classmethod
    def _port_is_not_kubernetes(cls, port: object) -> object:
        """Beside a service called adamml Kubernetes sets ADAMML_PORT to its address."""
        address = isinstance(port, str) and port.startswith(("tcp://", "udp://"))
        return DEFAULT_PORT if address else port

    @field_validator("metrics_port")
    @classmethod
    def _ports_differ(cls, port: int | None, told: ValidationInfo) -> int | None:
        if port is not None and port == told.data.get("port"):
            raise ValueError("it is the service's own port; choose another")
        return port

    @field_validator("temp_dir")
    @classmethod
    def _temp_dir_is_writable(cls, path: Path | None) -> Path | None:
        if path is not None and not (path.is_dir() and os.access(path, os.W_OK | os.X_OK)):
            raise ValueError("it is not a directory that can be written to")
        return path


class SettingsError(ValueError):
    """One line for each setting that is wrong, with what it is and what is allowed."""


def read_settings(**overrides: object) -> Settings:
    """The environment's settings; `overrides` that are not None win over it.

    Raises:
        SettingsError: a value is nonsense, or a variable that starts like ours is no setting.
    """
    refuse_unknown(os.environ)
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        lines = [
            _line(entry["loc"], entry["input"], entry["msg"], overrides=given)
            for entry in error.errors()
        ]
        raise SettingsError("; ".join(lines)) from error


def refuse_unknown(variables: Iterable[str]) -> None:
    """A misspelt limit would otherwise leave the default in force, and nobody would know.

    Raises:
        SettingsError: with the setting that was probably meant.
    """
    known = [name.upper() for name in Settings.model_fields]
    ours = (name for name in variables if name.upper().startswith(ENVIRONMENT_PREFIX))
    unknown = sorted(n for n in ours if _bare(n) not in known and not _is_of_others(n))
    if unknown:
        raise SettingsError("; ".join(_unknown_line(name, known) for name in unknown))


def _is_of_others(name: str) -> bool:
    """Kubernetes' own, beside a service called adamml or adamml-anything, and the project's other
    variables, see docs/deployment.md."""
    return bool(_KUBERNETES.search(name.upper())) or _bare(name) in _OTHER_VARIABLES


def _unknown_line(name: str, known: list[str]) -> str:
    near = get_close_matches(_bare(name), known, n=1)
    hint = f"; did you mean {ENVIRONMENT_PREFIX}{near[0]}?" if near else ""
    return f"{name} is not a setting{hint}"


def _bare(name: str) -> str:
    return name.upper().removeprefix(ENVIRONMENT_PREFIX)


def _line(
    location: tuple[int | str, ...], value: object, message: str, *, overrides: dict[str, object]
) -> str:
    message = message.removeprefix("Value error, ")
    name = str(location[0])
    shown = f"--{name}" if name in overrides else f"{ENVIRONMENT_PREFIX}{name.upper()}"
    # A key, even a wrong one, belongs in no log.
    told = "***" if name in _SECRETS else repr(str(value))
    return f"{shown} is {told}: {message[:1].lower()}{message[1:]}"
