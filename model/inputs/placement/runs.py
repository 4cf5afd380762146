"""Which stretches of a video to decode for the grid indices that are wanted. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from model.inputs.placement.segments import Plan
from model.inputs.probing.video_info import VideoInfo

# Between two windows closer than this, decoding on is cheaper than another process and seek. Off
# the video's own grid less is worth it: all frames in between are kept until it is known which of
# them are shown.
MERGE_SECONDS = 3.0
MERGE_SECONDS_OFF_GRID = 1.0
# Longer runs are cut at the next gap: it bounds what is kept, and two processes share the work.
MAX_RUN_SECONDS = 10.0
# Off the grid, the frame on display at a run's start usually came this many frames before at most.
LEAD_FRAMES = 1.5
MAX_LEAD_SECONDS = 2.0
# A seek goes by decoding time, which is before the time of presentation.
KEY_MARGIN_SECONDS = 0.5
# Of faster videos no more than this many frames a grid step are looked at.
FRAMES_PER_STEP = 2
# On the video's own grid frames lie at most half a step beside it; the rest is for rounding.
MARGIN_STEPS = 0.6
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


def plan_runs(wanted: Sequence[int], plan: Plan, info: VideoInfo) -> list[Run]:
    """Group grid indices into runs."""
    if not info.seekable:
        return [_run(sorted(set(wanted)), plan, info)]
    gap = MERGE_SECONDS if plan.is_own_rate else MERGE_SECONDS_OFF_GRID
    longest = round(MAX_RUN_SECONDS * plan.rate)
    groups = split(sorted(set(wanted)), gap * plan.rate, longest=longest)
    return [_run(indices, plan, info) for indices in groups]


def _run(wanted: Sequence[int], plan: Plan, info: VideoInfo) -> Run:
    """Off the video's own grid an index may show any frame before it, so nothing in between is left
    out."""
    rate, whole = plan.rate, info.seekable and not plan.is_own_rate
    spans = [wanted] if whole else split(wanted, CONSECUTIVE)
    lead = 0.0 if plan.is_own_rate else min(LEAD_FRAMES / info.frame_rate, MAX_LEAD_SECONDS)
    stretches = [_stretch(span, plan, lead) for span in spans]
    begin = _seekable((wanted[0] - 1.5) / rate - lead) if info.seekable else 0.0
    return Run(tuple(wanted), rate, plan.is_own_rate, begin, tuple(stretches))


def _stretch(span: Sequence[int], plan: Plan, lead: float) -> tuple[float, float]:
    """Half a step more on each side, and a little, allows for frames that lie beside the grid. At
    the end of the video a whole step, as it may end a frame sooner than it says; and off the grid.
    """
    is_last = span[-1] >= plan.last_frame - 1
    beside = MARGIN_STEPS if plan.is_own_rate and not is_last else 1.0
    return (span[0] - beside) / plan.rate - lead, (span[-1] + beside) / plan.rate


def off_grid(run: Run) -> Run:
    """The run for a video whose frames turn out not to come one a step."""
    whole = (run.stretches[0][0], run.stretches[-1][1])
    return replace(run, is_own_rate=False, stretches=(whole,))


def starting_earlier(run: Run, seconds: float, key_seconds: float) -> Run:
    """The run with the frame on display at its start, which came at `seconds`, and decoding from
    that frame's key frame on. When that is long before, frames do not come one a step."""
    step = 1 / run.rate
    whole = off_grid(run).stretches
    begin = min(run.begin_seconds, _seekable(key_seconds - KEY_MARGIN_SECONDS))
    one_a_step = run.is_own_rate and seconds >= (run.wanted[0] - 1.5) * step
    shown = (seconds - step, seconds + step)
    return replace(run, is_own_rate=one_a_step, begin_seconds=begin, stretches=(shown, *whole))


def _seekable(seconds: float) -> float:
    """Near the start there is no seek, and no doubt about where it ended up."""
    return seconds if seconds > MERGE_SECONDS else 0.0


def split(ordered: Sequence[int], gap: float, *, longest: int | None = None) -> list[Sequence[int]]:
    """Cut a sorted sequence where neighbours are more than `gap` apart, or, once a part spans more
    than `longest`, more than CONSECUTIVE.

    >>> split([1, 2, 4, 9], 2)
    [[1, 2, 4], [9]]
    >>> split([1, 2, 6, 10, 11, 12, 13], 5, longest=8)
    [[1, 2, 6, 10, 11, 12, 13]]
    >>> split([1, 2, 6, 10, 14, 15], 5, longest=8)
    [[1, 2, 6, 10], [14, 15]]
    """
    parts: list[list[int]] = []
    for index in ordered:
        allowed = gap
        if parts and longest is not None and parts[-1][-1] - parts[-1][0] > longest:
            allowed = CONSECUTIVE
        if parts and index - parts[-1][-1] <= allowed:
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
