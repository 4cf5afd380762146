"""AVI files with any field wrong that one may want wrong."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass


def chunk(name: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def listed(name: bytes, *parts: bytes) -> bytes:
    return chunk(b"LIST", name, *parts)


@dataclass(frozen=True, slots=True)
class Reel:
    """One stream of pictures. `super_index`: offset and size of each index that an OpenDML super
    index names; `index`: offset and size of each frame in the old one."""

    scale: int = 1
    rate: int = 25
    length: int = 10
    start: int = 0
    micros: int = 40_000
    size: tuple[int, int] = (64, 64)
    codec: bytes = b"MJPG"
    super_index: Sequence[tuple[int, int]] = ()
    index: Sequence[tuple[int, int]] = ()
    streams: bytes = b""
    others: bytes = b""  # after the pictures, in the list of them


def avi(frames: Sequence[bytes], reel: Reel) -> bytes:
    width, height = reel.size
    main = struct.pack("<IIIIIIIIII", reel.micros, 0, 0, 0x910, reel.length, 0, 1, 0, width, height)
    header = listed(b"hdrl", chunk(b"avih", main + bytes(16)), _stream(reel), reel.streams)
    movie = listed(b"movi", *(chunk(b"00dc", frame) for frame in frames), reel.others)
    places = [struct.pack("<4sIII", b"00dc", 0x10, at, size) for at, size in reel.index]
    old = chunk(b"idx1", *places) if places else b""
    return chunk(b"RIFF", b"AVI ", header, movie, old)


def _stream(reel: Reel) -> bytes:
    width, height = reel.size
    head = struct.pack("<4s4sIHHI", b"vids", reel.codec, 0, 0, 0, 0)
    head += struct.pack("<IIIIIII", reel.scale, reel.rate, reel.start, reel.length, 0, 0, 0)
    picture = struct.pack("<IiiHH4sIiiII", 40, width, height, 1, 24, reel.codec, 0, 0, 0, 0, 0)
    return listed(
        b"strl",
        chunk(b"strh", head + struct.pack("<4H", 0, 0, width % 65536, height % 65536)),
        chunk(b"strf", picture),
        _super_index(reel.super_index),
    )


def _super_index(entries: Sequence[tuple[int, int]]) -> bytes:
    if not entries:
        return b""
    head = struct.pack("<HBBI4s12x", 4, 0, 0, len(entries), b"00dc")
    places = [struct.pack("<QII", at % 2**64, size, 10) for at, size in entries]
    return chunk(b"indx", head, *places)


def subtitle_stream(content: bytes) -> tuple[bytes, bytes]:
    """A stream's header, and its one chunk: a file of subtitles in GAB2, which ffmpeg probes as a
    file of its own and opens as whatever it takes it for."""
    head = struct.pack("<4s4sIHHIIIIIIIIHHHH", b"txts", bytes(4), *(0,) * 4, 1, 25, *(0,) * 9)
    told = b"GAB2\0" + struct.pack("<HI", 2, 4) + "a\0".encode("utf-16-le")
    told += struct.pack("<HI", 4, len(content)) + content
    return listed(b"strl", chunk(b"strh", head), chunk(b"strf", b"")), chunk(b"01tx", told)
