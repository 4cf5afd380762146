"""What happens in a run, as JSON lines and for TensorBoard."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

logger = logging.getLogger(__name__)

LOG_NAME = "log.jsonl"
TENSORBOARD_FOLDER = "tensorboard"

# A number, a word, or numbers by name ({"rgb": 0.5}); None where there is nothing to say.
Value = float | str | Mapping[str, float] | None


class Where(NamedTuple):
    """A moment of a run; `epoch` counts within its stage, `step` within the epoch."""

    stage: str
    epoch: int
    step: int | None = None

    def __str__(self) -> str:
        step = "" if self.step is None else f", step {self.step}"
        return f"{self.stage}, epoch {self.epoch}{step}"


class RunLog:
    """One JSON object a line for every step and every epoch, with the stage that it belongs to.

    Part of a stage's state: a resumed run first cuts off what was written after the last saved
    epoch, so the file reads as if it had never been interrupted. TensorBoard's files cannot be cut;
    the same points are written again over the old ones.
    """

    def __init__(self, folder: Path | None, *, tensorboard: bool = True) -> None:
        """Without a folder nothing is written."""
        self._path = folder / LOG_NAME if folder else None
        self._tensorboard = folder / TENSORBOARD_FOLDER if folder and tensorboard else None
        self._writer: SummaryWriter | None = None
        self._position = 0  # where the next line goes
        self._is_cut = False

    def step(self, where: Where, **values: Value) -> None:
        self._write("step", where, values)

    def epoch(self, where: Where, **values: Value) -> None:
        """Shown by TensorBoard as well, below the stage's name, and told in one line."""
        self._write("epoch", where, values)
        if self._path is not None:
            told = ", ".join(f"{name} {number:.4g}" for name, number in _numbers(values))
            logger.info("%s: %s", where, told)
        if self._tensorboard is None:
            return
        writer = self._open_tensorboard(self._tensorboard)
        for name, number in _numbers(values):
            writer.add_scalar(f"{where.stage}/{name}", number, where.epoch)
        writer.flush()

    def state_dict(self) -> dict[str, Any]:
        return {"path": self._identity(), "position": self._position}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Another file's position, of a run that this one shares a stage with, says nothing."""
        if state["path"] == self._identity():
            self._position = state["position"]

    def close(self) -> None:
        if self._writer:
            self._writer.close()

    def _write(self, kind: str, where: Where, values: Mapping[str, Value]) -> None:
        if self._path is None:
            return
        record: dict[str, Any] = {"kind": kind, "stage": where.stage, "epoch": where.epoch}
        if where.step is not None:
            record["step"] = where.step
        line = json.dumps({**record, **values}) + "\n"
        self._cut(self._path)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line)
        self._position += len(line.encode())

    def _identity(self) -> str:
        return str(self._path.resolve()) if self._path else ""

    def _cut(self, path: Path) -> None:
        """Once, before the first line is written: lines after the last saved epoch go."""
        if self._is_cut:
            return
        self._is_cut = True
        path.touch()
        self._position = min(self._position, path.stat().st_size)
        with path.open("r+b") as file:
            file.truncate(self._position)

    def _open_tensorboard(self, folder: Path) -> SummaryWriter:
        if self._writer is None:
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(folder))
        return self._writer


def _numbers(values: Mapping[str, Value]) -> Iterator[tuple[str, float]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}/{key}", number) for key, number in value.items())
        elif isinstance(value, int | float):
            yield name, value
