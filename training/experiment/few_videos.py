"""The usual case: sixty clips of two classes. Does the choice hold on other clips, and the promise?

python -m training.experiment.few_videos MANIFEST CONFIG OUTPUT [DRAWS]
"""

from __future__ import annotations

import csv
import json
import logging
import random
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from model.files.atomic_file import write_atomically
from model.inference.loading import load_runtime
from model.inference.operating_points import dense_gflops, served_point
from model.spec.model_spec import ModelSpec
from training.configuration.config import TrainConfig, read_config
from training.data.sources.manifest import Sample, read_manifest
from training.evaluation.frontier import Frontier, measure_frontier
from training.experiment.markdown import count_near, count_of
from training.experiment.results import FOLDER, write_results
from training.train import train

logger = logging.getLogger(__name__)

CLASSES = 2
CLIPS = 30


def draw(samples: Sequence[Sample], seed: int) -> tuple[list[Sample], list[Sample]]:
    """CLIPS clips of each of CLASSES classes, and as many others of them from other sources.

    Raises ValueError where too few classes have so many clips.
    """
    of_label: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        of_label[sample.label].append(sample)
    large = sorted(label for label, some in of_label.items() if len(some) >= CLIPS * 4 // 3)
    if len(large) < CLASSES:
        raise ValueError(f"classes of {CLIPS * 4 // 3} clips: {large}; {CLASSES} are needed")
    draws = random.Random(seed)
    mine: list[Sample] = []
    others: list[Sample] = []
    for label in draws.sample(large, CLASSES):
        few, rest = _by_source(of_label[label], draws)
        mine += few
        others += rest
    return mine, others


def _by_source(
    samples: Sequence[Sample], draws: random.Random
) -> tuple[list[Sample], list[Sample]]:
    """Whole sources until there are CLIPS clips, and at most CLIPS of the sources that are left."""
    groups = sorted({sample.group for sample in samples})
    order = {group: place for place, group in enumerate(draws.sample(groups, len(groups)))}
    ordered = sorted(samples, key=lambda sample: (order[sample.group], str(sample.path)))
    few = ordered[:CLIPS]
    seen = {sample.group for sample in few}
    return few, [sample for sample in ordered[CLIPS:] if sample.group not in seen][:CLIPS]


def run(manifest: Path, config: Path, output: Path, seed: int) -> dict[str, Any]:
    """Draw, train, and measure on the others; what is there already is not done again."""
    done = output / f"draw{seed}.json"
    if not done.exists():
        text = json.dumps(_measured(manifest, config, output, seed))
        write_atomically(done, lambda path: path.write_text(text))
    return dict(json.loads(done.read_text()))


def _measured(manifest: Path, config: Path, output: Path, seed: int) -> dict[str, Any]:
    mine, others = draw(read_manifest(manifest, for_training=False).samples, seed)
    folder = output / f"draw{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    _write_manifest(folder / "mine.csv", mine)
    runtime = load_runtime(train(_config(config, folder, output / "cache", seed)))
    return _row(runtime.spec, measure_frontier(runtime, others, segments=()), seed)


def _config(path: Path, folder: Path, cache: Path, seed: int) -> TrainConfig:
    config = read_config(path)
    data = config.data.model_copy(update={"manifest": folder / "mine.csv", "cache": cache})
    changes = {"data": data, "output": folder / "run", "seed": seed, "tensorboard": False}
    return config.model_copy(update=changes)


def _write_manifest(path: Path, samples: Sequence[Sample]) -> None:
    """Without splits: they are drawn as of any user's clips."""
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "label", "group"])
        rows.writerows([s.path.resolve(), s.label, s.group] for s in samples)


def _row(spec: ModelSpec, frontier: Frontier, seed: int) -> dict[str, Any]:
    served = frontier.served
    point = served_point(spec)
    if point is None:
        raise ValueError(f"{spec.name} has no curve")
    dense = list(served.rows)[-1]
    return {
        "draw": seed,
        "labels": list(spec.labels),
        "others": served.num_videos,
        "validation_videos": point.videos,
        "promise": point.model_dump(),
        "rows": {name: score.accuracy for name, score in served.rows.items()},
        "gflops": served.rows["adaptive"].gflops,
        "gflops_dense": dense_gflops(spec),
        "selection": served.rows["adaptive"].selection,
        "differences": {name: one._asdict() for name, one in served.differences().items()},
        "dense": dense,
        "curve": [one.as_dict() for one in frontier.adaptive],
    }


def summary(data: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What it must show: not below dense by more than the paired interval, promises kept."""
    against = [row["differences"].get(row["dense"]) for row in rows]
    points = [one for row in rows for one in row["curve"]]
    kept, near = count_of(points, "yes"), count_near(points)
    below = sum(one is not None and one["high"] < 0 for one in against)
    return {
        "title": f"Few videos: {CLASSES * CLIPS} clips of {CLASSES} classes, drawn from {data}",
        "about": f"{below} of {len(rows)} draws below dense by more than the paired interval;"
        f" {kept} of {len(points)} points of the curves measured within the accuracy that they"
        f" promise, {near} within 5 % of the GFLOPs.",
        "few_videos": list(rows),
    }


def main(manifest: Path, config: Path, output: Path, draws: int) -> None:
    data = manifest.parent.name
    found = summary(data, [run(manifest, config, output, seed) for seed in range(draws)])
    logger.info("%s", {key: value for key, value in found.items() if key != "few_videos"})
    write_results(FOLDER, f"few_videos_{data}", found)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    places = [Path(argument) for argument in sys.argv[1:4]]
    main(places[0], places[1], places[2], int(sys.argv[4]) if len(sys.argv) > 4 else 5)
