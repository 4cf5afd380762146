"""The state of a stage on disk: written whole after every epoch, refused when it does not fit."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from model.files.atomic_file import write_atomically
from training.run.distributed import Ranks
from training.run.fingerprint import Fingerprint, differences

State = dict[str, Any]

# Raise it when a state of the same fingerprint would be read wrongly.
STATE_VERSION = 1


class StateError(ValueError):
    """What an earlier run left behind cannot be continued; the message says why."""


class Stateful(Protocol):
    """An optimiser, a schedule, a generator: anything that changes from epoch to epoch."""

    def state_dict(self) -> State: ...

    def load_state_dict(self, state: State) -> object: ...


@dataclass(frozen=True, slots=True)
class StageFile:
    """One stage's state at `path`, together with the fingerprint of what it depends on."""

    path: Path
    fingerprint: Fingerprint

    def load(self) -> State | None:
        """What `save` was given last; None when nothing was saved.

        Raises:
            StateError: the file is damaged, or was left by a run with another fingerprint.
        """
        if not self.path.exists():
            return None
        try:
            saved: State = torch.load(self.path, map_location="cpu", weights_only=True)
            found, state = saved["facts"], saved["state"]
        except (RuntimeError, EOFError, KeyError, pickle.UnpicklingError) as error:
            raise StateError(f"{self.path} is damaged, delete it: {error}") from error
        if different := differences(self._fingerprint(), found):
            raise StateError(
                f"{self.path} was left by another run: {different}. Restore that, choose another"
                " output, or delete the file to begin this stage anew"
            )
        return dict(state)

    def save(self, state: Mapping[str, Any]) -> None:
        """Atomically: a run killed at any moment leaves the previous epoch's state or this."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        for unfinished in self.path.parent.glob(f".{self.path.name}.*"):
            unfinished.unlink()  # by a run that was killed while it wrote
        saved = {"facts": self._fingerprint(), "state": dict(state)}
        write_atomically(self.path, lambda path: torch.save(saved, path))

    def _fingerprint(self) -> dict[str, str]:
        versions = {"state_version": str(STATE_VERSION), "torch": str(torch.__version__)}
        return {**versions, **self.fingerprint}


class Resumable:
    """The parts that together make up a stage between two epochs."""

    def __init__(self, file: StageFile | None, parts: Mapping[str, Stateful], ranks: Ranks) -> None:
        """Without a file nothing is restored, and nothing saved."""
        self.file = file
        self.parts = parts
        self.ranks = ranks

    def restore(self) -> int:
        """Bring all parts to where the last saved epoch left them; the number of epochs done."""
        if self.file is None:
            return 0
        state = self.ranks.from_main(self.file.load)
        if state is None:
            return 0
        for name, part in self.parts.items():
            part.load_state_dict(state["parts"][name])
        return int(state["epochs_done"])

    def save(self, epochs_done: int) -> None:
        """Every rank takes part; the main one writes."""
        if self.file is None:
            return
        parts = {name: part.state_dict() for name, part in self.parts.items()}
        if self.ranks.is_main:
            self.file.save({"epochs_done": epochs_done, "parts": parts})
