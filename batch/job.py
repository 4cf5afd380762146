"""Job: what every process that classifies has to know; and what makes two runs the same."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from model.files.bundle import file_version
from model.inference.classification import ClassifyOptions
from model.inference.loading import BUNDLED_MODEL
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.runtime.base import Precision


@dataclass(frozen=True, slots=True)
class Job:
    """`model` None: the bundled one. Sent to processes, so it holds plain values only."""

    model: Path | None = None
    options: ClassifyOptions = field(default_factory=ClassifyOptions)
    limits: DecodeLimits = field(default_factory=DecodeLimits)
    precision: Precision = "f32"

    def identity(self) -> dict[str, Any]:
        """What answers depend on, as JSON has it: rows of different ones must not be mixed.

        Raises OSError where the model cannot be read.
        """
        options = asdict(self.options)
        if self.options.modalities is not None:
            options["modalities"] = sorted(self.options.modalities)
        return {
            "model": file_version(self.model or BUNDLED_MODEL),
            "precision": self.precision,
            "max_video_seconds": self.limits.max_duration_seconds,
            "max_frame_pixels": self.limits.max_pixels,
            **options,
        }
