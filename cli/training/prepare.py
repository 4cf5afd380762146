"""adamml prepare: a published data set's annotations and a folder of videos to a manifest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from training.data.published import annotated as found
    from training.data.published.assembling import Assembled, Recipe

prepare = typer.Typer(
    help="Turn a published data set's annotation files and a folder of videos into a manifest.",
    no_args_is_help=True,
)

Videos = Annotated[Path, typer.Argument(help="Folder of the videos, in any folders below it.")]
Out = Annotated[Path, typer.Option(help="Manifest to write, .csv or .jsonl; replaced.")]
Holdout = Annotated[
    float, typer.Option(help="Share of the training sources that become validation.")
]
Seed = Annotated[int, typer.Option(help="Of the validation draw.")]

OUT = Path("manifest.csv")


@prepare.command("kinetics-sounds")
def kinetics_sounds(
    videos: Videos,
    annotations: Annotated[
        list[Path], typer.Argument(help="Kinetics' CSV files, such as train.csv validate.csv.")
    ],
    out: Out = OUT,
    holdout: Holdout = 0.1,
    seed: Seed = 0,
    whole_videos: Annotated[
        bool, typer.Option(help="Files are whole videos named by id, not ten-second clips.")
    ] = False,
) -> None:
    """The 31 classes of Kinetics-Sounds; clips as ID_000010_000020.mp4 or ID.mp4."""
    from training.data.published.assembling import Recipe
    from training.data.published.kinetics import read_kinetics

    recipe = Recipe(out, holdout, seed)
    _run(videos, read_kinetics(annotations, whole_videos=whole_videos), [], recipe)


@prepare.command("activitynet")
def activitynet(
    videos: Videos,
    annotations: Annotated[Path, typer.Argument(help="activity_net.v1-3.min.json")],
    out: Out = OUT,
    holdout: Holdout = 0.1,
    seed: Seed = 0,
    trimmed: Annotated[
        bool, typer.Option(help="Each annotated segment, with one label; else whole videos.")
    ] = False,
) -> None:
    """ActivityNet 1.3; whole videos have any number of labels and are measured by mAP."""
    from training.data.published.activitynet import read_activitynet
    from training.data.published.assembling import Recipe

    read = read_activitynet(annotations, trimmed=trimmed)
    recipe = Recipe(out, holdout, seed)
    _run(videos, read.annotated, read.left_out, recipe, multi_label=not trimmed)


@prepare.command("fcvid")
def fcvid(
    videos: Videos,
    splits: Annotated[Path, typer.Argument(help="FCVID_VideoName_TrainTestSplit.txt")],
    labels: Annotated[Path, typer.Argument(help="FCVID_Label.txt")],
    out: Out = OUT,
    holdout: Holdout = 0.1,
    seed: Seed = 0,
    classes: Annotated[
        Path | None, typer.Option(help="Names of the categories in order, one a line.")
    ] = None,
) -> None:
    """FCVID; any number of its 239 categories a video, measured by mAP."""
    from training.data.published.assembling import Recipe
    from training.data.published.fcvid import read_fcvid

    recipe = Recipe(out, holdout, seed)
    _run(videos, read_fcvid(splits, labels, classes), [], recipe, multi_label=True)


@prepare.command("mini-sports1m")
def mini_sports1m(
    videos: Videos,
    train: Annotated[Path, typer.Argument(help="train_minisports1m.txt")],
    test: Annotated[Path, typer.Argument(help="test_minisports1m.txt")],
    labels: Annotated[Path, typer.Argument(help="labels.txt of Sports-1M.")],
    partition: Annotated[
        list[Path] | None,
        typer.Option(help="Sports-1M's train_partition.txt and test_partition.txt, .gz or not."),
    ] = None,
    out: Out = OUT,
    holdout: Holdout = 0.1,
    seed: Seed = 0,
) -> None:
    """Mini-Sports1M; classes come from its lists, or from the partitions of Sports-1M."""
    from training.data.published.assembling import Recipe
    from training.data.published.sports1m import read_sports1m

    read = read_sports1m({"train": train, "test": test}, labels, partition or [])
    recipe = Recipe(out, holdout, seed)
    _run(videos, read.annotated, read.left_out, recipe, multi_label=True)


def _run(
    videos: Path,
    annotated: Sequence[found.Annotated],
    left_out: Sequence[found.LeftOut],
    recipe: Recipe,
    *,
    multi_label: bool = False,
) -> None:
    from training.data.published.assembling import assemble
    from training.data.published.video_index import VideoIndex

    index = VideoIndex.scan(videos)
    result = assemble(annotated, left_out, index, recipe, multi_label=multi_label)
    typer.echo(_summary(result, recipe))


def _summary(result: Assembled, recipe: Recipe) -> str:
    total, missing = result.found.total(), len(result.left_out)
    splits = ", ".join(f"{result.found[name]} {name}" for name in ("train", "val", "test"))
    lines = [f"{recipe.manifest}: {total} videos ({splits}), {result.num_labels} classes"]
    if result.without_train:
        lines.append(f"without any video in train: {', '.join(result.without_train)}")
    if missing:
        lines.append(f"{missing} of {total + missing} are left out, see {recipe.left_out_file}:")
        reasons = Counter((one.annotated.split, one.reason) for one in result.left_out)
        for (split, reason), count in sorted(reasons.items()):
            lines.append(f"  {count} of {split}: {reason}")
    return "\n".join(lines)
