"""trim_forever: free memory goes back to the system whenever the process comes to rest."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from service.threads import in_thread

_LOOK_SECONDS = 0.25
# Of the processor between two looks: a process at rest answers a probe or is scraped, no more.
_REST_SHARE = 0.1
# Of the processor since the last time: what took less has freed nothing to speak of, and giving
# memory back takes a few hundredths of a second itself.
_WORK_SECONDS = 0.2
# Where it does not rest: pages that are given back are soon needed again, and cleared.
_BUSY_SECONDS = 30.0


async def trim_forever(give_memory_back: Callable[[], None]) -> None:
    """Calls it in a thread: after work, and time after time while work goes on.

    What a busy service frees lies between pieces in use, in arenas that grow for many minutes: at
    rest that is a fifth of what it holds.
    """
    done, done_at = time.process_time(), time.monotonic()
    looked = done
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        spent = time.process_time()
        rests = spent - looked < _REST_SHARE * _LOOK_SECONDS
        is_due = rests or time.monotonic() - done_at > _BUSY_SECONDS
        looked = spent
        if is_due and spent - done > _WORK_SECONDS:
            await in_thread(None, give_memory_back)
            done, done_at = time.process_time(), time.monotonic()
