"""Canaries: files that nobody may open, and a port to which nobody may connect."""

from __future__ import annotations

import ctypes
import os
import socket
import struct
from collections.abc import Iterable
from pathlib import Path

from tests.support.clips import ffmpeg

# inotify(7)
_IN_ACCESS, _IN_OPEN = 0x1, 0x20
_EVENT = struct.Struct("iIII")
TEXT = "the canary's own words"


class Canaries:
    """`folders`: in each a video that would be answered, named `name`, with words of its own in
    it. Opening one is noticed, whoever does it."""

    def __init__(self, folders: Iterable[Path], name: str) -> None:
        self.paths = [folder / name for folder in folders]
        for path in self.paths:
            source = ("-f", "lavfi", "-i", "color=red:size=96x64:rate=25:duration=7.4")
            ffmpeg(*source, "-c:v", "libx264", "-metadata", f"title={TEXT}", path)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self._descriptor = self._watch()

    def _watch(self) -> int:
        libc = ctypes.CDLL(None, use_errno=True)
        descriptor = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        for path in self.paths:
            if libc.inotify_add_watch(descriptor, os.fsencode(path), _IN_ACCESS | _IN_OPEN) < 0:
                raise OSError(ctypes.get_errno(), "inotify_add_watch", str(path))
        return int(descriptor)

    def num_opened(self) -> int:
        """How often one was opened or read since this was last asked."""
        try:
            return len(os.read(self._descriptor, 65536)) // _EVENT.size
        except BlockingIOError:
            return 0

    def num_connected(self) -> int:
        """Likewise, of connections to the port."""
        count = 0
        while True:
            try:
                self._listener.accept()[0].close()
            except BlockingIOError:
                return count
            count += 1

    def close(self) -> None:
        os.close(self._descriptor)
        self._listener.close()
