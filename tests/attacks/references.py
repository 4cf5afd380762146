"""Files that are videos and refer to other files: data references, attachments, chapters, indexes,
subtitles."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from functools import partial

from tests.attacks.attack import HONEST, REFUSED, Attack, Workshop
from tests.attacks.avi import Reel, avi
from tests.attacks.matroska import (
    Film,
    attachment,
    matroska,
    ordered_chapters,
    subtitle_track,
    text,
)
from tests.attacks.mp4 import Movie, Track, alias_reference, box, full_box, mp4, url_reference
from tests.attacks.playlists import NEIGHBOUR, NOBODY

SUBTITLES = {
    "srt": "1\n00:00:00,000 --> 00:00:01,000\n<img src='{target}'> {target}\n",
    "ass": "[Script Info]\nAudio File: {target}\nVideo File: {target}\n"
    "[Fonts]\nfontname: {target}\n[Events]\n"
    "Dialogue: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,{target}\n",
    "webvtt": "WEBVTT\n\nSTYLE\n::cue {{ background: url({target}) }}\n\n"
    "00:00.000 --> 00:01.000\n{target}\n",
    "sami": "<SAMI><HEAD><STYLE>@import '{target}';</STYLE></HEAD><BODY><SYNC Start=0>"
    "<P>{target}</BODY></SAMI>",
    "microdvd": "{{1}}{{1}}25.000\n{{0}}{{25}}{{f:{target}}}{target}\n",
}
MP4_REFERENCES: dict[str, Callable[[str], bytes]] = {
    "url": url_reference,
    "alias": alias_reference,
}


def reference_attacks() -> Iterator[Attack]:
    for label, make in _referring():
        for target in ("relative", "parent", "absolute", "http"):
            for name in (NEIGHBOUR, NOBODY):
                made = partial(_with_target, make, target, name)
                is_long = target != "absolute" and not (target == "http" and "MP4" in label)
                alike = f"{label}-{target}"
                yield Attack(f"{label} {target}, {name}", made, alike=alike, is_long=is_long)
    for label, place in {"far": 2**62, "negative": -8, "its own": 0, "the end": 2**32 - 9}.items():
        yield Attack(f"AVI super index at {label}", partial(_super_index, place))
        yield Attack(f"AVI index at {label}", partial(_old_index, place), is_long=True)
    yield Attack("AVI super index of 60,000 entries", _large_super_index, (*HONEST, *REFUSED))


def _with_target(
    make: Callable[[Workshop, str], bytes], kind: str, name: str, shop: Workshop
) -> bytes:
    return make(shop, shop.targets.of(kind, name))


def _referring() -> Iterator[tuple[str, Callable[[Workshop, str], bytes]]]:
    for name, reference in MP4_REFERENCES.items():
        yield f"MP4 dref {name}", partial(_mp4_reference, reference)
    yield "MP4 reference movie", _reference_movie
    yield "Matroska attachment", _attached
    yield "Matroska chapters in order", _chapters
    yield "Matroska neighbours", _linked
    for kind in SUBTITLES:
        yield f"subtitles {kind}", partial(_subtitles, kind)
        yield f"Matroska subtitles {kind}", partial(_subtitles_inside, kind)


def _mp4_reference(reference: Callable[[str], bytes], shop: Workshop, target: str) -> bytes:
    return mp4(shop.jpeg, Movie(tracks=[Track(reference=reference(target))]))


def _reference_movie(shop: Workshop, target: str) -> bytes:
    """QuickTime's `rmra`: the movie is at another address."""
    path = target.encode() + b"\0"
    named = full_box(b"rdrf", b"url " + struct.pack(">I", len(path)) + path)
    return box(b"ftyp", b"qt  " + bytes(4)) + box(b"moov", box(b"rmra", box(b"rmda", named)))


def _attached(shop: Workshop, target: str) -> bytes:
    return matroska(shop.jpeg, Film(others=attachment(target, target.encode())))


def _chapters(shop: Workshop, target: str) -> bytes:
    """The other file is found by its number; some players look for it beside this one."""
    named = text(0x3E83AB, target)
    return matroska(shop.jpeg, Film(info=named, others=ordered_chapters(target.encode()[:16])))


def _linked(shop: Workshop, target: str) -> bytes:
    """PrevFilename, NextFilename and a SegmentFamily."""
    return matroska(shop.jpeg, Film(info=text(0x3C83AB, target) + text(0x3E83BB, target)))


def _subtitles(kind: str, shop: Workshop, target: str) -> bytes:
    return SUBTITLES[kind].format(target=target).encode()


def _subtitles_inside(kind: str, shop: Workshop, target: str) -> bytes:
    codec = {"ass": "S_TEXT/ASS", "webvtt": "S_TEXT/WEBVTT", "srt": "S_TEXT/UTF8"}
    private = SUBTITLES[kind].format(target=target)
    track = subtitle_track(2, codec.get(kind, "S_VOBSUB"), private)
    return matroska(shop.jpeg, Film(tracks=track))


def _super_index(place: int, shop: Workshop) -> bytes:
    return avi([shop.jpeg] * 10, Reel(super_index=[(place, 4096)] * 4))


def _large_super_index(shop: Workshop) -> bytes:
    """Each of them is the file's own beginning."""
    return avi([shop.jpeg] * 10, Reel(super_index=[(0, 2**31 - 1)] * 60_000))


def _old_index(place: int, shop: Workshop) -> bytes:
    frames = [(place % 2**32, 2**31 - 1)] * 10
    return avi([shop.jpeg] * 10, Reel(index=frames))
