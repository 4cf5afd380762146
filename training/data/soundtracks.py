"""Soundtracks of whole videos, decoded once: what sound is drawn from anew in every epoch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from model.common.deadline import Deadline
from model.files.atomic_file import write_atomically
from model.inputs.ffmpeg.sandbox import Deadlines
from model.inputs.probing.probe import probe
from model.inputs.sound.audio import decode_track
from model.inputs.sound.spectrogram import Waveform
from training.data.cache import InputCache
from training.data.sources.sample import Sample
from training.data.views import DECODE_SECONDS, View
from training.run.progress import in_parallel

# Below the input cache's folder.
SOUND_FOLDER = "sound"


@dataclass(frozen=True, slots=True)
class Soundtracks:
    """One file of samples (mono, at the spec's rate) for every video that has sound."""

    cache: InputCache

    def build(self, samples: Sequence[Sample], *, workers: int) -> list[Path]:
        """Decode what is missing; the files, in the order of `samples`."""
        files = [self._file(sample) for sample in samples]
        missing = [pair for pair in zip(samples, files, strict=True) if not pair[1].exists()]
        in_parallel(self._decode, missing, workers=workers, desc="soundtracks")
        return files

    def _file(self, sample: Sample) -> Path:
        """Named as the file of some view of the video, which knows its bytes and its part."""
        name = json.dumps([self.cache.file(sample, View(1)).name, "sound"])
        digest = hashlib.sha256(name.encode()).hexdigest()
        return self.cache.folder / SOUND_FOLDER / digest[:2] / f"{digest[2:32]}.npy"

    def _decode(self, job: tuple[Sample, Path]) -> None:
        sample, file = job
        samples = self._samples(sample)
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, partial(_save, samples))

    def _samples(self, sample: Sample) -> Waveform:
        limits, audio = self.cache.limits, self.cache.spec.inputs.audio
        deadlines = Deadlines.start(Deadline(DECODE_SECONDS), limits)
        info = probe(sample.path, limits=limits, deadlines=deadlines)
        track = decode_track(sample.path, info, audio, limits=limits, deadlines=deadlines)
        first = round((sample.start_seconds or 0.0) * audio.sample_rate)
        last = None
        if sample.end_seconds is not None:
            last = round(sample.end_seconds * audio.sample_rate)
        return track.samples[first:last]


def _save(samples: Waveform, path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, samples, allow_pickle=False)
