"""The pictures of all segments, also where a file is shorter than it says."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from model.answer_warning import AnswerWarning
from model.inputs.cage import Patience
from model.inputs.complaints import explain, no_frame_error
from model.inputs.frames import Decoded, Frame, decode_frames
from model.inputs.limits import DecodeLimits
from model.inputs.packets import scan_duration
from model.inputs.sampling import needed_offsets
from model.inputs.segments import Plan
from model.inputs.video import VideoInfo
from model.spec import ModelSpec


@dataclass(frozen=True, slots=True)
class Pictures:
    """`frames` has every grid index that a network may ask for; `info` and `plan` are those of
    the video as it really is."""

    info: VideoInfo
    plan: Plan
    frames: Mapping[int, Frame]
    warnings: tuple[AnswerWarning, ...]


def decode_pictures(
    path: Path,
    info: VideoInfo,
    spec: ModelSpec,
    plan_for: Callable[[VideoInfo], Plan],
    *,
    limits: DecodeLimits,
    patience: Patience,
) -> Pictures:
    """Decode the segments' frames; where many are missing, plan again over what there is.

    Raises UndecodableVideoError or UnsupportedCodecError when there is no frame at all.
    """
    offsets = needed_offsets(spec)

    def attempt(info: VideoInfo) -> tuple[Plan, list[int], Decoded]:
        plan = plan_for(info)
        # Frame 0 as well: a single frame may claim to last, and then is all there is.
        indices = {s.first_frame + offset for s in plan.segments for offset in offsets} | {0}
        wanted = sorted({min(index, plan.last_frame) for index in indices})
        decoded = decode_frames(
            path, info, spec.inputs, wanted, plan.rate, limits=limits, patience=patience
        )
        return plan, wanted, decoded

    plan, wanted, decoded = attempt(info)
    warnings = []
    if _ends_early(plan, wanted, decoded):
        info = _as_it_is(path, info, plan, decoded, limits, patience)
        warnings.append(_truncated(info))
        plan, wanted, decoded = attempt(info)
    if not decoded.frames:
        raise no_frame_error(decoded.complaints, path)
    if decoded.complaints:
        detail = f"decoding met errors: {explain(decoded.complaints, path)}"
        warnings.append(AnswerWarning("decode_errors", detail))
    indices = sorted({s.first_frame + offset for s in plan.segments for offset in offsets})
    return Pictures(info, plan, fill(indices, decoded.frames), tuple(warnings))


def fill(indices: Sequence[int], frames: Mapping[int, Frame]) -> dict[int, Frame]:
    """Every one of the sorted `indices`; a missing one shows the last frame before it, or, before
    any, the first of all. Past the end a video stands still.

    >>> sorted(fill([1, 2, 5], {2: "b", 4: "d"}).items())
    [(1, 'b'), (2, 'b'), (5, 'd')]
    """
    there = sorted(frames)
    return {index: frames[there[max(0, bisect_right(there, index) - 1)]] for index in indices}


def _ends_early(plan: Plan, wanted: list[int], decoded: Decoded) -> bool:
    """Whether frames are missing by more than what rounding at the end explains (a second)."""
    missing = [index for index in wanted if index not in decoded.frames]
    return any(index < plan.last_frame - plan.rate for index in missing)


def _as_it_is(
    path: Path,
    info: VideoInfo,
    plan: Plan,
    decoded: Decoded,
    limits: DecodeLimits,
    patience: Patience,
) -> VideoInfo:
    """`info` with the duration that the packets, and failing those the frames, tell."""
    scanned = scan_duration(
        path, info.video_index, info.frame_rate, limits=limits, patience=patience
    )
    if scanned > 0.9 * info.duration_seconds:
        # The packets are there but not decodable: only the frames tell where it ends.
        scanned = (max(decoded.frames, default=0) + 1) / plan.rate
    return replace(info, duration_seconds=round(scanned, 6))


def _truncated(info: VideoInfo) -> AnswerWarning:
    detail = f"the video ends earlier than it says, after {info.duration_seconds:.3f} s"
    return AnswerWarning("truncated", detail)
