"""MP4 files (ISO/IEC 14496-12) with any box wrong that one may want wrong."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

MATRIX = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def box(name: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I", 8 + len(content)) + name + content


def full_box(name: bytes, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(name, struct.pack(">I", version << 24 | flags), *parts)


def url_reference(target: str) -> bytes:
    """The samples are in another file, which `target` names."""
    return full_box(b"url ", target.encode() + b"\0")


def alias_reference(target: str) -> bytes:
    """The same, as QuickTime on a Macintosh wrote it: an alias record with the path at its end."""
    name, path = target.rpartition("/")[2].encode()[:63], target.encode()
    head = (
        bytes(4) + struct.pack(">HHH", 150 + 4 + len(path), 2, 0) + bytes([4]) + b"disk".ljust(27)
    )
    head += bytes(4) + b"H+" + bytes(6) + bytes([len(name)]) + name.ljust(63, b"\0") + bytes(42)
    tail = struct.pack(">HH", 2, len(path)) + path + bytes(len(path) % 2)
    tail += struct.pack(">HH", 18, len(path)) + path + bytes(len(path) % 2) + b"\xff\xff\0\0"
    return full_box(b"alis", head.ljust(154, b"\0") + tail)


OWN_DATA = full_box(b"url ", flags=1)


@dataclass(frozen=True, slots=True)
class Track:
    """Motion JPEG; `times` are (count, delta) of stts, `offsets` (count, offset) of ctts, `edits`
    (duration, media time) of elst."""

    timescale: int = 25
    duration: int = 10
    times: Sequence[tuple[int, int]] = ((10, 1),)
    offsets: Sequence[tuple[int, int]] = ()
    edits: Sequence[tuple[int, int]] = ()
    reference: bytes = OWN_DATA
    size: tuple[int, int] = (64, 64)
    codec: bytes = b"jpeg"
    num_samples: int = 10
    sample_bytes: int | None = None  # None: the frame's


@dataclass(frozen=True, slots=True)
class Movie:
    timescale: int = 1000
    duration: int = 400
    tracks: Sequence[Track] = field(default_factory=lambda: [Track()])
    others: bytes = b""  # in moov


def mp4(frame: bytes, movie: Movie) -> bytes:
    """Each track's samples are `frame`, over and over in one chunk."""
    content = box(b"ftyp", b"qt  " + bytes(4) + b"qt  ") + box(b"mdat", frame * 10)
    tracks = [_track(one, number, frame) for number, one in enumerate(movie.tracks, 1)]
    return content + box(b"moov", _movie_header(movie), *tracks, movie.others)


def _movie_header(movie: Movie) -> bytes:
    times = struct.pack(">QQIQ", 0, 0, movie.timescale, movie.duration)
    rest = struct.pack(">IHHII", 0x10000, 0x100, 0, 0, 0) + MATRIX + bytes(24)
    return full_box(b"mvhd", times, rest, struct.pack(">I", len(movie.tracks) + 1), version=1)


def _track(track: Track, number: int, frame: bytes) -> bytes:
    width, height = track.size
    shown = struct.pack(">II", min(width, 32767) << 16, min(height, 32767) << 16)
    header = struct.pack(">QQIIQ", 0, 0, number, 0, track.duration) + bytes(16) + MATRIX + shown
    edits = [struct.pack(">QqI", length & 2**64 - 1, at, 0x10000) for length, at in track.edits]
    edited = full_box(b"elst", struct.pack(">I", len(edits)), *edits, version=1)
    return box(
        b"trak",
        full_box(b"tkhd", header, version=1, flags=7),
        box(b"edts", edited) if edits else b"",
        _media(track, frame),
    )


def _media(track: Track, frame: bytes) -> bytes:
    times = struct.pack(">QQIQHH", 0, 0, track.timescale, track.duration, 0x55C4, 0)
    handler = full_box(b"hdlr", b"mhlrvide" + bytes(12) + b"\0")
    data = box(b"dinf", full_box(b"dref", struct.pack(">I", 1), track.reference))
    return box(
        b"mdia",
        full_box(b"mdhd", times, version=1),
        handler,
        box(b"minf", full_box(b"vmhd", bytes(8), flags=1), data, _samples(track, frame)),
    )


def _samples(track: Track, frame: bytes) -> bytes:
    entry = bytes(6) + struct.pack(">H", 1) + bytes(16) + struct.pack(">HH", *track.size)
    entry += struct.pack(">IIIH", 0x480000, 0x480000, 0, 1) + bytes(32) + struct.pack(">Hh", 24, -1)
    size = len(frame) if track.sample_bytes is None else track.sample_bytes
    shifts = full_box(b"ctts", _pairs(track.offsets), version=1) if track.offsets else b""
    return box(
        b"stbl",
        full_box(b"stsd", struct.pack(">I", 1), box(track.codec, entry)),
        full_box(b"stts", _pairs(track.times)),
        shifts,
        full_box(b"stsc", struct.pack(">IIII", 1, 1, track.num_samples, 1)),
        full_box(b"stsz", struct.pack(">II", size, track.num_samples)),
        # The chunk begins after ftyp (20 bytes) and the head of mdat.
        full_box(b"stco", struct.pack(">II", 1, 28)),
    )


def _pairs(pairs: Sequence[tuple[int, int]]) -> bytes:
    packed = [struct.pack(">II", count, value & 0xFFFFFFFF) for count, value in pairs]
    return struct.pack(">I", len(packed)) + b"".join(packed)
