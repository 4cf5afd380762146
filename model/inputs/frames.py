"""Decoding the frames that the segments need, placed by presentation time."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.inputs.cage import Finished, Patience, run_caged
from model.inputs.complaints import error_lines, while_decoding
from model.inputs.ffmpeg import compile_command, open_input
from model.inputs.limits import DecodeLimits
from model.inputs.matching import is_covered, match
from model.inputs.packets import frame_before
from model.inputs.runs import Run, off_grid, select_expression, starting_earlier
from model.inputs.showinfo import shown_times
from model.inputs.video import VideoInfo

Pixels = NDArray[np.uint8]  # (H, W, 3), RGB

PARALLEL_PROCESSES = 2
# Of a process that has no other beside it.
LONE_PROCESS_THREADS = 2
# Wider than this, the middle is taken before scaling: the output's size stays bounded.
MAX_ASPECT = 2
# In these containers a seek goes to any frame, and decoding begins at the next key frame only.
WITHOUT_INDEX = ("mpegts", "mpeg")


@dataclass(frozen=True, slots=True)
class Frame:
    """`seconds` on the video's time axis tell frames apart: no two have the same."""

    seconds: float
    pixels: Pixels


@dataclass(frozen=True, slots=True)
class Decoded:
    """Frames by the grid index at which they are shown, and what ffmpeg complained about."""

    frames: dict[int, Frame]
    complaints: str

    @property
    def last_seconds(self) -> float | None:
        return max((frame.seconds for frame in self.frames.values()), default=None)


def decode_frames(
    path: Path,
    info: VideoInfo,
    short_side: int,
    runs: Sequence[Run],
    *,
    limits: DecodeLimits,
    patience: Patience,
) -> Decoded:
    """The frames shown at the grid indices that the runs want, scaled to `short_side`.

    Where a stretch of the video gives no frame at all, its indices are missing from the answer.
    Raises what the cage raises.
    """
    threads = LONE_PROCESS_THREADS if len(runs) == 1 else 1
    decoder = _Decoder(path, info, short_side, limits, patience, threads)
    with ThreadPoolExecutor(PARALLEL_PROCESSES) as pool:
        parts = list(pool.map(decoder.decode, runs))
    frames = {index: frame for part in parts for index, frame in part.frames.items()}
    return Decoded(frames, "\n".join(part.complaints for part in parts if part.complaints))


def scaled_size(info: VideoInfo, short_side: int) -> tuple[int, int]:
    """(width, height) of decoded frames: the aspect is kept, up to MAX_ASPECT.

    1920x1080 at a short side of 256 gives 455x256; 1000x100 gives 512x256.
    """
    width = min(info.width, MAX_ASPECT * info.height)
    height = min(info.height, MAX_ASPECT * info.width)
    scale = short_side / min(width, height)
    return max(short_side, round(width * scale)), max(short_side, round(height * scale))


@dataclass(frozen=True, slots=True)
class _Decoder:
    path: Path
    info: VideoInfo
    short_side: int
    limits: DecodeLimits
    patience: Patience
    threads: int

    def decode(self, run: Run) -> Decoded:
        """One run; where that does not bring the frame on display at its start, again from the
        key frame before."""
        if run.begin_seconds > 0 and self.info.container in WITHOUT_INDEX:
            run = self._widened(run)
        frames, complaints = self._attempt(run)
        if self.info.seekable and not is_covered(run, _times(frames)):
            run = self._widened(run)
            frames, complaints = self._attempt(run)
        return Decoded(self._placed(run, frames), complaints)

    def _widened(self, run: Run) -> Run:
        """The run with all that may be shown in it, from the frame on display at its start."""
        if run.begin_seconds == 0:
            return off_grid(run)
        due = (run.wanted[0] + 0.5) / run.rate
        before = frame_before(self.path, self.info, due, limits=self.limits, patience=self.patience)
        if before is None:
            return off_grid(run)
        return starting_earlier(run, before.seconds, before.key_seconds)

    def _placed(self, run: Run, frames: list[Frame]) -> dict[int, Frame]:
        if not frames:
            return {}
        positions = match(run, _times(frames))
        chosen = {position: frames[position] for position in positions}
        if 2 * len(chosen) < len(frames):
            # Copies let go of the buffer that all frames share.
            chosen = {
                position: replace(frame, pixels=frame.pixels.copy())
                for position, frame in chosen.items()
            }
        return {
            index: chosen[position] for index, position in zip(run.wanted, positions, strict=True)
        }

    def _attempt(self, run: Run) -> tuple[list[Frame], str]:
        """Frames in order of time, and complaints."""
        width, height = scaled_size(self.info, self.short_side)
        num_bytes = width * height * 3
        finished = self._run(run, self.threads)
        if self.threads > 1 and (finished.status != 0 or error_lines(finished.errors)):
            # Threads patch up a damaged stream differently each time, which would change answers.
            finished = self._run(run, 1)
        times = shown_times(finished.errors)
        count = min(len(finished.output) // num_bytes, len(times))
        flat = np.frombuffer(finished.output, dtype=np.uint8, count=count * num_bytes)
        pixels = flat.reshape(count, height, width, 3)
        zero = self.info.start_seconds
        frames = {
            time - zero: Frame(time - zero, image)
            for time, image in zip(times, pixels, strict=False)
        }
        return [frames[time] for time in sorted(frames)], self._complaints(run, finished)

    def _run(self, run: Run, threads: int) -> Finished:
        width, height = scaled_size(self.info, self.short_side)
        return run_caged(
            self._command(run, width, height, threads),
            limits=self.limits,
            patience=self.patience,
            max_output_bytes=width * height * 3 * run.max_frames,
        )

    def _complaints(self, run: Run, finished: Finished) -> str:
        """Of a failure everything. Else what was said about the frames, but not after a seek, as
        decoders grumble until they meet a key frame."""
        if finished.status != 0:
            return finished.errors
        log = while_decoding(finished.errors) if run.begin_seconds == 0 else ""
        return log if error_lines(log) else ""

    def _command(self, run: Run, width: int, height: int, threads: int) -> list[str]:
        begin = self.info.start_offset_seconds + run.begin_seconds
        seek, end = begin if run.begin_seconds > 0 else 0.0, begin + run.length_seconds
        length = end - seek
        stream = open_input(
            self.path, self.limits, seek_seconds=seek, length_seconds=length, threads=threads
        )
        stream = stream[str(self.info.video_index)]
        stream = stream.filter("select", select_expression(run, self.info.start_seconds))
        stream = stream.filter("showinfo", checksum=0)
        long_side = max(self.info.width, self.info.height)
        if long_side > MAX_ASPECT * min(self.info.width, self.info.height):
            stream = stream.filter("crop", f"min(iw,{MAX_ASPECT}*ih)", f"min(ih,{MAX_ASPECT}*iw)")
        stream = stream.filter("scale", width, height, flags="bilinear+accurate_rnd+bitexact")
        return compile_command(
            stream,
            format="rawvideo",
            pix_fmt="rgb24",
            fps_mode="passthrough",
            # The frames' own clock: on a coarser one, two of them may fall on the same time.
            enc_time_base=-1,
            **{"frames:v": run.max_frames},
        )


def _times(frames: Sequence[Frame]) -> list[float]:
    return [frame.seconds for frame in frames]
