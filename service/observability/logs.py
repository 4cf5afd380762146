"""Log lines: one JSON object each, or text for people; set up by the entry point only."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Literal

from service.observability.request_id import current_request_id


class JsonFormatter(logging.Formatter):
    """Fields that a call passes as `extra={"fields": {...}}` stand beside the message."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "pid": record.process,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := current_request_id.get():
            entry["request_id"] = request_id
        entry |= getattr(record, "fields", {})
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


class TextFormatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the base's name
        fields = {"request_id": current_request_id.get(), **getattr(record, "fields", {})}
        shown = " ".join(f"{name}={value}" for name, value in fields.items() if value != "")
        return f"{super().formatMessage(record)} {shown}".rstrip()


def configure_logging(level: str, style: Literal["json", "text"]) -> None:
    """Everything to standard error, the server's own lines included."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if style == "json" else TextFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # Every form is parsed by a library that tells each of its steps.
    logging.getLogger("python_multipart").setLevel(logging.WARNING)
