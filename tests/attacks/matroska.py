"""Matroska files (RFC 9559) with any element wrong that one may want wrong."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass


def element(name: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    length = len(content) | 1 << 56  # eight bytes, whatever it is
    return name.to_bytes((name.bit_length() + 7) // 8, "big") + length.to_bytes(8, "big") + content


def number(name: int, value: int) -> bytes:
    return element(name, value.to_bytes(8, "big"))


def text(name: int, value: str) -> bytes:
    return element(name, value.encode())


def real(name: int, value: float) -> bytes:
    return element(name, struct.pack(">d", value))


HEAD = element(0x1A45DFA3, text(0x4282, "matroska"), number(0x4287, 4), number(0x4285, 2))


@dataclass(frozen=True, slots=True)
class Film:
    """Motion JPEG. `timescale`: nanoseconds a tick; `clusters`: the ticks at which they begin,
    each with `frames` frames a tick apart. `others`: elements of the segment."""

    timescale: int = 40_000_000
    duration: float = 10.0
    clusters: Sequence[int] = (0,)
    frames: int = 10
    size: tuple[int, int] = (64, 64)
    info: bytes = b""
    tracks: bytes = b""
    others: bytes = b""
    default_duration: int | None = None


def matroska(frame: bytes, film: Film) -> bytes:
    info = element(
        0x1549A966, number(0x2AD7B1, film.timescale), real(0x4489, film.duration), film.info
    )
    tracks = element(0x1654AE6B, video_track(1, film), film.tracks)
    clusters = [_cluster(frame, begin, film.frames) for begin in film.clusters]
    return HEAD + element(0x18538067, info, tracks, film.others, *clusters)


def video_track(index: int, film: Film) -> bytes:
    width, height = film.size
    every = film.default_duration
    return element(
        0xAE,
        *(number(0xD7, index), number(0x73C5, index), number(0x83, 1), text(0x86, "V_MJPEG")),
        b"" if every is None else number(0x23E383, every),
        element(0xE0, number(0xB0, width), number(0xBA, height)),
    )


def subtitle_track(index: int, codec: str, private: str) -> bytes:
    return element(
        0xAE,
        *(number(0xD7, index), number(0x73C5, index), number(0x83, 17), text(0x86, codec)),
        text(0x63A2, private),
    )


def attachment(name: str, content: bytes) -> bytes:
    file = element(
        0x61A7,
        *(text(0x466E, name), text(0x4660, "application/x-truetype-font")),
        *(element(0x465C, content), number(0x46AE, 7)),
    )
    return element(0x1941A469, file)


def ordered_chapters(segment: bytes) -> bytes:
    """One chapter, which lies in another file: that with the segment's number."""
    atom = element(
        0xB6,
        *(number(0x73C4, 1), number(0x91, 0), number(0x92, 10**9)),
        *(element(0x6E67, segment), number(0x6EBC, 1)),
    )
    return element(0x1043A770, element(0x45B9, number(0x45DD, 1), atom))


def _cluster(frame: bytes, begin: int, count: int) -> bytes:
    blocks = [
        element(0xA3, b"\x81" + struct.pack(">h", index % 32768) + b"\x80" + frame)
        for index in range(count)
    ]
    return element(0x1F43B675, number(0xE7, begin % 2**64), *blocks)
