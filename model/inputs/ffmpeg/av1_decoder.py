"""A program that decodes AV1 with dav1d: IVF from standard input, raw frames in Matroska to
standard output, each with its time. The pinned ffmpeg has no such decoder in software.

It runs by itself in the sandbox, without site packages, and so imports nothing of the project:

    python -I -S av1_decoder.py LIBRARY MAX_PIXELS < in.ivf > out.mkv
"""

from __future__ import annotations

import ctypes
import errno
import struct
import sys
from collections.abc import Iterator
from typing import BinaryIO

# Larger than dav1d's own structures, of which only the beginnings are declared.
_SPARE_BYTES = 2048
_LAYOUTS = {0: (0, 0), 1: (1, 1), 2: (1, 0), 3: (0, 0)}  # I400, I420, I422, I444: chroma shifts.
# FFmpeg's names of raw formats, by layout, for 8 bits; for more they follow a rule.
_EIGHT_BITS = {0: b"Y800", 1: b"I420", 2: b"Y42B", 3: b"444P"}
_MORE_BITS = {0: (b"Y1", 0), 1: (b"Y3", 11), 2: (b"Y3", 10), 3: (b"Y3", 0)}
_IDENTITY = 0  # Matrix coefficients of RGB.


class Settings(ctypes.Structure):
    """Dav1dSettings."""

    _fields_ = [
        ("n_threads", ctypes.c_int),
        ("max_frame_delay", ctypes.c_int),
        ("apply_grain", ctypes.c_int),
        ("operating_point", ctypes.c_int),
        ("all_layers", ctypes.c_int),
        ("frame_size_limit", ctypes.c_uint),
        ("spare", ctypes.c_ubyte * _SPARE_BYTES),
    ]


class Data(ctypes.Structure):
    """Dav1dData with the beginning of its Dav1dDataProps."""

    _fields_ = [
        ("data", ctypes.c_void_p),
        ("size", ctypes.c_size_t),
        ("ref", ctypes.c_void_p),
        ("timestamp", ctypes.c_int64),
        ("spare", ctypes.c_ubyte * _SPARE_BYTES),
    ]


class Sequence(ctypes.Structure):
    """Dav1dSequenceHeader's beginning."""

    _fields_ = [
        ("profile", ctypes.c_uint8),
        ("max_width", ctypes.c_int),
        ("max_height", ctypes.c_int),
        ("layout", ctypes.c_int),
        ("primaries", ctypes.c_int),
        ("transfer", ctypes.c_int),
        ("matrix", ctypes.c_int),
        ("chroma_position", ctypes.c_int),
        ("high_bit_depth", ctypes.c_uint8),
        ("full_range", ctypes.c_uint8),
    ]


class Picture(ctypes.Structure):
    """Dav1dPicture."""

    _fields_ = [
        ("sequence", ctypes.POINTER(Sequence)),
        ("frame", ctypes.c_void_p),
        ("planes", ctypes.c_void_p * 3),
        ("strides", ctypes.c_ssize_t * 2),
        ("width", ctypes.c_int),
        ("height", ctypes.c_int),
        ("layout", ctypes.c_int),
        ("bits", ctypes.c_int),
        ("timestamp", ctypes.c_int64),
        ("spare", ctypes.c_ubyte * _SPARE_BYTES),
    ]

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return self.width, self.height, self.layout, self.bits

    def rows(self) -> Iterator[bytes]:
        """Of all planes, one after the other, without what lies between rows."""
        size = 1 if self.bits == 8 else 2
        right, down = _LAYOUTS[self.layout]
        for index in range(1 if self.layout == 0 else 3):
            width = self.width if index == 0 else (self.width + right) >> right
            height = self.height if index == 0 else (self.height + down) >> down
            plane, stride = self.planes[index], self.strides[min(index, 1)]
            for row in range(height):
                yield ctypes.string_at(plane + row * stride, width * size)


class Decoder:
    """dav1d on one thread, frame by frame. Raises ValueError for data that it refuses."""

    def __init__(self, library: str, max_pixels: int) -> None:
        self._dav1d = ctypes.CDLL(library)
        self._dav1d.dav1d_data_create.restype = ctypes.c_void_p
        settings, self._context = Settings(), ctypes.c_void_p()
        self._dav1d.dav1d_default_settings(ctypes.byref(settings))
        settings.n_threads = settings.max_frame_delay = 1
        settings.all_layers = 0
        settings.frame_size_limit = max_pixels
        status = self._dav1d.dav1d_open(ctypes.byref(self._context), ctypes.byref(settings))
        if status:
            raise ValueError(f"dav1d does not start ({status})")

    def decode(self, content: bytes, timestamp: int) -> Iterator[Picture]:
        """Frames that can be shown once `content`, a temporal unit, is there. A damaged unit gives
        none, and an error line."""
        data = Data()
        memory = self._dav1d.dav1d_data_create(ctypes.byref(data), ctypes.c_size_t(len(content)))
        if not memory:
            raise ValueError("dav1d has no memory")
        ctypes.memmove(memory, content, len(content))
        data.timestamp = timestamp
        while data.size:
            status = self._dav1d.dav1d_send_data(self._context, ctypes.byref(data))
            if status and status != -errno.EAGAIN:
                self._dav1d.dav1d_data_unref(ctypes.byref(data))
                say(f"a frame cannot be decoded ({status})")
                return
            yield from self.pictures()

    def pictures(self) -> Iterator[Picture]:
        """What is there; at the end of the stream called once more, for the rest."""
        while True:
            picture = Picture()
            status = self._dav1d.dav1d_get_picture(self._context, ctypes.byref(picture))
            if status:
                if status != -errno.EAGAIN:
                    say(f"a frame cannot be decoded ({status})")
                return
            try:
                yield picture
            finally:
                self._dav1d.dav1d_picture_unref(ctypes.byref(picture))


class Matroska:
    """Raw frames of one size in a live Matroska stream, with times in microseconds (RFC 9559)."""

    def __init__(self, sink: BinaryIO, picture: Picture) -> None:
        self._sink = sink
        self.shape = picture.shape
        header = _element(0x1A45DFA3, _element(0x4282, b"matroska"))
        information = _element(0x1549A966, _number(0x2AD7B1, 1000))
        # A segment of unknown size.
        sink.write(header + b"\x18\x53\x80\x67\x01" + b"\xff" * 7 + information + _tracks(picture))

    def write(self, picture: Picture, microseconds: int) -> None:
        block = b"\x81\x00\x00\x80" + b"".join(picture.rows())
        cluster = _number(0xE7, microseconds) + _element(0xA3, block)
        self._sink.write(_element(0x1F43B675, cluster))


def _tracks(picture: Picture) -> bytes:
    sequence = picture.sequence.contents
    colour = (
        _number(0x55B1, sequence.matrix)
        + _number(0x55B9, 2 if sequence.full_range else 1)
        + _number(0x55BA, sequence.transfer)
        + _number(0x55BB, sequence.primaries)
    )
    video = (
        _number(0xB0, picture.width)
        + _number(0xBA, picture.height)
        + _element(0x2EB524, _raw_format(picture, sequence.matrix))
        + _element(0x55B0, colour)
    )
    track = (
        _number(0xD7, 1)
        + _number(0x73C5, 1)
        + _number(0x83, 1)
        + _element(0x86, b"V_UNCOMPRESSED")
        + _element(0xE0, video)
    )
    return _element(0x1654AE6B, _element(0xAE, track))


def _raw_format(picture: Picture, matrix: int) -> bytes:
    if picture.layout == 3 and matrix == _IDENTITY:
        return b"G3" + bytes((0, picture.bits))
    if picture.bits == 8:
        return _EIGHT_BITS[picture.layout]
    name, sampling = _MORE_BITS[picture.layout]
    return name + bytes((sampling, picture.bits))


def _number(identifier: int, value: int) -> bytes:
    return _element(identifier, value.to_bytes(8, "big"))


def _element(identifier: int, content: bytes) -> bytes:
    name = identifier.to_bytes((identifier.bit_length() + 7) // 8, "big")
    return name + (len(content) | 1 << 56).to_bytes(8, "big") + content


def units(source: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Temporal units of an IVF stream, with their times in microseconds."""
    head = source.read(32)
    if len(head) < 32 or head[:4] != b"DKIF":
        return
    denominator, numerator = struct.unpack_from("<II", head, 16)
    while len(frame := source.read(12)) == 12:
        size, time = struct.unpack("<Iq", frame)
        content = source.read(size)
        if len(content) < size:
            return
        yield content, round(time * numerator * 1_000_000 / (denominator or 1))


def say(words: str) -> None:
    """As ffmpeg would, so that whoever reads its errors finds this one."""
    sys.stderr.write(f"[dav1d @ 0x0] [error] {words}\n")


def main() -> int:
    library, max_pixels = sys.argv[1:]
    decoder = Decoder(library, int(max_pixels))
    sink, output = sys.stdout.buffer, None
    for content, time in units(sys.stdin.buffer):
        for picture in decoder.decode(content, time):
            if picture.timestamp < 0:
                continue
            output = output or Matroska(sink, picture)
            if picture.shape != output.shape:
                say("frames change their size or format, which is not supported")
                return 1
            output.write(picture, picture.timestamp)
    for picture in decoder.pictures():
        if output is not None and picture.shape == output.shape and picture.timestamp >= 0:
            output.write(picture, picture.timestamp)
    return 0


if __name__ == "__main__":
    sys.exit(main())
