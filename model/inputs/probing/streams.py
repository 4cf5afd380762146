"""Reading ffprobe's description of streams: which to use, and what it says of them."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import Any

from model.common.errors import NoVideoStreamError, UnsupportedCodecError
from model.inputs.ffmpeg.allowlist import UNHEARD_CODECS

DEFAULT_FRAME_RATE = 25.0
# Average and base rate of a constant-rate stream differ by rounding only.
RATE_TOLERANCE = 0.01
# Of the longest video stream: one that lasts less is a picture, not the video.
STILL_SHARE = 0.1
MAX_PIXEL_ASPECT = 4.0
# Transfer characteristics of more brightness than a usual screen has: PQ and HLG.
HDR_TRANSFERS = ("smpte2084", "arib-std-b67")
# Without an average, a base rate above this is the tick of the file's clock, as in WebM.
MAX_PLAUSIBLE_RATE = 240.0
# The base rate of a raw stream of these is that of fields; MPEG-1's is in containers too.
COUNTS_FIELDS = ("h264", "mpeg1video")
_CLOCK = re.compile(r"(\d+):(\d+):(\d+(?:\.\d+)?)")
_ALPHA_FORMAT = re.compile(r"yuva|rgba|bgra|argb|abgr|gbrap|ya(?:8|16|f)")

Stream = dict[str, Any]


def video_stream(streams: list[Stream]) -> Stream:
    """The stream that moves, among those the default one, or the one with the largest frames."""
    videos = [
        stream
        for stream in streams
        if stream.get("codec_type") == "video"
        and not stream.get("disposition", {}).get("attached_pic")
    ]
    if not videos:
        raise NoVideoStreamError(f"the file has no video stream, only: {_kinds(streams)}")
    known = [stream for stream in videos if _is_known(stream)]
    if not known:
        tag = videos[0].get("codec_tag_string", "?")
        raise UnsupportedCodecError(f"the video codec {tag!r} is not supported")
    longest = max(_seconds(stream) for stream in known)
    return max(
        known,
        key=lambda stream: (
            not _is_still(stream, longest),
            _is_default(stream),
            math.prod(coded_size(stream)),
        ),
    )


def _is_still(stream: Stream, longest: float) -> bool:
    """A thumbnail or a photograph beside the video: marked so, of a single frame, or of a moment
    where another stream lasts."""
    disposition, tags = stream.get("disposition", {}), stream.get("tags", {})
    if disposition.get("still_image") or disposition.get("timed_thumbnails"):
        return True
    frames = number(stream.get("nb_frames")) or number(tags.get("NUMBER_OF_FRAMES"))
    return frames == 1 or 0 < _seconds(stream) < STILL_SHARE * longest


def _seconds(stream: Stream) -> float:
    """The least that is said: Matroska's stream gets its container's duration, beside its own."""
    said = (number(stream.get("duration")), tagged_duration(stream))
    return min((seconds for seconds in said if seconds), default=0.0)


def _is_known(stream: Stream) -> bool:
    return str(stream.get("codec_name", "unknown")) != "unknown"


def _is_default(stream: Stream) -> bool:
    return bool(stream.get("disposition", {}).get("default"))


def coded_size(video: Stream) -> tuple[int, int]:
    return int(video.get("width") or 0), int(video.get("height") or 0)


def _kinds(streams: list[Stream]) -> str:
    kinds = {str(stream.get("codec_type", "unknown")) for stream in streams}
    # A video stream that does not count is the picture on a record's cover.
    return ", ".join(sorted({"cover picture" if k == "video" else k for k in kinds})) or "nothing"


def audio_stream(
    streams: list[Stream], video: Stream, programs: list[dict[str, Any]]
) -> Stream | None:
    """The default stream that has sound, or the first, of the video's own programme."""
    audible = [
        stream
        for stream in streams
        if stream.get("codec_type") == "audio"
        and _is_known(stream)
        and stream["codec_name"] not in UNHEARD_CODECS
        and int(stream.get("channels") or 0) > 0
    ]
    own = _of_same_program(video, programs)
    audible = [one for one in audible if not own or one.get("index") in own]
    return max(audible, key=_is_default, default=None)


def unheard_codec(streams: list[Stream]) -> str | None:
    """What a file's sound is coded by; None where it has none."""
    sounds = [stream for stream in streams if stream.get("codec_type") == "audio"]
    if not sounds:
        return None
    return str(sounds[0].get("codec_name") or sounds[0].get("codec_tag_string", "unknown"))


def _of_same_program(video: Stream, programs: list[dict[str, Any]]) -> set[int]:
    """Indices of the streams of a transport stream's programme; none where there is none."""
    for program in programs:
        indices = {stream["index"] for stream in program.get("streams", [])}
        if video.get("index") in indices:
            return indices
    return set()


def has_alpha(video: Stream) -> bool:
    """Whether parts of the frames may be transparent. Of raw frames the fourth channel is often
    there without being meant."""
    tags = {key.lower(): value for key, value in video.get("tags", {}).items()}
    formatted = bool(_ALPHA_FORMAT.match(str(video.get("pix_fmt", ""))))
    return tags.get("alpha_mode") == "1" or (formatted and video.get("codec_name") != "rawvideo")


def pixel_aspect(video: Stream) -> float:
    """How much wider than high a pixel is on a screen; 1 where that is not said or absurd."""
    width, _, height = str(video.get("sample_aspect_ratio", "")).partition(":")
    aspect = _fraction(f"{width}/{height}") if width and height else None
    plausible = aspect is not None and 1 / MAX_PIXEL_ASPECT <= aspect <= MAX_PIXEL_ASPECT
    return aspect if aspect is not None and plausible else 1.0


def tagged_duration(video: Stream) -> float | None:
    """Matroska's note, as in 00:01:02.500000000: when the stream ends on the file's own clock.

    The container's duration is that of its longest stream, which may be the sound.
    """
    match = _CLOCK.fullmatch(video.get("tags", {}).get("DURATION", ""))
    if match is None:
        return None
    hours, minutes, seconds = (float(part) for part in match.groups())
    end = 3600 * hours + 60 * minutes + seconds
    return end - max(0.0, number(video.get("start_time")) or 0.0)


def _rates(video: Stream) -> tuple[float | None, float | None]:
    """Average and base rate. Of a raw stream the average is a guess, see `COUNTS_FIELDS`."""
    average, base = _fraction(video.get("avg_frame_rate")), _fraction(video.get("r_frame_rate"))
    if average and base and average > MAX_PLAUSIBLE_RATE >= base:
        average = base  # Raw DV: the average counts the clock's ticks.
    is_raw = all(number(video.get(name)) is None for name in ("start_time", "duration"))
    is_doubled = average and base and abs(2 * average / base - 1) < RATE_TOLERANCE
    codec = video.get("codec_name")
    if base and ((codec in COUNTS_FIELDS and is_raw) or (codec == "mpeg1video" and is_doubled)):
        base /= 2
    if base and base <= MAX_PLAUSIBLE_RATE and is_raw:
        average = base
    return average, base


def has_constant_rate(video: Stream) -> bool:
    average, base = _rates(video)
    return bool(average and base and abs(average / base - 1) < RATE_TOLERANCE)


def frame_rate(video: Stream) -> float:
    """Of a constant rate the base is exact, where the average suffers from a late first frame."""
    average, base = _rates(video)
    if has_constant_rate(video):
        return base or DEFAULT_FRAME_RATE
    plausible = base if base is not None and base <= MAX_PLAUSIBLE_RATE else None
    return average or plausible or DEFAULT_FRAME_RATE


def rotation_degrees(video: Stream) -> int:
    """Clockwise, from the display matrix, which is what ffmpeg heeds.

    It counts counter-clockwise, and turns by other angles without changing the frame's size,
    which is no rotation here.
    """
    counter = [d["rotation"] for d in video.get("side_data_list", []) if "rotation" in d]
    degrees = -float(counter[0]) if counter else 0.0
    quarters = round(degrees / 90)
    return quarters * 90 % 360 if abs(degrees - quarters * 90) < 1 else 0


def _fraction(text: str | None) -> float | None:
    try:
        value = float(Fraction(text or "0"))
    except (ValueError, ZeroDivisionError):
        return None
    return value if value > 0 else None


def number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None
