"""Clients that drip: many connections that each send a byte of a body now and then, for ever.

A program of its own, so that it takes nothing from whoever measures:

    python -m benchmarks.traffic.dripping HOST PORT CLIENTS SECONDS_BETWEEN_BYTES

It says "dripping" once all connections are open, and comes back with those that are closed on it.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys

_HEAD = (
    b"POST /classify HTTP/1.1\r\nHost: x\r\nContent-Type: video/mp4\r\n"
    b"Content-Length: 1000000\r\n\r\n"
)
_RETRY_SECONDS = 0.1


async def drip(host: str, port: int, seconds: float, opened: asyncio.Semaphore) -> None:
    while True:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection(host, port)
            opened.release()
            answer = asyncio.create_task(reader.read())
            writer.write(_HEAD)
            while not answer.done():
                writer.write(b"x")
                await asyncio.wait({answer}, timeout=seconds)
            writer.close()
            await answer
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        await asyncio.sleep(_RETRY_SECONDS)


async def main() -> None:
    host, port, clients, seconds = sys.argv[1:]
    opened = asyncio.Semaphore(0)
    tasks = [
        asyncio.create_task(drip(host, int(port), float(seconds), opened))
        for _ in range(int(clients))
    ]
    for _ in tasks:
        await opened.acquire()
    sys.stdout.write("dripping\n")
    sys.stdout.flush()
    await asyncio.gather(*tasks)


if __name__ == "__main__":
    asyncio.run(main())
