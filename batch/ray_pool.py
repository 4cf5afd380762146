"""The same rows by Ray Data: paths in, an actor a model, on as many machines as the cluster has."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from batch.inputs import Video
from batch.job import Job
from batch.rows import Row
from batch.worker import JobError, fetched, load, row_of

# Few, so that little is done again when an actor dies, and the last ones do not wait for one.
VIDEOS_PER_TASK = 4


def rows_by_ray(
    videos: Iterable[Video], *, job: Job, address: str, actors: int | None
) -> Iterator[Row]:
    """One row a video, as they are done, with up to `actors` actors of one core each; None: as
    many as the cluster has cores. `address` "local": a cluster of this machine alone, for as
    long as it takes. Local paths and the model must be there on every machine.

    An actor that dies is replaced and its videos tried again, by Ray.

    Raises:
        JobError: what is wrong with the job, as an actor met it.
        ConnectionError: there is no cluster at `address`.
    """
    import ray
    import ray.data

    items = [{"path": video.path, "place": video.place} for video in videos]
    if not items:
        return
    # Unless asked, nobody is told of anything; progress is told of by us.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    logging.getLogger("ray.data").setLevel(logging.WARNING)
    ray.data.DataContext.get_current().enable_progress_bars = False
    with ray.init(address=address, log_to_driver=False, logging_level=logging.WARNING):
        most = actors or max(1, int(ray.cluster_resources().get("CPU", 1)))
        try:
            yield from _rows(items, job, most)
        except ray.exceptions.RayTaskError as error:
            raise JobError(str(error.cause)) from error


def _rows(items: list[dict[str, str]], job: Job, most: int) -> Iterator[Row]:
    import ray

    blocks = -(-len(items) // VIDEOS_PER_TASK)
    answered = ray.data.from_items(items, override_num_blocks=blocks).map(
        RayWorker,
        fn_constructor_args=(job,),
        # A decoder works while its actor waits, and the other way round: one core for both.
        num_cpus=1,
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=most),
    )
    for item in answered.iter_rows():
        row: Row = json.loads(item["row"])
        yield row


class RayWorker:
    """An actor: one process, one core, one classifier."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._classifier = load(job)

    def __call__(self, item: dict[str, Any]) -> dict[str, str]:
        """As JSON, since Arrow would have all rows of a block alike, problems as answers."""
        video = Video(item["path"], item["place"])
        row = row_of(self._classifier, self._job, video, partial(fetched, video))
        return {"row": json.dumps(row)}
