"""All attacks that are files, and good ones under names that are made to hurt."""

from __future__ import annotations

from collections.abc import Iterator

from tests.attacks.attack import Attack, Workshop
from tests.attacks.bombs import bomb_attacks
from tests.attacks.headers import header_attacks
from tests.attacks.playlists import playlist_attacks
from tests.attacks.references import reference_attacks

NAMES = {
    "parents": "../../../../etc/passwd",
    "an absolute path": "/etc/passwd",
    "backslashes": "..\\..\\windows\\win.ini",
    "a NUL": "a\0.mp4",
    "lines": "a\nX-Injected: 1\r\n\r\nb.mp4",
    "1,500 letters": "a" * 1500 + ".mp4",
    "an address": "http://127.0.0.1/a.mp4",
    "a protocol": "concat:/etc/passwd|/etc/hosts",
    "an option": "-i",
    "a command": "a;$(touch x)`id`|id.mp4",
    "right to left": "a\u202e4pm.exe",
    "any letters": "видео\U0001f600\u0301\ufeff.mp4",
    "a device": "/dev/zero",
    "nothing": "",
    "dots": "..",
}


def corpus(*, is_long: bool) -> list[Attack]:
    """Those of `make test`, or all."""
    found = [
        *playlist_attacks(),
        *reference_attacks(),
        *bomb_attacks(),
        *header_attacks(),
        *_named(),
    ]
    return [attack for attack in found if is_long or not attack.is_long]


def _named() -> Iterator[Attack]:
    for kind, name in NAMES.items():
        yield Attack(f"a good clip named by {kind}", _clip, ("ok",), file_name=name)


def _clip(shop: Workshop) -> bytes:
    return shop.clip
