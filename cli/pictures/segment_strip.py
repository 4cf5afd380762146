"""The strip of a video's segments with what was chosen in each: the paper's Figure 3."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cli.pictures.thumbnails import Thumbnail
from model.inference.classification import Classification, SegmentResult
from model.spec.model_spec import MODALITIES, Modality

# More are drawn as a choice of them, evenly spaced.
MAX_SEGMENTS = 24
# Apart for eyes that confuse red and green, too (Okabe and Ito).
COLOURS = {"rgb": "#0072B2", "flow": "#E69F00", "audio": "#009E73"}
_SKIPPED, _EDGE, _INK = "#F1F1F1", "#C4C4C4", "#222222"
_ROW = 0.36  # inches
_COLUMN = 1.5


def draw_strip(
    result: Classification, thumbnails: Sequence[Thumbnail | None], path: Path, *, title: str
) -> None:
    """Write a picture of the kind that `path` ends in: .png, .svg or .pdf."""
    segments = result.segments
    names = [name for name in MODALITIES if name in segments[0].modalities]
    columns = max(len(segments), 4)
    width = _COLUMN * columns + 0.9
    picture = max((one.shape[0] / one.shape[1] for one in thumbnails if one is not None), default=0)
    picture_inches = min(_COLUMN * picture, 2 * _COLUMN) or 0.3
    height = picture_inches + _ROW * len(names) + 1.5
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes(
        (0.8 / width, 0.5 / height, (width - 0.9) / width, (height - 1.2) / height)
    )
    axes.set(xlim=(0, columns), ylim=(_ROW * len(names) + 0.32, -picture_inches), aspect="auto")
    axes.axis("off")
    for column, (segment, thumbnail) in enumerate(zip(segments, thumbnails, strict=True)):
        _draw_picture(axes, column, thumbnail, picture_inches)
        _draw_choices(axes, column, segment, names)
    for row, name in enumerate(names):
        axes.text(
            -0.06, _ROW * row + 0.04 + (_ROW - 0.05) / 2, name, ha="right", va="center", fontsize=10
        )
    figure.text(0.1 / width, 1 - 0.3 / height, title, fontsize=12, weight="bold", va="center")
    figure.text(0.1 / width, 0.2 / height, _summary(result), fontsize=9, va="center", color=_INK)
    figure.savefig(path, dpi=110, metadata={"Date": None} if path.suffix == ".svg" else None)


def evenly(count: int, most: int = MAX_SEGMENTS) -> list[int]:
    """Indices of at most `most` of `count`: of 5 at most 3 are [0, 2, 4]."""
    if count <= most:
        return list(range(count))
    return [round(one * (count - 1) / (most - 1)) for one in range(most)]


def _draw_picture(axes: Axes, column: int, thumbnail: Thumbnail | None, height: float) -> None:
    left, right = column + 0.02, column + 0.98
    if thumbnail is None:
        axes.add_patch(Rectangle((left, -height), 0.96, height - 0.04, color=_SKIPPED, lw=0))
        axes.text(column + 0.5, -height / 2, "no frame", ha="center", va="center", fontsize=8)
        return
    # Portrait pictures keep their shape: they are narrower than the column.
    wanted = thumbnail.shape[1] / thumbnail.shape[0] * height / _COLUMN
    if wanted < right - left:
        left, right = column + 0.5 - wanted / 2, column + 0.5 + wanted / 2
    axes.imshow(thumbnail, extent=(left, right, -0.04, -height), aspect="auto")


def _draw_choices(axes: Axes, column: int, segment: SegmentResult, names: list[Modality]) -> None:
    for row, name in enumerate(names):
        decision = segment.modalities[name]
        is_selected = decision.decision == "selected"
        face = COLOURS[name] if is_selected else _SKIPPED
        hatch = "////" if decision.decision == "unavailable" else None
        top = _ROW * row + 0.04
        box = Rectangle((column + 0.02, top), 0.96, _ROW - 0.05, fc=face, ec=_EDGE, lw=0.6)
        box.set_hatch(hatch)  # type: ignore[arg-type]
        axes.add_patch(box)
        if decision.probability is not None:
            colour = "white" if is_selected and name != "flow" else _INK
            words = f"p {decision.probability:.3f}"
            middle = top + (_ROW - 0.05) / 2
            axes.text(
                column + 0.5, middle, words, ha="center", va="center", fontsize=8, color=colour
            )
    span = f"{segment.start_seconds:.1f} - {segment.end_seconds:.1f} s"
    axes.text(column + 0.5, _ROW * len(names) + 0.18, span, ha="center", va="center", fontsize=8)


def _summary(result: Classification) -> str:
    compute = result.compute
    return (
        "coloured: computed   grey: skipped   hatched: unavailable   p: of keeping   "
        f"threshold {result.threshold:.3f}   "
        f"{compute.macs / 1e9:.2f} of {compute.macs_dense / 1e9:.2f} GFLOPs"
        f" ({compute.saved_ratio:.0%} saved)"
    )
