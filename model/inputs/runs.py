"""Which stretches of a video to decode for the grid indices that are wanted. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

# Between two windows closer than this, decoding on is cheaper than another process and seek. Off
# the video's own grid less is worth it: all frames in between are kept until it is known which of
# them are shown.
MERGE_SECONDS = 3.0
MERGE_SECONDS_OFF_GRID = 1.0
# Off the grid, the frame on display at a run's start usually came this many frames before at most.
LEAD_FRAMES = 1.5
MAX_LEAD_SECONDS = 2.0
# Of faster videos no more than this many frames a grid step are looked at.
FRAMES_PER_STEP = 2
# Indices no further apart belong to one span of consecutive frames.
CONSECUTIVE = 2


@dataclass(frozen=True, slots=True)
class Run:
    """Grid indices, sorted, that one process decodes; index n is due at n / `rate` seconds.

    Decoding begins at `begin_seconds` of the video's time axis; at 0 without seeking. Frames are
    wanted in the `stretches`, half-open intervals of seconds.
    """

    wanted: tuple[int, ...]
    rate: float
    is_own_rate: bool
    begin_seconds: float
    stretches: tuple[tuple[float, float], ...]

    @property
    def length_seconds(self) -> float:
        return self.stretches[-1][1] - self.begin_seconds

    @property
    def max_frames(self) -> int:
        """More than these cannot be selected, see `select_expression`."""
        steps = sum((end - begin) * self.rate + 2 for begin, end in self.stretches)
        return int(FRAMES_PER_STEP * steps)


def plan_runs(
    wanted: Sequence[int], rate: float, *, is_own_rate: bool, frame_rate: float
) -> list[Run]:
    """Group grid indices into runs; `frame_rate` is the video's average, `rate` that of the grid.

    >>> runs = plan_runs([2, 4, 8, 500, 501], 25.0, is_own_rate=True, frame_rate=25.0)
    >>> [run.wanted for run in runs], runs[1].begin_seconds, runs[1].stretches
    ([(2, 4, 8), (500, 501)], 19.94, ((19.96, 20.08),))
    """
    gap = MERGE_SECONDS if is_own_rate else MERGE_SECONDS_OFF_GRID
    lead = 0.0 if is_own_rate else min(LEAD_FRAMES / frame_rate, MAX_LEAD_SECONDS)
    return [
        _run(indices, rate, is_own_rate=is_own_rate, lead_seconds=lead)
        for indices in split(sorted(set(wanted)), gap * rate)
    ]


def _run(wanted: Sequence[int], rate: float, *, is_own_rate: bool, lead_seconds: float) -> Run:
    """A step more on each side allows for frames that lie beside the grid. Off the video's own
    grid an index may show any frame before it, so nothing in between is left out."""
    spans = split(wanted, CONSECUTIVE) if is_own_rate else [wanted]
    stretches = [((span[0] - 1) / rate - lead_seconds, (span[-1] + 1) / rate) for span in spans]
    begin = _seekable((wanted[0] - 1.5) / rate - lead_seconds)
    return Run(tuple(wanted), rate, is_own_rate, begin, tuple(stretches))


def off_grid(run: Run) -> Run:
    """The run for a video whose frames turn out not to come one a step."""
    whole = (run.stretches[0][0], run.stretches[-1][1])
    return replace(run, is_own_rate=False, stretches=(whole,))


def starting_earlier(run: Run, seconds: float) -> Run:
    """The run with the frame at `seconds`, long before it, as well."""
    step = 1 / run.rate
    first = (seconds - step, seconds + step)
    begin = _seekable(seconds - 1.5 * step)
    return replace(run, begin_seconds=begin, stretches=(first, *run.stretches))


def _seekable(seconds: float) -> float:
    """Near the start there is no seek, and no doubt about where it ended up."""
    return seconds if seconds > MERGE_SECONDS else 0.0


def split(ordered: Sequence[int], gap: float) -> list[Sequence[int]]:
    """Cut a sorted sequence where neighbours are more than `gap` apart.

    >>> split([1, 2, 4, 9], 2.0)
    [[1, 2, 4], [9]]
    """
    parts: list[list[int]] = []
    for index in ordered:
        if parts and index - parts[-1][-1] <= gap:
            parts[-1].append(index)
        else:
            parts.append([index])
    return [*parts]


def select_expression(run: Run, zero_seconds: float) -> str:
    """ffmpeg's select expression: the run's stretches, thinned to FRAMES_PER_STEP.

    `zero_seconds` is where the video's time axis begins on the file's clock. Only the first frame
    of each fraction of a step is taken, fractions being centred on the grid.
    """
    inside = "+".join(
        f"between(t,{begin + zero_seconds:.6f},{end + zero_seconds:.6f})"
        for begin, end in run.stretches
    )
    fractions = FRAMES_PER_STEP * run.rate
    fraction, previous = (
        f"floor(({clock}-{zero_seconds:.6f})*{fractions:.6f}+0.5)"
        for clock in ("t", "prev_selected_t")
    )
    return f"({inside})*(isnan(prev_selected_t)+gt({fraction},{previous}))"
