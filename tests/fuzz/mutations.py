"""Mutations of media files: bits, boxes, sizes, truncation and splices, drawn by a seed."""

from __future__ import annotations

import random
import re
import struct
from collections.abc import Callable, Sequence

Mutation = Callable[[bytearray, bytes, random.Random], None]

# Names of boxes (MP4), elements (RIFF) and anything else of four letters.
BOX = re.compile(rb"[a-zA-Z][a-zA-Z0-9]{2}[a-zA-Z0-9 ]")
EXTREMES = (0, 1, 7, 8, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
HEADER_BYTES = 4096  # half of the changes go here: headers decide more than pictures do


def mutated(content: bytes, other: bytes, seed: str) -> tuple[str, bytes]:
    """The mutations' names and the file that they made of `content`; equal for equal seeds.

    `other` is a second file, from which splices take.
    """
    draw = random.Random(seed)
    names = draw.choices(sorted(MUTATIONS), k=draw.choice((1, 1, 2, 3)))
    data = bytearray(content)
    for name in names:
        if data:
            MUTATIONS[name](data, other, draw)
    return "+".join(names), bytes(data)


def flip_bits(data: bytearray, other: bytes, draw: random.Random) -> None:
    for _ in range(draw.choice((1, 4, 32, 256))):
        data[_position(data, draw)] ^= 1 << draw.randrange(8)


def write_extremes(data: bytearray, other: bytes, draw: random.Random) -> None:
    """Lengths, counts and times of four bytes, in either order of bytes."""
    for _ in range(draw.choice((1, 3, 10))):
        _put(data, _position(data, draw), draw.choice(EXTREMES), draw.choice("<>"))


def resize_box(data: bytearray, other: bytes, draw: random.Random) -> None:
    """In MP4 a box's size is before its name, in RIFF after it."""
    place = _box(data, draw)
    size = draw.choice((*EXTREMES, draw.randrange(len(data)), len(data) + 1))
    before = draw.random() < 0.7
    _put(data, max(0, place - 4) if before else place + 4, size, ">" if before else "<")


def change_box_value(data: bytearray, other: bytes, draw: random.Random) -> None:
    """A field soon after a box's name: a version, a count, a time scale, a width."""
    _put(data, _box(data, draw) + 4 * draw.randint(1, 8), draw.choice(EXTREMES), ">")


def rename_box(data: bytearray, other: bytes, draw: random.Random) -> None:
    place, name = _box(data, draw), _box(data, draw)
    data[place : place + 4] = data[name : name + 4]


def repeat_part(data: bytearray, other: bytes, draw: random.Random) -> None:
    part = _part(data, draw)
    place = _position(data, draw)
    data[place:place] = part * draw.choice((1, 2, 20))


def remove_part(data: bytearray, other: bytes, draw: random.Random) -> None:
    start = _position(data, draw)
    del data[start : start + draw.choice((1, 4, 100, 10_000))]


def truncate(data: bytearray, other: bytes, draw: random.Random) -> None:
    del data[_position(data, draw) :]


def splice(data: bytearray, other: bytes, draw: random.Random) -> None:
    """Another file's bytes over this one's, or its end after this one's beginning."""
    if draw.random() < 0.5:
        data[_position(data, draw) :] = other[draw.randrange(len(other)) :]
    else:
        part, place = _part(other, draw), _position(data, draw)
        data[place : place + len(part)] = part


MUTATIONS: dict[str, Mutation] = {
    "bits": flip_bits,
    "extremes": write_extremes,
    "box-size": resize_box,
    "box-value": change_box_value,
    "box-name": rename_box,
    "repeat": repeat_part,
    "remove": remove_part,
    "truncate": truncate,
    "splice": splice,
}


def _position(data: Sequence[int], draw: random.Random) -> int:
    return draw.randrange(min(len(data), draw.choice((HEADER_BYTES, len(data)))))


def _box(data: bytearray, draw: random.Random) -> int:
    """Where a name begins; in a file without any, somewhere."""
    found = [match.start() for match in BOX.finditer(data[:200_000])]
    return draw.choice(found) if found else _position(data, draw)


def _part(data: bytes | bytearray, draw: random.Random) -> bytes:
    start = draw.randrange(len(data))
    return bytes(data[start : start + draw.choice((8, 100, 2000))])


def _put(data: bytearray, place: int, value: int, order: str) -> None:
    """Over what is there; what passes the end is left out, so that the length stays."""
    packed = struct.pack(f"{order}I", value & 0xFFFFFFFF)[: max(0, len(data) - place)]
    data[place : place + len(packed)] = packed
