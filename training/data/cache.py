"""The input cache: every view of every video decoded once, resumable; what had to be skipped."""

from __future__ import annotations

import csv
import functools
import hashlib
import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.common.errors import ClassificationError
from model.files.atomic_file import write_atomically
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.spec.input_spec import InputArray
from model.spec.model_spec import ModelSpec
from training.data.clip import Clip
from training.data.sources.sample import Sample
from training.data.views import DEFAULT_LIMITS, View, extract_all
from training.run.progress import in_parallel

logger = logging.getLogger(__name__)

COLUMNS = ("path", "split", "code", "reason")
# In the log; the file names them all.
MOST_NAMED = 20
# Of one video, decoded in one pass; at the paper's size their frames and flow take half a GiB.
SEGMENTS_AT_ONCE = 32
# Goes into every key: raise it when the arrays of an unchanged spec change.
INPUTS_VERSION = 2

Item = tuple[Sample, View]


@dataclass(frozen=True, slots=True)
class Built:
    """The samples that have every view, and those that could not be decoded."""

    samples: tuple[Sample, ...]
    skipped: tuple[Skipped, ...]


@dataclass(frozen=True, slots=True)
class InputCache:
    """Files under `folder`, keyed by the video (its name and bytes), the part of it, the view, and
    every part of the spec that shapes inputs. A changed video or spec is decoded anew; a copied,
    moved or touched one is not."""

    folder: Path
    spec: ModelSpec
    limits: DecodeLimits = DEFAULT_LIMITS

    def file(self, sample: Sample, view: View) -> Path:
        state = sample.path.stat()
        # The name, because a view's random draw depends on it.
        video = [sample.path.name, _digest(sample.path, state.st_size, state.st_mtime_ns)]
        part = [sample.start_seconds, sample.end_seconds] if sample.is_trimmed else []
        name = json.dumps([*video, view.name, self._inputs_key(), *part])
        key = hashlib.sha256(name.encode()).hexdigest()
        return self.folder / key[:2] / f"{key[2:32]}.npz"

    def _inputs_key(self) -> str:
        networks = [
            (modality.name, modality.recognizer.frames, modality.proxy, modality.policy.frames)
            for modality in self.spec.modalities
        ]
        return f"{INPUTS_VERSION} {self.spec.inputs.model_dump_json(exclude_none=True)} {networks}"

    def build(
        self, samples: Sequence[Sample], views: Iterable[View], *, workers: int, name: str = ""
    ) -> Built:
        """Decode what is missing, `workers` videos at a time; bad files are left out and told.

        Raises:
            ValueError: not one of the videos could be decoded.
        """
        jobs = [(sample, view) for view in views for sample in samples]
        found = in_parallel(self._find, jobs, workers=workers, desc=f"look up {name}".strip())
        missing: dict[Sample, list[View]] = {}
        for (sample, view), there in zip(jobs, found, strict=True):
            if there is False:
                missing.setdefault(sample, []).append(view)
        decoded = in_parallel(
            self._decode,
            [(sample, some) for sample, its in missing.items() for some in _portions(its)],
            workers=workers,
            desc=f"decode {name}".strip(),
            unit="video",
        )
        return _built(samples, [one for one in (*found, *decoded) if isinstance(one, Skipped)])

    def present(self, samples: Sequence[Sample], views: Sequence[View]) -> tuple[Sample, ...]:
        """Those that have every view, without decoding any."""
        return tuple(
            sample for sample in samples if all(self._find((sample, v)) is True for v in views)
        )

    def _find(self, job: Item) -> bool | Skipped:
        try:
            return self.file(*job).exists()
        except OSError as error:
            return Skipped.because(job[0], error)

    def _decode(self, job: tuple[Sample, Sequence[View]]) -> Skipped | None:
        """None when all went well. What goes wrong with the cache's own files is raised."""
        sample, views = job
        extracted = extract_all(sample.path, self.spec, views, Clip.of(sample), limits=self.limits)
        for _ in views:
            try:
                view, arrays = next(extracted)
                file = self.file(sample, view)
            except (ClassificationError, OSError) as error:
                return Skipped.because(sample, error)
            file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(file, partial(_save, arrays))
        return None

    def load(self, sample: Sample, view: View, stream: str) -> NDArray[np.generic]:
        """One array of a view, see `views.extract`; FileNotFoundError before `build`."""
        with np.load(self.file(sample, view), allow_pickle=False) as arrays:
            array: NDArray[np.generic] = arrays[stream]
        return array


def _portions(views: Sequence[View]) -> Iterator[list[View]]:
    """So many at a time that their frames fit in memory."""
    portion: list[View] = []
    for view in views:
        if portion and sum(one.segments for one in portion) + view.segments > SEGMENTS_AT_ONCE:
            yield portion
            portion = []
        portion.append(view)
    yield portion


def _built(samples: Sequence[Sample], skipped: Sequence[Skipped]) -> Built:
    """Of a video whose views fail one by one, the first reason is kept."""
    reasons: dict[Sample, Skipped] = {}
    for one in skipped:
        reasons.setdefault(one.sample, one)
    good = tuple(sample for sample in samples if sample not in reasons)
    if samples and not good:
        first = next(iter(reasons.values()))
        raise ValueError(
            f"none of the {len(samples)} videos could be decoded; the first:"
            f" {first.sample.path}: {first.code}: {first.reason}"
        )
    return Built(good, tuple(reasons.values()))


@functools.cache
def _digest(path: Path, size: int, changed_ns: int) -> str:
    """Of the file's bytes; read once per size and time of change."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _save(arrays: Mapping[str, InputArray], path: Path) -> None:
    """Spectrograms in half precision: their noise is larger than what that loses."""
    small = {
        name: array.astype(np.float16) if array.dtype == np.float32 else array
        for name, array in arrays.items()
    }
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **small)


@dataclass(frozen=True, slots=True)
class Skipped:
    """`code` is the error's public code, as the service answers it, or "unreadable"."""

    sample: Sample
    code: str
    reason: str

    @classmethod
    def because(cls, sample: Sample, error: Exception) -> Skipped:
        return cls(sample, getattr(error, "code", "unreadable"), str(error))


def report_skipped(skipped: Sequence[Skipped], path: Path) -> None:
    """Write `path`, replacing what an earlier run left there; a summary goes to the log."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, partial(_write, skipped))
    for one in skipped[:MOST_NAMED]:
        logger.warning("%s is skipped: %s: %s", one.sample.path, one.code, one.reason)
    if skipped:
        counts = Counter(one.code for one in skipped)
        summary = ", ".join(f"{count} {code}" for code, count in sorted(counts.items()))
        logger.warning("%d videos are skipped (%s); see %s", len(skipped), summary, path)


def _write(skipped: Sequence[Skipped], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(
            (one.sample.path, one.sample.split, one.code, one.reason) for one in skipped
        )
