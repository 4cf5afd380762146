"""The openvino package, kept from reporting to its maker."""

from __future__ import annotations

import sys

# Importing openvino sends an event over the network and leaves an identifier in the user's home,
# unasked, and costs a start 0.1 s; where its telemetry package is missing it does without.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

import openvino  # noqa: E402

__all__ = ["openvino"]
