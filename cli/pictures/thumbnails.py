"""A small frame from the middle of each segment, decoded in the sandbox."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.common.deadline import Deadline
from model.inference.classification import SegmentResult
from model.inputs.ffmpeg.commands import input_url, safe_input_options
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.programs import programs
from model.inputs.ffmpeg.sandbox import Deadlines, run_sandboxed
from model.inputs.probing.video_info import VideoInfo

Thumbnail = NDArray[np.uint8]  # (H, W, 3) RGB
LONG_SIDE = 240


def thumbnails(
    video: Path, info: VideoInfo, segments: Sequence[SegmentResult]
) -> list[Thumbnail | None]:
    """In the segments' order; None where no frame can be decoded, such as of AV1."""
    limits = DecodeLimits()
    deadlines = Deadlines.start(Deadline(limits.wall_seconds), limits)
    middles = [(one.start_seconds + one.end_seconds) / 2 for one in segments]
    return [_frame(video, info, at, limits, deadlines) for at in middles]


def thumbnail_size(info: VideoInfo) -> tuple[int, int]:
    """(width, height): the long side is LONG_SIDE. 1920x1080 gives 240x135."""
    scale = LONG_SIDE / max(info.width, info.height)
    return max(1, round(info.width * scale)), max(1, round(info.height * scale))


def _frame(
    video: Path, info: VideoInfo, seconds: float, limits: DecodeLimits, deadlines: Deadlines
) -> Thumbnail | None:
    width, height = thumbnail_size(info)
    command = [programs().ffmpeg, "-v", "error", "-nostdin", "-threads", "1"]
    for name, value in safe_input_options(limits).items():
        command += [f"-{name}", str(value)]
    command += ["-ss", f"{seconds:.3f}", "-i", input_url(video), "-map", f"0:{info.video_index}"]
    command += ["-frames:v", "1", "-vf", f"scale={width}:{height}"]
    command += ["-pix_fmt", "rgb24", "-f", "rawvideo", "-"]
    size = width * height * 3
    finished = run_sandboxed(command, limits=limits, deadlines=deadlines, max_output_bytes=size)
    if len(finished.output) != size:
        return None
    return np.frombuffer(bytes(finished.output), np.uint8).reshape(height, width, 3)
