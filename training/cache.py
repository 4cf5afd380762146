"""The input cache: every view of every video decoded once, one file each, resumable."""

from __future__ import annotations

import functools
import hashlib
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from model.atomic_file import write_atomically
from model.errors import VideoError
from model.runtime.base import InputArray
from model.spec import ModelSpec
from training.manifest import Sample
from training.views import View, extract

logger = logging.getLogger(__name__)

# Goes into every key: raise it when the arrays of an unchanged spec change.
INPUTS_VERSION = 1


@dataclass(frozen=True, slots=True)
class InputCache:
    """Files under `folder`, keyed by the video (its name and bytes), the view, and every part of
    the spec that shapes inputs. A changed video or spec is decoded anew; a copied, moved or
    touched one is not."""

    folder: Path
    spec: ModelSpec

    def file(self, sample: Sample, view: View) -> Path:
        state = sample.path.stat()
        # The name, because a view's random draw depends on it.
        video = [sample.path.name, _digest(sample.path, state.st_size, state.st_mtime_ns)]
        name = json.dumps([*video, view.name, self._inputs_key()])
        key = hashlib.sha256(name.encode()).hexdigest()
        return self.folder / key[:2] / f"{key[2:32]}.npz"

    def _inputs_key(self) -> str:
        networks = [
            (modality.name, modality.recognizer.frames, modality.proxy, modality.policy.frames)
            for modality in self.spec.modalities
        ]
        return f"{INPUTS_VERSION} {self.spec.inputs.model_dump_json()} {networks}"

    def build(
        self, samples: Sequence[Sample], views: Iterable[View], *, workers: int
    ) -> list[Sample]:
        """Decode what is missing; the samples that have every view, the others reported."""
        jobs = [(sample, view) for view in views for sample in samples]
        with ThreadPoolExecutor(workers) as pool:
            done = list(
                tqdm(
                    pool.map(lambda job: self._ensure(*job), jobs),
                    total=len(jobs),
                    desc="decode",
                    disable=None,
                )
            )
        bad = {sample.path for (sample, _), good in zip(jobs, done, strict=True) if not good}
        return [sample for sample in samples if sample.path not in bad]

    def _ensure(self, sample: Sample, view: View) -> bool:
        try:
            file = self.file(sample, view)
            if not file.exists():
                arrays = extract(sample.path, self.spec, view)
                file.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(file, lambda path: _save(path, arrays))
        except (VideoError, FileNotFoundError) as error:
            logger.warning("%s is skipped: %s", sample.path, error)
            return False
        return True

    def load(self, sample: Sample, view: View, stream: str) -> NDArray[np.generic]:
        """One array of a view, see `views.extract`; FileNotFoundError before `build`."""
        with np.load(self.file(sample, view), allow_pickle=False) as arrays:
            array: NDArray[np.generic] = arrays[stream]
        return array


@functools.cache
def _digest(path: Path, size: int, changed_ns: int) -> str:
    """Of the file's bytes; read once per size and time of change."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _save(path: Path, arrays: Mapping[str, InputArray]) -> None:
    """Spectrograms in half precision: their noise is larger than what that loses."""
    small = {
        name: array.astype(np.float16) if array.dtype == np.float32 else array
        for name, array in arrays.items()
    }
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **small)
