"""Engine: what every stage of a run needs besides its data and settings."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from training.configuration.config import TrainConfig
from training.run.distributed import Ranks, join_ranks
from training.run.hardware import Hardware, find_hardware
from training.run.run_log import RunLog

LOCK_NAME = ".lock"


@dataclass(frozen=True, slots=True)
class Engine:
    """Where a run computes, with whom, and where it writes down what happens.

    By default alone on the CPU, in silence.
    """

    hardware: Hardware = field(default_factory=Hardware)
    ranks: Ranks = field(default_factory=Ranks)
    log: RunLog = field(default_factory=lambda: RunLog(None))

    def fingerprint(self) -> dict[str, str]:
        """What of it decides the bits of a result."""
        return {**self.hardware.fingerprint(), "processes": str(self.ranks.world)}


@contextmanager
def start_engine(config: TrainConfig) -> Iterator[Engine]:
    """Raises ValueError where a GPU is asked for and there is none, or another run is at work."""
    hardware = find_hardware(config.hardware)
    ranks = join_ranks(hardware.device)
    folder = config.output if ranks.is_main else None
    log = RunLog(folder, tensorboard=config.tensorboard)
    with run_lock(folder) if folder else nullcontext(), closing(log):
        yield Engine(hardware, ranks, log)


@contextmanager
def run_lock(folder: Path) -> Iterator[None]:
    """Holds `folder` for this process; the system lets go of it however the process ends.

    Raises:
        ValueError: another process holds it.
    """
    with (folder / LOCK_NAME).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ValueError(f"another process is training in {folder}; stop it first") from error
        yield
