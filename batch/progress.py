"""Progress: a bar on a terminal, else a line every so often."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Never

from tqdm import tqdm

from batch.tally import Tally

logger = logging.getLogger(__name__)

LINE_SECONDS = 30.0


class Progress:
    """Of `total` videos `before` were done by earlier runs."""

    def __init__(self, tally: Tally, *, total: int, before: int, bar: tqdm[Never] | None) -> None:
        self._tally, self._total, self._before, self._bar = tally, total, before, bar
        self._said = time.monotonic()

    def update(self) -> None:
        """After a video."""
        if self._bar is not None:
            self._bar.set_postfix_str(figures(self._tally), refresh=False)
            self._bar.update()
        elif time.monotonic() - self._said >= LINE_SECONDS or self._left == 0:
            self._said = time.monotonic()
            logger.info("%s", self)

    @property
    def _left(self) -> int:
        return self._total - self._before - self._tally.videos

    def __str__(self) -> str:
        rate = self._tally.videos_per_second
        left = f"{self._left / rate:.0f} s left" if rate else "time left unknown"
        done = self._total - self._left
        return f"{done} of {self._total} videos, {rate:.3g}/s, {figures(self._tally)}, {left}"


def figures(tally: Tally) -> str:
    """What a bar does not know by itself."""
    parts = [f"{tally.video_hours_per_hour:.3g} h of video/h"]
    parts += [f"{tally.gflops_saved_ratio:.0%} of {tally.gflops_dense:.4g} GFLOPs saved"]
    if tally.problems:
        parts += [f"{tally.problems.total()} problems"]
    return ", ".join(parts)


@contextmanager
def progress(tally: Tally, *, total: int, before: int) -> Iterator[Progress]:
    if not sys.stderr.isatty():
        yield Progress(tally, total=total, before=before, bar=None)
        return
    bar: tqdm[Never]
    with tqdm(total=total, initial=before, desc="batch", unit="video", smoothing=0.05) as bar:
        yield Progress(tally, total=total, before=before, bar=bar)
