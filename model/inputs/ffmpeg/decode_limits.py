"""DecodeLimits: what one video may cost before it is refused."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """All must be positive; the defaults suit a public service.

    `max_pixels` is width times height of a coded frame. `wall_seconds` bounds all decoding of one
    video together; `cpu_seconds` and `memory_bytes` (address space) bound each child process.
    """

    max_duration_seconds: float = 21_600.0
    max_pixels: int = 4096 * 2304
    wall_seconds: float = 60.0
    cpu_seconds: int = 120
    memory_bytes: int = 3 * 1024**3

    @classmethod
    def with_ceilings(cls, duration_seconds: float | None, pixels: int | None) -> DecodeLimits:
        """The defaults, but for what is given."""
        limits = cls()
        return replace(
            limits,
            max_duration_seconds=duration_seconds or limits.max_duration_seconds,
            max_pixels=pixels or limits.max_pixels,
        )

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not value > 0:
                raise ValueError(f"{field.name} is {value}; it must be above 0")
