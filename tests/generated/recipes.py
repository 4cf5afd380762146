"""What a generated clip is: containers, codecs, rates, clocks, tracks and lies, drawn by a seed."""

import random
from dataclasses import dataclass, field
from fractions import Fraction

NTSC = (Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60000, 1001))
STANDARD = (*map(Fraction, (24, 25, 30, 50, 60)), *NTSC)
ANY_RATE = (*STANDARD, *map(Fraction, (5, 8, 10, 12, 15, 18, 20, 100)), Fraction(25, 2))

# Container: its video codecs, its sound codecs.
CONTAINERS = {
    "mp4": (("h264", "hevc", "mpeg4", "av1", "vp9"), ("aac", "mp3", "ac3", "alac")),
    "mov": (("h264", "prores", "mjpeg", "hevc"), ("aac", "pcm_s16le")),
    "fragmented.mp4": (("h264", "hevc"), ("aac",)),
    "mkv": (
        ("h264", "hevc", "vp8", "vp9", "mpeg2video", "mpeg4", "ffv1", "mjpeg", "av1"),
        ("aac", "opus", "vorbis", "flac", "ac3", "mp3", "pcm_s16le"),
    ),
    "live.mkv": (("h264", "vp8", "vp9"), ("aac", "opus")),
    "webm": (("vp8", "vp9", "av1"), ("opus", "vorbis")),
    "avi": (("mpeg4", "mjpeg", "msmpeg4v2", "huffyuv"), ("mp3", "pcm_s16le", "ac3", "mp2")),
    "flv": (("h264", "flv"), ("aac", "mp3")),
    "ts": (("h264", "hevc", "mpeg2video"), ("aac", "mp2", "ac3")),
    "m2ts": (("h264", "mpeg2video"), ("aac", "ac3")),
    "mpg": (("mpeg1video", "mpeg2video"), ("mp2",)),
    "vob": (("mpeg2video",), ("mp2", "ac3")),
    "wmv": (("wmv2", "wmv1"), ("wmav2",)),
    "ogg": (("vp8",), ("vorbis", "opus", "flac")),
    "mxf": (("mpeg2video",), ("pcm_s16le",)),
    "nut": (("h264", "mpeg4"), ("aac", "pcm_s16le")),
    "3gp": (("h264", "mpeg4"), ("aac",)),
    "h264": (("h264",), ()),
    "m2v": (("mpeg2video",), ()),
    "gif": (("gif",), ()),
}
JOINABLE = ("ts", "m2ts", "mpg", "vob")
# Where each frame may come at any time.
VARIABLE = ("mp4", "mov", "fragmented.mp4", "mkv", "live.mkv", "webm", "ts", "nut")
LATE_STREAMS = ("mp4", "mov", "mkv", "live.mkv", "webm", "ts", "m2ts", "flv")
SECOND_TRACKS = ("mp4", "mov", "mkv", "ts")
WITH_B_FRAMES = ("h264", "hevc", "mpeg2video", "mpeg1video", "mpeg4")
LIARS = ("mp4", "mov", "flv", "mkv", "avi")
CUTTABLE = ("mkv", "ts", "flv", "avi", "mpg", "fragmented.mp4", "webm")
SIZES = ((128, 72), (160, 120), (96, 96), (72, 128), (160, 80))


@dataclass(frozen=True)
class Recipe:
    """Seconds are of the video's own time, which begins with its first frame.

    `kept`: of so many frames these, over and over; the others are left out. `pause`: frames from
    the first second to the second one are left out. `parts`: where recordings follow each other,
    the seconds at which another begins, and where each part's clock starts. `late_video` and
    `late_sound`: seconds after the container's start. `says`: times the true duration in the
    header that lies. `cut_start`: copied from there on, by an edit list. `keeps`: share of the
    bytes that are left.
    """

    seed: int
    container: str
    video: str
    sound: str | None
    size: tuple[int, int]
    rate: Fraction
    seconds: float
    gop: int
    b_frames: int
    open_gop: bool = False
    kept: tuple[int, tuple[int, ...]] | None = None
    pause: tuple[float, float] | None = None
    parts: tuple[tuple[float, float], ...] = ()
    clock: float = 0.0
    late_video: float = 0.0
    late_sound: float = 0.0
    sound_seconds: float = 0.0
    channels: int = 1
    sample_rate: int = 48_000
    opposite: bool = False
    tracks: tuple[str, ...] = ()
    says: float | None = None
    cut_start: float = 0.0
    rotation: int = 0
    keeps: float = 1.0
    num_segments: int = 3
    every_seconds: float = field(default=1.0)


def draw(seed: int) -> Recipe:
    """The clip of a seed; the same always."""
    rng = random.Random(seed)
    container = rng.choice(list(CONTAINERS))
    videos, sounds = CONTAINERS[container]
    video = rng.choice(videos)
    sound = rng.choice((*sounds, *sounds, None))
    seconds = round(rng.uniform(2.0, 14.0), 2)
    rate = rng.choice(_rates(container, video))
    basic = {
        "seed": seed,
        "container": container,
        "video": video,
        "sound": sound,
        "size": rng.choice(SIZES),
        "rate": rate,
        "seconds": max(seconds, float(8 / rate)),
        "gop": rng.choice(
            (1, 3, 12, 25, 60) if container == "mxf" else (1, 3, 12, 25, 60, 250, 9999)
        ),
        "b_frames": rng.choice((0, 1, 2, 3)) if _may_reorder(container, video) else 0,
        "open_gop": rng.random() < 0.3,
        "num_segments": rng.choice((1, 2, 3, 5, 8)),
        "every_seconds": rng.choice((0.5, 1.0, 1.7, 4.0, 6.0)),
    }
    return Recipe(**basic, **_sound(rng, container, sound, seconds), **_trouble(rng, basic))


def _rates(container, video):
    if container == "gif":
        return tuple(map(Fraction, (5, 10, 20, 25)))  # Delays are hundredths of a second.
    if container == "mxf":
        return tuple(map(Fraction, (25, 50)))
    return STANDARD if video.startswith(("mpeg1", "mpeg2")) else ANY_RATE


def _may_reorder(container, video):
    return video in WITH_B_FRAMES and container not in ("avi", "h264", "3gp")


def _sound(rng, container, codec, seconds):
    if codec is None:
        return {}
    # MXF is written as long as its shortest stream.
    lengths = (1.0,) if container == "mxf" else (1.0, 1.0, 1.0, 1.0, 0.6, 1.3)
    channels = rng.choice((1, 1, 2, 2, 6)) if codec in ("aac", "ac3", "flac", "opus") else 2
    return {
        "channels": channels,
        "sample_rate": 44_100 if codec in ("aac", "mp3") and rng.random() < 0.4 else 48_000,
        "opposite": channels == 2 and rng.random() < 0.15,
        "sound_seconds": round(seconds * rng.choice(lengths), 2),
    }


def _trouble(rng, basic):
    """At most one or two of the things that go wrong in files of this kind."""
    kinds = [kind for kind in _KINDS if _is_possible(kind, basic)]
    chosen = rng.sample(kinds, min(len(kinds), rng.choice((0, 1, 1, 2))))
    trouble = {}
    for kind in chosen:
        trouble |= _KINDS[kind](rng, basic)
    if "parts" in trouble:  # The parts have clocks of their own.
        for other in ("late_video", "late_sound", "clock", "tracks", "pause", "keeps"):
            trouble.pop(other, None)
    return trouble


def _is_possible(kind, basic):
    container, sound = basic["container"], basic["sound"]
    return {
        "variable": container in VARIABLE,
        "pause": container in VARIABLE,
        "parts": container in JOINABLE,
        "clock": container in ("ts", "m2ts", "mpg", "mkv", "flv", "nut"),
        "late_video": container in LATE_STREAMS and sound,
        "late_sound": container in LATE_STREAMS and sound,
        "tracks": container in SECOND_TRACKS,
        "lie": container in LIARS,
        "cut_start": container in ("mp4", "mov") and basic["video"] != "vp9",
        "rotation": container in ("mp4", "mov"),
        "broken_off": container in CUTTABLE,
    }[kind]


def _parts(rng, basic):
    count = rng.choice((1, 1, 2, 3))
    cuts = sorted(round(rng.uniform(0.1, 0.9) * basic["seconds"], 2) for _ in range(count))
    clocks = [0.0, *(rng.choice((0.0, 0.0, 30.0, 1000.0, 90_000.0)) for _ in cuts)]
    return {"parts": tuple(zip([0.0, *cuts], clocks, strict=True))}


def _tracks(rng, basic):
    choices = ["still", "other_sound"] if basic["container"] != "ts" else ["programme"]
    return {"tracks": (rng.choice(choices),)}


def _kept(rng, basic):
    period = rng.choice((2, 3, 5, 7))
    kept = sorted([*rng.sample(range(period), rng.randint(1, period - 1)), 0])
    return {"kept": (period, tuple(dict.fromkeys(kept)))}


def _pause(rng, basic):
    seconds = basic["seconds"]
    begin = round(rng.uniform(0.2, 0.5) * seconds, 2)
    return {"pause": (begin, round(begin + rng.uniform(0.1, 0.4) * seconds, 2))}


_KINDS = {
    "variable": _kept,
    "pause": _pause,
    "parts": _parts,
    "clock": lambda rng, basic: {"clock": rng.choice((0.4, 7.0, 3600.0, 90_000.0))},
    "late_video": lambda rng, basic: {"late_video": rng.choice((0.05, 0.5, 3.0, 9.0))},
    "late_sound": lambda rng, basic: {"late_sound": rng.choice((0.05, 0.5, 3.0))},
    "tracks": _tracks,
    "lie": lambda rng, basic: {"says": rng.choice((0.0, 0.05, 0.4, 3.0, 40.0))},
    "cut_start": lambda rng, basic: {"cut_start": round(rng.uniform(0.1, 0.5), 2)},
    "rotation": lambda rng, basic: {"rotation": rng.choice((90, 180, 270))},
    "broken_off": lambda rng, basic: {"keeps": rng.uniform(0.3, 0.95)},
}
