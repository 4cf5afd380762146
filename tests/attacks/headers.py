"""Headers that claim what cannot be: years, thousands of tracks, times without a base."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from tests.attacks.attack import HONEST, Attack, Workshop
from tests.attacks.avi import Reel, avi
from tests.attacks.matroska import Film, element, matroska, text, video_track
from tests.attacks.mp4 import Movie, Track, box, full_box, mp4

YEARS = 3 * 365 * 86_400
CLAIMS = (*HONEST, "video_too_long", "decode_timeout")

MOVIES = {
    "years in mvhd": Movie(duration=YEARS * 1000),
    "years in mvhd and mdhd": Movie(duration=YEARS * 1000, tracks=[Track(duration=YEARS * 25)]),
    "the largest durations": Movie(duration=2**64 - 1, tracks=[Track(duration=2**64 - 1)]),
    "negative durations": Movie(duration=2**63, tracks=[Track(duration=2**63)]),
    "no time base of the movie": Movie(timescale=0),
    "no time base of the track": Movie(tracks=[Track(timescale=0)]),
    "no time bases": Movie(timescale=0, tracks=[Track(timescale=0)]),
    "negative time bases": Movie(timescale=2**32 - 1, tracks=[Track(timescale=2**32 - 1)]),
    "an edit of years": Movie(tracks=[Track(edits=[(YEARS * 1000, 0)])]),
    "a gap of years before it": Movie(tracks=[Track(edits=[(YEARS * 1000, -1), (400, 0)])]),
    "an edit from the largest time": Movie(tracks=[Track(edits=[(400, 2**63 - 1)])]),
    "an edit from the smallest time": Movie(tracks=[Track(edits=[(400, -(2**63))])]),
    "a negative edit": Movie(tracks=[Track(edits=[(-400, 0)])]),
    "20,000 edits": Movie(tracks=[Track(edits=[(1, 0)] * 20_000)]),
    "300,000 edits": Movie(tracks=[Track(edits=[(1, 0)] * 300_000)]),
    "frames of no time": Movie(tracks=[Track(times=[(10, 0)])]),
    "frames of negative time": Movie(tracks=[Track(times=[(10, -1)])]),
    "frames of years": Movie(tracks=[Track(times=[(10, 2**31 - 1)])]),
    "times that wrap": Movie(tracks=[Track(timescale=1, times=[(5, 2**32 - 1), (5, 2**31)])]),
    "shown long before": Movie(tracks=[Track(offsets=[(5, -(2**31)), (5, 2**31 - 1)])]),
    "2^32 - 1 frames in stts": Movie(tracks=[Track(times=[(2**32 - 1, 1)])]),
    "100,000 steps in stts": Movie(tracks=[Track(times=[(1, n % 7) for n in range(100_000)])]),
}
FILMS = {
    "years": Film(duration=YEARS * 25.0),
    "an infinite duration": Film(duration=math.inf),
    "no number for a duration": Film(duration=math.nan),
    "a duration of 1e300": Film(duration=1e300),
    "a negative duration": Film(duration=-1.0),
    "no time base": Film(timescale=0),
    "the largest time base": Film(timescale=2**63),
    "the largest time of a cluster": Film(clusters=[2**63 - 1]),
    "times that wrap": Film(clusters=[2**63 - 5, 0]),
    "negative times": Film(clusters=[2**64 - 100]),
    "times that go back": Film(clusters=[10**6, 0, 10**6]),
    "a leap of years": Film(clusters=[0, YEARS * 25]),
    "frames of no time": Film(default_duration=0),
    "frames of the largest time": Film(default_duration=2**64 - 1),
}
REELS = {
    "years": Reel(length=2**32 - 1),
    "no rate": Reel(rate=0),
    "no scale": Reel(scale=0),
    "neither": Reel(scale=0, rate=0, micros=0),
    "the largest scale": Reel(scale=2**32 - 1, rate=1),
    "the largest rate": Reel(scale=1, rate=2**32 - 1),
    "a start in years": Reel(start=2**32 - 1),
    "no frames": Reel(length=0),
}
RATES = ("0:0", "0:1", "1:0", "-25:1", "2147483647:1", "1:2147483647", "99999999999999999999:1")
_LONG_FILMS = ("a duration of 1e300", "times that go back", "frames of no time")


def header_attacks() -> Iterator[Attack]:
    for name, movie in MOVIES.items():
        make, is_long = partial(_movie, movie), name == "300,000 edits"
        yield Attack(f"MP4 with {name}", make, CLAIMS, is_long=is_long)
    for name, film in FILMS.items():
        is_long = name in _LONG_FILMS
        yield Attack(f"Matroska with {name}", partial(_film, film), CLAIMS, is_long=is_long)
    for name, reel in REELS.items():
        is_long = name in ("no scale", "neither")
        yield Attack(f"AVI with {name}", partial(_reel, reel), CLAIMS, is_long=is_long)
    for rate in RATES:
        is_long = rate not in ("0:0", "-25:1")
        yield Attack(f"Y4M of rate {rate}", partial(_y4m, rate), CLAIMS, is_long=is_long)
    for times in ((0, 0), (0, 1), (1, 0), (2**32 - 1, 1), (1, 2**32 - 1)):
        yield Attack(f"IVF of time base {times}", partial(_ivf, times), CLAIMS, is_long=True)
    yield Attack("FLV of years", _flv, CLAIMS)
    yield Attack("transport stream whose clock wraps", _wrapping_ts, CLAIMS)
    yield from _crowds()
    yield from _depths()


def _crowds() -> Iterator[Attack]:
    for count, is_long in ((900, False), (5_000, False), (50_000, True)):
        name = f"{count:,} tracks"
        yield Attack(f"MP4 of {name}", partial(_many_tracks, count), CLAIMS, is_long=is_long)
        yield Attack(f"Matroska of {name}", partial(_many_in_film, count), CLAIMS, is_long=is_long)
        yield Attack(f"AVI of {name}", partial(_many_in_reel, count), CLAIMS, is_long=is_long)


def _depths() -> Iterator[Attack]:
    for depth, is_long in ((1_000, True), (100_000, False)):
        name = f"nested {depth:,} deep"
        for box_name in (b"moov", b"udta", b"meta", b"trak"):
            told = f"MP4 of {box_name.decode()} {name}"
            make = partial(_nested_boxes, box_name, depth)
            yield Attack(told, make, CLAIMS, is_long=is_long or box_name in (b"meta", b"trak"))
        yield Attack(f"Matroska of tags {name}", partial(_nested_tags, depth), is_long=is_long)
        yield Attack(f"Matroska of chapters {name}", partial(_nested_chapters, depth), is_long=True)
        yield Attack(f"AVI of lists {name}", partial(_nested_lists, depth), is_long=is_long)


def _movie(movie: Movie, shop: Workshop) -> bytes:
    return mp4(shop.jpeg, movie)


def _film(film: Film, shop: Workshop) -> bytes:
    return matroska(shop.jpeg, film)


def _reel(reel: Reel, shop: Workshop) -> bytes:
    return avi([shop.jpeg] * 10, reel)


def _y4m(rate: str, shop: Workshop) -> bytes:
    head = f"YUV4MPEG2 W64 H64 F{rate} Ip C420\n".encode()
    return head + (b"FRAME\n" + bytes(6144)) * 10


def _ivf(times: tuple[int, int], shop: Workshop) -> bytes:
    content = shop.black("small.ivf", "64x64", "-c:v", "libvpx", "-frames:v", "1")
    return content[:16] + struct.pack("<II", *times) + content[24:]


def _flv(shop: Workshop) -> bytes:
    """By its metadata, and by the time of its last frame."""
    content = shop.black("small.flv", "64x64", "-c:v", "flv")
    place = content.index(b"duration") + 9
    content = content[:place] + struct.pack(">d", 1e12) + content[place + 8 :]
    last = content.rindex(b"\x09\0")
    return content[: last + 4] + b"\xff\xff\xff\xff" + content[last + 8 :]


def _wrapping_ts(shop: Workshop) -> bytes:
    """The 33 bits of its clock end after half a second."""
    offset = str((2**33 - 45_000) / 90_000)
    codec = ("-c:v", "mpeg2video", "-output_ts_offset", offset, "-muxdelay", "0")
    return shop.black("wrapping.ts", "64x64", *codec, seconds=1)


def _many_tracks(count: int, shop: Workshop) -> bytes:
    return mp4(shop.jpeg, Movie(tracks=[Track()] * count))


def _many_in_film(count: int, shop: Workshop) -> bytes:
    film = Film()
    tracks = b"".join(video_track(index, film) for index in range(2, count + 1))
    return matroska(shop.jpeg, replace(film, tracks=tracks))


def _many_in_reel(count: int, shop: Workshop) -> bytes:
    one = avi([shop.jpeg], Reel())
    begin = one.index(b"strl") - 8
    length = struct.unpack("<I", one[begin + 4 : begin + 8])[0] + 8
    return avi([shop.jpeg] * 10, Reel(streams=one[begin : begin + length] * (count - 1)))


def _nested_boxes(name: bytes, depth: int, shop: Workshop) -> bytes:
    """Sizes that fit, from the outside in; outside `moov` a whole file follows."""
    empty = full_box(name) if name == b"meta" else box(name)
    heads = [struct.pack(">I", len(empty) * (depth - level)) + empty[4:] for level in range(depth)]
    return box(b"ftyp", b"isom", bytes(4), b"isom") + b"".join(heads) + mp4(shop.jpeg, Movie())


def _nested_tags(depth: int, shop: Workshop) -> bytes:
    tags = _nested_elements(0x67C8, depth, text(0x45A3, "A"))
    return matroska(shop.jpeg, Film(others=element(0x1254C367, element(0x7373, tags))))


def _nested_chapters(depth: int, shop: Workshop) -> bytes:
    chapters = element(0x45B9, _nested_elements(0xB6, depth, b""))
    return matroska(shop.jpeg, Film(others=element(0x1043A770, chapters)))


def _nested_elements(name: int, depth: int, inside: bytes) -> bytes:
    """Not by `element` itself, which would copy all of it at every level."""
    empty = element(name)
    size = len(empty)
    heads = [
        empty[:-8] + (size * (depth - level - 1) + len(inside) | 1 << 56).to_bytes(8, "big")
        for level in range(depth)
    ]
    return b"".join(heads) + inside


def _nested_lists(depth: int, shop: Workshop) -> bytes:
    heads = [b"LIST" + struct.pack("<I", 12 * (depth - n) - 8) + b"INFO" for n in range(depth)]
    return avi([shop.jpeg] * 10, Reel(streams=b"".join(heads)))
