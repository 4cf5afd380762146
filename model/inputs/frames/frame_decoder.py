"""Decoding the frames that the segments need, placed by presentation time."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.sandbox import Deadlines
from model.inputs.frames.early_frames import NOTHING, Awaited
from model.inputs.frames.frame import Frame
from model.inputs.frames.frame_command import needs_av1_decoder
from model.inputs.frames.frame_reader import FrameReader
from model.inputs.placement.matching import is_covered, match
from model.inputs.placement.runs import Run, off_grid, starting_earlier
from model.inputs.probing.packets import frame_before
from model.inputs.probing.video_info import VideoInfo

PARALLEL_PROCESSES = 2
# Of a process that has no other beside it. Small frames decode as soon on one thread, for less
# processor time.
LONE_PROCESS_THREADS = 3
SMALL_PIXELS = 640 * 480
# A process costs 50 ms to start, so it is given several runs. With fewer of them, those that have
# far to go from their key frames share the cores better.
RUNS_PER_PROCESS = 5
# Each run in a process keeps a decoder of its own, whose memory is by the frame's size.
MAX_SHARED_PIXELS = 1920 * 1088
# In these containers a seek goes to any frame, and decoding begins at the next key frame only.
WITHOUT_INDEX = ("mpegts", "mpeg")


@dataclass(frozen=True, slots=True)
class Decoded:
    """Frames by the grid index at which they are shown, and ffmpeg's error messages."""

    frames: dict[int, Frame]
    messages: str

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
    deadlines: Deadlines,
    awaited: Awaited = NOTHING,
) -> Decoded:
    """The frames shown at the grid indices that the runs want, scaled to `short_side`.

    Where a stretch of the video gives no frame at all, its indices are missing from the answer.
    Raises what the sandbox raises.
    """
    reader = FrameReader(path, info, short_side, limits, deadlines, awaited)
    decoder = _Decoder(reader, _threads(runs, info))
    with ThreadPoolExecutor(PARALLEL_PROCESSES) as pool:
        groups = pool.map(decoder.decode_group, _groups(runs, info))
        parts = [part for group in groups for part in group]
    frames = {index: frame for part in parts for index, frame in part.frames.items()}
    return Decoded(frames, "\n".join(part.messages for part in parts if part.messages))


def _threads(runs: Sequence[Run], info: VideoInfo) -> int:
    is_small = info.width * info.height <= SMALL_PIXELS
    return 1 if len(runs) > 1 or is_small else LONE_PROCESS_THREADS


def _groups(runs: Sequence[Run], info: VideoInfo) -> list[Sequence[Run]]:
    """Which runs one process decodes. Neighbours go to different ones: they take alike long."""
    if needs_av1_decoder(info):
        return [[run] for run in runs]
    if info.container in WITHOUT_INDEX or info.width * info.height > MAX_SHARED_PIXELS:
        return [[run] for run in runs]
    count = min(len(runs), max(PARALLEL_PROCESSES, ceil(len(runs) / RUNS_PER_PROCESS)))
    return [runs[first::count] for first in range(count)]


@dataclass(frozen=True, slots=True)
class _Decoder:
    reader: FrameReader
    threads: int

    def decode_group(self, runs: Sequence[Run]) -> list[Decoded]:
        """By one process, or, where that meets any trouble, each run for itself."""
        together = self.reader.read_together(runs) if len(runs) > 1 else None
        if together is None:
            return [self._decode(run) for run in runs]
        return [
            Decoded(_placed(run, frames), "") if self._is_covered(run, frames) else self._again(run)
            for run, frames in zip(runs, together, strict=True)
        ]

    def _decode(self, run: Run) -> Decoded:
        """One run; where that does not bring the frame on display at its start, again from the
        key frame before."""
        if run.begin_seconds > 0 and self.reader.info.container in WITHOUT_INDEX:
            run = self._widened(run)
        frames, messages = self.reader.read(run, threads=self.threads)
        if not self._is_covered(run, frames):
            return self._again(run)
        return Decoded(_placed(run, frames), messages)

    def _again(self, run: Run) -> Decoded:
        run = self._widened(run)
        frames, messages = self.reader.read(run, threads=self.threads)
        return Decoded(_placed(run, frames), messages)

    def _is_covered(self, run: Run, frames: Sequence[Frame]) -> bool:
        return not self.reader.info.seekable or is_covered(run, _times(frames))

    def _widened(self, run: Run) -> Run:
        """The run with all that may be shown in it, from the frame on display at its start."""
        if run.begin_seconds == 0:
            return off_grid(run)
        due, reader = (run.wanted[0] + 0.5) / run.rate, self.reader
        before = frame_before(
            reader.path, reader.info, due, limits=reader.limits, deadlines=reader.deadlines
        )
        if before is None:
            return off_grid(run)
        return starting_earlier(run, before.seconds, before.key_seconds)


def _placed(run: Run, frames: Sequence[Frame]) -> dict[int, Frame]:
    if not frames:
        return {}
    positions = match(run, _times(frames))
    chosen = {position: frames[position] for position in positions}
    if 2 * len(chosen) < len(frames):
        # Lets go of the buffer that all frames share.
        chosen = {position: frame.on_its_own() for position, frame in chosen.items()}
    return {index: chosen[position] for index, position in zip(run.wanted, positions, strict=True)}


def _times(frames: Sequence[Frame]) -> list[float]:
    return [frame.seconds for frame in frames]
