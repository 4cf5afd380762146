"""Places in documents that programs fill: <!-- begin NAME --> ... <!-- end NAME -->."""

from __future__ import annotations

import re
from collections.abc import Mapping

_MARKED = re.compile(r"(<!-- begin ([\w-]+) -->\n).*?(<!-- end \2 -->)", re.S)


def fill(text: str, contents: Mapping[str, str]) -> str:
    """`text` with every marked place filled anew; places of other names stay as they are."""

    def filled(match: re.Match[str]) -> str:
        begin, name, end = match.groups()
        return f"{begin}{contents[name]}\n{end}" if name in contents else match.group(0)

    return _MARKED.sub(filled, text)
