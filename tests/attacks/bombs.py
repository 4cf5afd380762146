"""Little files of giant frames, and of very many: bombs for memory and for time."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import partial

from tests.attacks.attack import HONEST, REFUSED, TOO_LARGE, Attack, Workshop
from tests.attacks.avi import Reel, avi
from tests.attacks.bits import h264_parameters
from tests.attacks.matroska import Film, matroska
from tests.attacks.mp4 import Movie, Track, mp4

SIZES = {"8K": (7680, 4320), "16K": (15360, 8640), "64K": (65500, 65500)}
LARGEST = (4096, 2304)  # that is allowed
ENCODERS = {
    "h264.mp4": ("-c:v", "libx264", "-preset", "ultrafast"),
    "hevc.mp4": ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=0"),
    "vp8.webm": ("-c:v", "libvpx", "-cpu-used", "8", "-deadline", "realtime"),
    "vp9.webm": ("-c:v", "libvpx-vp9", "-cpu-used", "8", "-deadline", "realtime"),
    "mpeg4.avi": ("-c:v", "mpeg4"),
    "mjpeg.mov": ("-c:v", "mjpeg"),
    "prores.mov": ("-c:v", "prores_ks"),
    "ffv1.mkv": ("-c:v", "ffv1"),
    "jpeg2000.mkv": ("-c:v", "jpeg2000"),
}
RAW = {
    "FFV1": b"FFV1", "HuffYUV": b"HFYU", "Ut Video": b"ULRG", "MagicYUV": b"M8RG",
    "Cinepak": b"cvid", "Microsoft RLE": b"mrle", "Microsoft Video 1": b"CRAM", "nothing": bytes(4),
    "Indeo 3": b"IV31", "VP6": b"VP60", "WMV2": b"WMV2", "MPEG-4": b"FMP4", "H.264": b"H264",
}  # fmt: skip
LARGE = (*TOO_LARGE, *REFUSED)


def bomb_attacks() -> Iterator[Attack]:
    yield from _giant_frames()
    yield from _growing()
    yield from _many_frames()


def _giant_frames() -> Iterator[Attack]:
    for name, (width, height) in SIZES.items():
        size = (width, height)
        is_long = name == "8K"
        for codec, tag in RAW.items():
            made = partial(_said_by_avi, tag, size)
            yield Attack(f"{name} {codec} in AVI", made, LARGE, is_long=name != "16K")
        yield Attack(f"{name} JPEG in a 64x64 AVI", partial(_jpeg_in_avi, size), LARGE)
        yield Attack(f"{name} JPEG in a 64x64 MP4", partial(_jpeg_in_mp4, size), LARGE)
        yield Attack(f"{name} JPEG in a 64x64 Matroska", partial(_jpeg_in_matroska, size), LARGE)
        yield Attack(f"{name} JPEGs after each other", partial(_raw_jpegs, size), LARGE)
        yield Attack(f"{name} GIF", partial(_gif, size, 2), LARGE)
        yield Attack(f"{name} Y4M", partial(_y4m, size), LARGE)
        yield Attack(f"{name} MPEG-2", partial(_mpeg2, size), LARGE, is_long=is_long)
        yield Attack(f"{name} H.264 parameters", partial(_h264, size), LARGE)
        if name != "64K":
            yield Attack(f"{name} VP8", partial(_vp8, size), LARGE)
    for file in ENCODERS:
        is_long = file not in ("h264.mp4", "mpeg4.avi")
        yield Attack(f"8K by an encoder, {file}", partial(_encoded, file), LARGE, is_long=is_long)


def _growing() -> Iterator[Attack]:
    """Small at first."""
    yield Attack("JPEGs of 64x64, then of 16K", _growing_jpegs, (*HONEST, *LARGE))
    yield Attack("H.264 of 64x64, then of 8K", _growing_h264, (*HONEST, *LARGE))
    yield Attack("VP8 of 64x64, then of 16K", _growing_vp8, (*HONEST, *LARGE))


def _many_frames() -> Iterator[Attack]:
    for count, is_long in ((10_000, False), (1_000_000, True)):
        told = f"{count:,} tiny frames"
        timed = (*HONEST, "decode_timeout", "video_too_long")
        yield Attack(f"{told} in Y4M", partial(_tiny_y4m, count), timed, is_long=is_long)
        yield Attack(f"{told} in GIF", partial(_tiny_gif, count), timed, is_long=is_long)
        yield Attack(f"{told} in AVI", partial(_tiny_avi, count), timed, is_long=is_long)
        yield Attack(f"{told} in Matroska", partial(_tiny_matroska, count), timed, is_long=is_long)
        yield Attack(
            f"{told} of FLV", partial(_tiny_flv, count), (*timed, *TOO_LARGE), is_long=is_long
        )
    for count in (10**6, 2**27, 2**31 - 1):
        yield Attack(
            f"MP4 of 10 kB with {count:,} frames by its tables",
            partial(_claimed_mp4, count),
            (*HONEST, "decode_timeout", "video_too_long"),
        )
    frames = (*HONEST, "decode_timeout")
    yield Attack("300 JPEGs of the largest size, of 1 kB", _largest_jpegs, frames, query="")
    yield Attack("GIF of the largest size, 2,000 frames", _largest_gif, frames, is_long=True)
    yield Attack("one group of 600 frames of the largest size", _one_group, frames, is_long=True)


def _said_by_avi(tag: bytes, size: tuple[int, int], shop: Workshop) -> bytes:
    return avi([shop.jpeg] * 10, Reel(size=size, codec=tag))


def resized_jpeg(jpeg: bytes, size: tuple[int, int]) -> bytes:
    """The same scan under another frame header (SOF0)."""
    place = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:place] + struct.pack(">HH", size[1], size[0]) + jpeg[place + 4 :]


def _jpeg_in_avi(size: tuple[int, int], shop: Workshop) -> bytes:
    return avi([resized_jpeg(shop.jpeg, size)] * 10, Reel())


def _jpeg_in_mp4(size: tuple[int, int], shop: Workshop) -> bytes:
    return mp4(resized_jpeg(shop.jpeg, size), Movie())


def _jpeg_in_matroska(size: tuple[int, int], shop: Workshop) -> bytes:
    return matroska(resized_jpeg(shop.jpeg, size), Film())


def _raw_jpegs(size: tuple[int, int], shop: Workshop) -> bytes:
    return resized_jpeg(shop.jpeg, size) * 10


def _gif(size: tuple[int, int], count: int, shop: Workshop) -> bytes:
    """Frames of one pixel on a giant screen."""
    head = b"GIF89a" + struct.pack("<HHBBB", *size, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    return head + GIF_FRAME * count + b";"


GIF_FRAME = b"\x21\xf9\x04\x04\x04\0\0\0\x2c\0\0\0\0\1\0\1\0\0\x02\x02\x44\x01\0"


def _y4m(size: tuple[int, int], shop: Workshop) -> bytes:
    return b"YUV4MPEG2 W%d H%d F25:1 Ip C420\nFRAME\n" % size + bytes(10_000)


def _mpeg2(size: tuple[int, int], shop: Workshop) -> bytes:
    """The sequence header's twelve bits of each side, and the two more of its extension."""
    content = shop.black("small.m2v", "64x64", "-c:v", "mpeg2video")
    place, more = content.index(b"\0\0\1\xb3") + 4, content.index(b"\0\0\1\xb5") + 5
    width, height = min(size[0], 16383), min(size[1], 16383)
    sides = (width & 0xFFF) << 12 | height & 0xFFF
    content = content[:place] + sides.to_bytes(3, "big") + content[place + 3 :]
    bits = int.from_bytes(content[more : more + 2], "big") & 0xFE1F
    bits |= (width >> 12) << 7 | (height >> 12) << 5
    return content[:more] + bits.to_bytes(2, "big") + content[more + 2 :]


def _h264(size: tuple[int, int], shop: Workshop) -> bytes:
    content = shop.black("small.h264", "64x64", "-c:v", "libx264", "-bsf:v", "h264_mp4toannexb")
    slices = content[content.index(b"\0\0\1\x65") :]
    return h264_parameters(size) + slices


def _vp8_frame(size: tuple[int, int], shop: Workshop) -> bytes:
    content = shop.black("small.ivf", "64x64", "-c:v", "libvpx", "-frames:v", "1")
    place = content.index(b"\x9d\x01\x2a") + 3
    return content[32:place] + struct.pack("<HH", *size) + content[place + 4 :]


def _vp8(size: tuple[int, int], shop: Workshop) -> bytes:
    head = shop.black("small.ivf", "64x64", "-c:v", "libvpx", "-frames:v", "1")[:32]
    return head + _vp8_frame(size, shop)


def _encoded(file: str, shop: Workshop) -> bytes:
    return shop.black(f"8k-{file}", "7680x4320", *ENCODERS[file], "-frames:v", "1", seconds=0.04)


def _growing_jpegs(shop: Workshop) -> bytes:
    large = resized_jpeg(shop.jpeg, SIZES["16K"])
    return avi([shop.jpeg] * 20 + [large] * 20, Reel(length=40))


def _growing_h264(shop: Workshop) -> bytes:
    codec = ("-c:v", "libx264", "-preset", "ultrafast")
    small = shop.black("small.ts", "64x64", *codec, seconds=1)
    large = shop.black("8k.ts", "7680x4320", *codec, "-frames:v", "2", seconds=0.1)
    return small + large


def _growing_vp8(shop: Workshop) -> bytes:
    small = shop.black("second.ivf", "64x64", "-c:v", "libvpx", seconds=1)
    return small + _vp8_frame(SIZES["16K"], shop) * 10


def _tiny_y4m(count: int, shop: Workshop) -> bytes:
    return b"YUV4MPEG2 W2 H2 F25:1 Ip C420\n" + (b"FRAME\n" + bytes(6)) * count


def _tiny_gif(count: int, shop: Workshop) -> bytes:
    return _gif((1, 1), count, shop)


def _tiny_avi(count: int, shop: Workshop) -> bytes:
    return avi([bytes(12)] * count, Reel(size=(2, 2), codec=bytes(4), length=count))


def _tiny_matroska(count: int, shop: Workshop) -> bytes:
    begins = range(0, count, 30_000)
    return matroska(b"\xff\xd8", Film(clusters=begins, frames=30_000, duration=count))


def _tiny_flv(count: int, shop: Workshop) -> bytes:
    tags = [
        b"\x09\0\0\x06" + (n * 40 % 2**24).to_bytes(3, "big") + bytes([n * 40 >> 24]) + bytes(3)
        + b"\x12\0\0\x84\0\0" + b"\0\0\0\x11"
        for n in range(count)
    ]  # fmt: skip
    return b"FLV\x01\x01\0\0\0\x09\0\0\0\0" + b"".join(tags)


def _claimed_mp4(count: int, shop: Workshop) -> bytes:
    track = Track(duration=count, times=[(count, 1)], num_samples=count, sample_bytes=1)
    return mp4(shop.jpeg, Movie(duration=count * 40, tracks=[track]))


def _largest_jpegs(shop: Workshop) -> bytes:
    return avi([resized_jpeg(shop.jpeg, LARGEST)] * 300, Reel(size=LARGEST, length=300))


def _largest_gif(shop: Workshop) -> bytes:
    return _gif(LARGEST, 2000, shop)


def _one_group(shop: Workshop) -> bytes:
    codec = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "9999")
    return shop.black("group.mp4", "4096x2304", *codec, seconds=24)
