"""The frames of all segments, also where a file is shorter than it says."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from model.common.errors import AnswerWarning
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.error_messages import explain, no_frame_error
from model.inputs.ffmpeg.sandbox import Deadlines
from model.inputs.frames.early_frames import NOTHING, Awaited
from model.inputs.frames.frame import Frame
from model.inputs.frames.frame_decoder import Decoded, decode_frames
from model.inputs.placement.runs import plan_runs
from model.inputs.placement.sampling import NetworksInUse, needed_offsets
from model.inputs.placement.segments import Plan
from model.inputs.probing.packets import stream_end
from model.inputs.probing.times import slack_seconds
from model.inputs.probing.video_info import VideoInfo

# A plan, the number of one of its segments, and its frames by grid index.
OnSegment = Callable[[Plan, int, Mapping[int, Frame]], None]

# Rounding, and a last frame of which nobody says how long it lasts, explain this much.


@dataclass(frozen=True, slots=True)
class SegmentFrames:
    """`frames` has every grid index that a network may ask for; `info` and `plan` are those of
    the video as it really is."""

    info: VideoInfo
    plan: Plan
    frames: Mapping[int, Frame]
    warnings: tuple[AnswerWarning, ...]


def decode_segment_frames(
    path: Path,
    info: VideoInfo,
    networks: NetworksInUse,
    plan_for: Callable[[VideoInfo], Plan],
    *,
    limits: DecodeLimits,
    deadlines: Deadlines,
    on_segment: OnSegment | None = None,
) -> SegmentFrames:
    """Decode the frames that `networks` see of the segments; where many are
    missing, plan again over what there is.

    `on_segment` is told of segments while others are being decoded; what it is told is a guess,
    see `EarlyFrames`, and comes from the threads that decode.

    Raises UndecodableVideoError or UnsupportedCodecError when there is no frame at all.
    """
    offsets = needed_offsets(networks)

    def attempt(info: VideoInfo) -> tuple[Plan, list[int], Decoded]:
        plan = plan_for(info)
        # Frame 0 as well: a single frame may claim to last, and then is all there is. And where
        # no network looks, the last: whether the video is as long as it says.
        indices = {s.first_frame + offset for s in plan.segments for offset in offsets} | {0}
        indices |= set() if offsets else {plan.last_frame}
        wanted = sorted({min(index, plan.last_frame) for index in indices})
        runs = plan_runs(wanted, plan, info)
        awaited = _awaited(plan, offsets, on_segment) if on_segment else NOTHING
        decoded = decode_frames(
            path,
            info,
            networks.spec.inputs.short_side,
            runs,
            limits=limits,
            deadlines=deadlines,
            awaited=awaited,
        )
        return plan, wanted, decoded

    plan, wanted, decoded = attempt(info)
    warnings = []
    until = wanted[-1] / plan.rate
    end = _true_end(path, info, until, decoded, limits=limits, deadlines=deadlines)
    if end is not None:
        info = replace(info, duration_seconds=round(end, 6))
        warnings.append(truncated(info))
        plan, wanted, decoded = attempt(info)
    if not decoded.frames:
        raise no_frame_error(decoded.messages, path, limits)
    missing = [index for index in wanted if index not in decoded.frames]
    if decoded.messages or missing:
        warnings.append(decode_errors(decoded.messages, path, len(missing), len(wanted)))
    indices = sorted({s.first_frame + offset for s in plan.segments for offset in offsets})
    return SegmentFrames(info, plan, fill(indices, decoded.frames), tuple(warnings))


def _awaited(plan: Plan, offsets: Sequence[int], on_segment: OnSegment) -> Awaited:
    indices = {
        segment.index: [segment.first_frame + offset for offset in offsets]
        for segment in plan.segments
    }
    last = plan.last_frame
    shown = {number: sorted({min(i, last) for i in of_it}) for number, of_it in indices.items()}

    def tell(number: int, frames: Mapping[int, Frame]) -> None:
        on_segment(plan, number, fill(indices[number], frames))

    return Awaited(shown, tell)


def fill(indices: Sequence[int], frames: Mapping[int, Frame]) -> dict[int, Frame]:
    """Every one of the sorted `indices`; a missing one shows the last frame before it, or, before
    any, the first of all. Past the end a video stands still.

    >>> sorted(fill([1, 2, 5], {2: "b", 4: "d"}).items())
    [(1, 'b'), (2, 'b'), (5, 'd')]
    """
    there = sorted(frames)
    return {index: frames[there[max(0, bisect_right(there, index) - 1)]] for index in indices}


def _true_end(
    path: Path,
    info: VideoInfo,
    until: float,
    decoded: Decoded,
    *,
    limits: DecodeLimits,
    deadlines: Deadlines,
) -> float | None:
    """Seconds after which there is nothing, where that is earlier than the file says; else None.

    A last frame that came long before the last wanted one is due may just be on display for long.
    The packets tell; where they go on and cannot be decoded, the frames do.
    """
    last, slack = decoded.last_seconds, slack_seconds(info.duration_seconds, info.frame_rate)
    if last is not None and until - last <= slack:
        return None
    end = stream_end(path, info, last or 0.0, limits=limits, deadlines=deadlines)
    if end is not None and end.end < info.duration_seconds - slack:
        return end.end
    if last is None or (end is not None and end.last_frame <= last + slack):
        return None
    return last + 1 / info.frame_rate


def decode_errors(messages: str, path: Path, missing: int, wanted: int) -> AnswerWarning:
    detail = f"decoding met errors: {explain(messages, path)}" if messages else ""
    if missing:
        detail = f"{missing} of {wanted} frames could not be decoded; {detail}".removesuffix("; ")
    return AnswerWarning("decode_errors", detail)


def truncated(info: VideoInfo) -> AnswerWarning:
    detail = f"the video ends earlier than it says, after {info.duration_seconds:.3f} s"
    return AnswerWarning("truncated", detail)
