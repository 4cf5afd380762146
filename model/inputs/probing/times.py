"""How long a video lasts and where it starts: what headers say, checked on the packets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.sandbox import Deadlines
from model.inputs.probing.packets import (
    LEADS_SECONDS,
    Packet,
    end_of,
    first_start,
    packets_from,
    scan_duration,
)
from model.inputs.probing.streams import Stream, frame_rate, number, tagged_duration

# Containers whose headers are often wrong about how long the video lasts.
UNRELIABLE = ("flv", "matroska,webm", "avi")
# ffprobe gives each of their streams the duration of the longest, or of what has times.
SHARED = ("nut", "asf", "mpeg")
# Their header's start may be before the first frame's.
UNTRUE_STARTS = ("nut",)
SLACK_SECONDS, SLACK_SHARE, SLACK_FRAMES = 1.0, 0.1, 2


@dataclass(frozen=True, slots=True)
class StreamTimes:
    """Seconds: how long the stream lasts, and where it starts, on the file's own clock (`start`)
    and after the container does (`offset`); `claimed` is what the file says it lasts. `is_timed`:
    its packets have times."""

    duration: float
    start: float
    offset: float
    claimed: float
    is_timed: bool


def slack_seconds(duration: float, rate: float) -> float:
    """By how much a claim of `duration` seconds may be off without a word: a tenth of a short
    video, two frames, a second at most."""
    return min(SLACK_SECONDS, max(SLACK_SHARE * duration, SLACK_FRAMES / rate))


def stream_times(
    path: Path, video: Stream, container: Stream, *, limits: DecodeLimits, deadlines: Deadlines
) -> StreamTimes:
    """Of the stream `video`. Raises UndecodableVideoError where nothing is claimed and there is no
    packet, and what the sandbox raises."""
    whole_start = number(container.get("start_time")) or 0.0
    index = int(video["index"])
    first = number(video.get("start_time"))
    is_raw = first is None and number(container.get("duration")) is None
    if (first is None or container.get("format_name") in UNTRUE_STARTS) and not is_raw:
        # Of a raw stream, which claims no duration either, the times of packets are made up.
        first = first_start(path, index, limits=limits, deadlines=deadlines)
    start = whole_start if first is None else first
    offset = max(0.0, start - whole_start)
    whole = number(container.get("duration")) or 0.0
    duration = number(video.get("duration")) or tagged_duration(video) or whole - offset
    is_claimed = 0 < duration <= limits.max_duration_seconds
    if not is_claimed:
        duration = scan_duration(path, index, frame_rate(video), limits=limits, deadlines=deadlines)
    claimed = duration
    if is_claimed and _is_doubtful(video, container, duration):
        is_shared = not _has_own(video, container)
        checked = _Check(path, video, start, claimed, is_shared, limits, deadlines)
        duration, claimed = checked.duration, checked.claimed
    return StreamTimes(duration, start, offset, claimed, first is not None)


def _has_own(video: Stream, container: Stream) -> bool:
    """Whether the duration is the stream's, and not the whole file's, that of its longest."""
    is_shared = container.get("format_name") in SHARED
    return bool(tagged_duration(video) or (number(video.get("duration")) and not is_shared))


def _is_doubtful(video: Stream, container: Stream, duration: float) -> bool:
    """Where headers are often written by hand or before the end is known; where only the whole
    file's duration is known; and where the number of frames says otherwise."""
    frames = number(video.get("nb_frames"))
    lasts_longer = frames is not None and frames / frame_rate(video) > duration + SLACK_SECONDS
    has_clock = number(container.get("duration")) is not None
    is_unreliable = container.get("format_name") in UNRELIABLE
    return lasts_longer or is_unreliable or (has_clock and not _has_own(video, container))


class _Check:
    """`duration` and `claimed` after a look at the packets at the end that the file claims.

    A claim of the stream's own is only ever too little: its last frame may be shown for long.
    """

    def __init__(
        self,
        path: Path,
        video: Stream,
        start: float,
        claimed: float,
        is_shared: bool,
        limits: DecodeLimits,
        deadlines: Deadlines,
    ) -> None:
        self._path, self._limits, self._deadlines = path, limits, deadlines
        self._index, self._rate, self._start = int(video["index"]), frame_rate(video), start
        self.duration = self.claimed = claimed
        packets = self._last_packets()
        own = [packet for packet in packets if packet.stream == self._index]
        if not own:
            return
        end, slack = end_of(own, self._rate) - start, slack_seconds(claimed, self._rate)
        allowed = SLACK_FRAMES / self._rate if is_shared else slack
        if end <= claimed + allowed and not (is_shared and end < claimed - allowed):
            return
        self.duration = end
        if end < claimed and end_of(packets, self._rate) - start >= claimed - slack:
            self.claimed = end  # It was the sound that lasts so long.

    def _last_packets(self) -> list[Packet]:
        """Those with a time, of all streams, this one's last among them."""
        for lead in (0.0, *LEADS_SECONDS):
            begin = None if lead is None else self._start + self.claimed - lead
            packets = packets_from(
                self._path, None, begin, limits=self._limits, deadlines=self._deadlines
            )
            timed = [packet for packet in packets if packet.time is not None]
            if any(packet.stream == self._index for packet in timed):
                return timed
        return []
