"""Writing pictures so that the same figures give the same file."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

# By modality; apart for eyes that confuse red and green, too (Okabe and Ito).
COLOURS = {"rgb": "#0072B2", "flow": "#E69F00", "audio": "#009E73"}


def new_figure(width: float, height: float) -> Figure:
    """In inches."""
    return Figure(figsize=(width, height), layout="constrained")


def save(figure: Figure, path: Path) -> None:
    """As PNG or SVG, by the ending; without the date."""
    metadata = {"Date": None} if path.suffix == ".svg" else None
    figure.savefig(path, dpi=120, metadata=metadata)
