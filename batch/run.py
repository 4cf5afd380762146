"""One run of a batch: what is not done yet, from INPUT to parts in OUTPUT."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from batch.formats import FormatName
from batch.inputs import Shard, Video, find_videos
from batch.job import Job
from batch.output_folder import open_folder
from batch.parts import Parts
from batch.pool import Pool
from batch.progress import progress
from batch.rows import Row
from batch.tally import Tally
from model.common.cores import num_cores

logger = logging.getLogger(__name__)

# From videos to their rows, in any order.
RowsOf = Callable[[Iterable[Video]], Iterator[Row]]


@dataclass(frozen=True, slots=True)
class Batch:
    """`workers` None: one for each core that may be used, with `ray` of the cluster
    at that address."""

    source: str
    output: str
    job: Job = field(default_factory=Job)
    format_name: FormatName = "jsonl"
    shard: Shard = field(default_factory=Shard)
    workers: int | None = None
    ray: str | None = None


def _rows_of(batch: Batch, pool: Pool) -> RowsOf:
    if batch.ray is None:
        return pool.rows
    from batch.ray_pool import rows_by_ray

    return partial(rows_by_ray, job=batch.job, address=batch.ray, actors=batch.workers)


def run_batch(batch: Batch, rows_of: RowsOf | None = None) -> dict[str, Any]:
    """Classify what has no row yet; returns the summary. `rows_of` replaces this machine's pool.

    Raises:
        OSError: INPUT cannot be read, OUTPUT not written, or another process is at this shard.
        ValueError: INPUT holds no videos, or OUTPUT's rows were made with other settings.
        JobError: the model or an option cannot be used.
    """
    pool = Pool(batch.job, batch.workers or num_cores())
    found = find_videos(batch.source, batch.shard)
    folder, identity = open_folder(batch.output), batch.job.identity()
    parts = Parts(folder, batch.format_name, batch.shard, identity=identity)
    parts.require_identity()
    with parts.writer() as writer:
        done = parts.done()
        videos = [video for video in found.videos if video.path not in done]
        before = len(found.videos) - len(videos)
        logger.info("%d videos, of which %d are done", len(found.videos), before)
        tally = Tally()
        with progress(tally, total=len(found.videos), before=before) as shown:
            for row in (rows_of or _rows_of(batch, pool))(videos):
                writer.add(row)
                tally.add(row)
                shown.update()
    return {
        **tally.document(),
        "videos_before": before,
        "paths_repeated": found.repeated,
        "workers_replaced": pool.num_replaced,
    }
