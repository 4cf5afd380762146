"""Videos that could not be used: said in the log, and kept in a file."""

from __future__ import annotations

import csv
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from model.atomic_file import write_atomically
from training.datasets.sample import Sample

logger = logging.getLogger(__name__)

COLUMNS = ("path", "split", "code", "reason")
# In the log; the file names them all.
MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Skipped:
    """`code` is the error's public code, as the service answers it, or "unreadable"."""

    sample: Sample
    code: str
    reason: str

    @classmethod
    def because(cls, sample: Sample, error: Exception) -> Skipped:
        return cls(sample, getattr(error, "code", "unreadable"), str(error))


def report_skipped(skipped: Sequence[Skipped], path: Path) -> None:
    """Write `path`, replacing what an earlier run left there; a summary goes to the log."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, partial(_write, skipped))
    for one in skipped[:MOST_NAMED]:
        logger.warning("%s is skipped: %s: %s", one.sample.path, one.code, one.reason)
    if skipped:
        counts = Counter(one.code for one in skipped)
        summary = ", ".join(f"{count} {code}" for code, count in sorted(counts.items()))
        logger.warning("%d videos are skipped (%s); see %s", len(skipped), summary, path)


def _write(skipped: Sequence[Skipped], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(
            (one.sample.path, one.sample.split, one.code, one.reason) for one in skipped
        )
