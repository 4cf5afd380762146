"""Decoding exactly the frames that the segments need, placed by presentation time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.input_spec import InputSpec
from model.inputs.cage import Finished, Patience, run_caged
from model.inputs.ffmpeg import compile_command, open_input
from model.inputs.limits import DecodeLimits
from model.inputs.video import VideoInfo

Frame = NDArray[np.uint8]  # (H, W, 3), RGB

# Between two windows closer than this, decoding on is cheaper than another process and seek.
MERGE_SECONDS = 3.0
# Where frames are rare, the one on display at a window's start was decoded this long before it.
LEADS_SECONDS = (1.0, 8.0, 64.0)
PARALLEL_PROCESSES = 2
# Wider than this, the middle is taken before scaling: the output's size stays bounded.
MAX_ASPECT = 2
_FIRST_TIME = re.compile(r"n: *0 .*?pts_time:(-?[\d.]+)")


@dataclass(frozen=True, slots=True)
class Run:
    """Wanted grid indices, sorted, that one process decodes from the grid index `origin` on."""

    wanted: tuple[int, ...]
    origin: int


@dataclass(frozen=True, slots=True)
class Decoded:
    """Frames by grid index, and what ffmpeg complained about, "" for nothing."""

    frames: dict[int, Frame]
    complaints: str


def decode_frames(
    path: Path,
    info: VideoInfo,
    inputs: InputSpec,
    wanted: Sequence[int],
    rate: float,
    *,
    limits: DecodeLimits,
    patience: Patience,
) -> Decoded:
    """The frames shown at the grid indices `wanted` (index n: n / `rate` s), short side scaled.

    Indices past the last frame are missing from the answer. Raises what the cage raises.
    """
    decoder = _Decoder(path, info, inputs, rate, limits, patience)
    with ThreadPoolExecutor(PARALLEL_PROCESSES) as pool:
        parts = list(pool.map(decoder.decode, plan_runs(wanted, rate)))
    frames = {index: frame for part in parts for index, frame in part.frames.items()}
    return Decoded(frames, "\n".join(part.complaints for part in parts if part.complaints))


def plan_runs(wanted: Sequence[int], rate: float) -> list[Run]:
    """Group grid indices into runs that one process each decodes.

    >>> plan_runs([2, 4, 8, 500, 501], 25.0)
    [Run(wanted=(2, 4, 8), origin=0), Run(wanted=(500, 501), origin=499)]
    """
    ordered = sorted(set(wanted))
    runs: list[list[int]] = []
    for index in ordered:
        if runs and index - runs[-1][-1] <= MERGE_SECONDS * rate:
            runs[-1].append(index)
        else:
            runs.append([index])
    return [run_from(indices, indices[0] - 1, rate) for indices in runs]


def run_from(wanted: Sequence[int], origin: int, rate: float) -> Run:
    """Close to the beginning a run starts there: no seek, no doubt about where it ended up."""
    return Run(tuple(wanted), origin if origin > MERGE_SECONDS * rate else 0)


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
    inputs: InputSpec
    rate: float
    limits: DecodeLimits
    patience: Patience

    def decode(self, run: Run) -> Decoded:
        """One run; at a varying rate, where the frame on display at its start may have come long
        before, again from further back until it is met."""
        decoded, complete = self._attempt(run)
        for seconds in LEADS_SECONDS:
            if complete or run.origin == 0 or self.info.constant_frame_rate:
                break
            origin = run.wanted[0] - round(seconds * self.rate)
            run = run_from(run.wanted, origin, self.rate)
            decoded, complete = self._attempt(run)
        return decoded

    def _attempt(self, run: Run) -> tuple[Decoded, bool]:
        width, height = scaled_size(self.info, self.inputs.short_side)
        num_bytes = width * height * 3
        finished = run_caged(
            self._command(run, width, height),
            limits=self.limits,
            patience=self.patience,
            max_output_bytes=num_bytes * (len(run.wanted) + 1),
        )
        count = min(len(finished.output) // num_bytes, len(run.wanted))
        flat = np.frombuffer(finished.output, dtype=np.uint8, count=count * num_bytes)
        frames = flat.reshape(count, height, width, 3)
        complaints = finished.errors if finished.status != 0 else ""
        decoded = Decoded(dict(zip(run.wanted, frames, strict=False)), complaints)
        return decoded, self._shown_in_time(run, finished)

    def _shown_in_time(self, run: Run, finished: Finished) -> bool:
        """Whether a frame was decoded no later than the first wanted one is due."""
        first = _FIRST_TIME.search(finished.errors)
        return first is not None and float(first.group(1)) <= (
            run.wanted[0] - run.origin + 1
        ) / self.rate + self._before(run)

    def _seek(self, run: Run) -> float:
        """Half a step early: rounding must not cut off the frame that lies on the origin."""
        if run.origin == 0:
            return 0.0
        return self.info.start_offset_seconds + (run.origin - 0.5) / self.rate

    def _before(self, run: Run) -> float:
        """Where the origin lies on the time axis that ffmpeg shows after seeking."""
        return 0.5 / self.rate if run.origin else self.info.start_offset_seconds

    def _command(self, run: Run, width: int, height: int) -> list[str]:
        """The fps filter lays the grid: each step shows the frame nearest in time, or, where
        frames are rarer, the last one; so step k of its output is grid index origin + k.
        A last frame shorter than a step counts (`eof_action`): it may be the only one."""
        stream = open_input(self.path, self.limits, seek_seconds=self._seek(run))
        stream = stream[str(self.info.video_index)]
        stream = stream.filter("showinfo", checksum=0)
        stream = stream.filter(
            "fps",
            fps=f"{self.rate:.9f}",
            start_time=f"{self._before(run):.6f}",
            round="near",
            eof_action="pass",
        )
        stream = stream.filter("select", select_expression(run))
        if max(self.info.width, self.info.height) > MAX_ASPECT * min(
            self.info.width, self.info.height
        ):
            stream = stream.filter("crop", f"min(iw,{MAX_ASPECT}*ih)", f"min(ih,{MAX_ASPECT}*iw)")
        stream = stream.filter("scale", width, height, flags="bilinear+accurate_rnd+bitexact")
        return compile_command(
            stream,
            format="rawvideo",
            pix_fmt="rgb24",
            fps_mode="passthrough",
            **{"frames:v": len(run.wanted)},
        )


def select_expression(run: Run) -> str:
    """ffmpeg's select expression for the run's steps, consecutive ones joined.

    >>> select_expression(Run((100, 101, 102, 110), origin=99))
    'between(n,1,3)+between(n,11,11)'
    """
    spans: list[list[int]] = []
    for index in run.wanted:
        if spans and index == spans[-1][1] + 1:
            spans[-1][1] = index
        else:
            spans.append([index, index])
    origin = run.origin
    return "+".join(f"between(n,{first - origin},{last - origin})" for first, last in spans)
