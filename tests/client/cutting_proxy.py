"""CuttingProxy: passes a connection on to a server, and cuts the first one after so many bytes."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading


class CuttingProxy:
    """`cut_after` bytes of the first answer come through, then the connection is reset."""

    def __init__(self, port, *, cut_after):
        self._server, self._cut_after = ("127.0.0.1", port), cut_after
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()

    def _accept(self):
        cut_after = self._cut_after
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._server)
                for one, other, limit in ((client, server, None), (server, client, cut_after)):
                    threading.Thread(target=_pass, args=(one, other, limit), daemon=True).start()
                cut_after = None


def _pass(source, target, limit):
    with contextlib.suppress(OSError):
        while chunk := source.recv(65536 if limit is None else min(limit, 65536)):
            target.sendall(chunk)
            if limit is not None and (limit := limit - len(chunk)) <= 0:
                # A reset, not an orderly end.
                target.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                break
    for one in (source, target):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
