"""What a panel shows, apart from how it is drawn."""

from __future__ import annotations

from dataclasses import dataclass

# The colour below the first limit, then each limit with the colour from there on.
Thresholds = tuple[str, tuple[tuple[float, str], ...]]
NO_LIMIT: Thresholds = ("green", ())


def above(limit: float, *, colour: str = "red") -> Thresholds:
    """Bad from `limit` on."""
    return "green", ((limit, colour),)


@dataclass(frozen=True, slots=True)
class Query:
    """`legend` may name labels in double braces; in a table it is the column's name."""

    expression: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """Alerts link to `id`, so it stays when panels move.

    Width is in 24ths of the dashboard, height in rows of 30 pixels.
    """

    id: int
    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    thresholds: Thresholds = NO_LIMIT
    width: int = 12
    height: int = 8
    minimum: float | None = 0
    maximum: float | None = None
    decimals: int | None = None
