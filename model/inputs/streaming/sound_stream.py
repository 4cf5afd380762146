"""SoundStream: the sound of a video's segments in order of time, decoded as it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from model.common.deadline import Deadline
from model.inputs.ffmpeg.continuous import ContinuousPipeline
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.sandbox import Deadlines
from model.inputs.probing.video_info import VideoInfo
from model.inputs.sound.audio import CANCELLED_RATIO, QUIET_POWER
from model.inputs.sound.sound_decoder import BYTES_PER_SAMPLE, SoundDecoder, Stretch
from model.inputs.sound.spectrogram import Waveform
from model.inputs.streaming.frame_stream import limits_of_stream
from model.spec.input_spec import AudioSpec

# The mix, and the first channel alone.
_COLUMNS = 2
# A window that overhangs the end is moved back by up to its own length.
_WINDOWS_KEPT = 3

Samples = NDArray[np.float32]  # (n, 2): the mix, and the first channel alone.


class SampleSource(Protocol):
    """Where samples come from, in order."""

    def read(self, count: int) -> Samples:
        """So many; fewer only at the end."""
        ...


class SoundTrack:
    """A SampleSource, and a context: the sound of a file. Raises what ContinuousPipeline raises."""

    def __init__(
        self,
        path: Path,
        info: VideoInfo,
        spec: AudioSpec,
        *,
        limits: DecodeLimits,
        deadline: Deadline,
    ) -> None:
        limits = limits_of_stream(limits, info.duration_seconds)
        decoder = SoundDecoder(path, info, spec, limits, Deadlines.start(deadline, limits))
        self._pipeline = ContinuousPipeline(
            decoder.track_commands(), limits=limits, deadline=deadline, on_lines=lambda _: None
        )

    def __enter__(self) -> SoundTrack:
        return self

    def __exit__(self, *error: object) -> None:
        self._pipeline.__exit__(None, None, None)

    def read(self, count: int) -> Samples:
        content = self._pipeline.read(count * _COLUMNS * BYTES_PER_SAMPLE)
        whole = len(content) // (_COLUMNS * BYTES_PER_SAMPLE) * _COLUMNS
        samples: Samples = np.frombuffer(content, dtype="<f4", count=whole)
        return np.nan_to_num(samples, posinf=0.0, neginf=0.0).reshape(-1, _COLUMNS)


class SoundStream:
    """Windows of a SampleSource, each no earlier than the one before."""

    def __init__(self, source: SampleSource, spec: AudioSpec) -> None:
        self._source, self._spec = source, spec
        self._kept: Samples = np.zeros((0, _COLUMNS), dtype=np.float32)
        self._first = 0  # Number of the first sample that is kept.
        self._is_over = False
        self.has_cancelled = False

    @property
    def num_samples(self) -> int:
        """So many have come."""
        return self._first + len(self._kept)

    def window(self, start_seconds: float) -> Waveform | None:
        """As `Stretch.cut`: the window from there, moved back where the sound ends sooner; None
        where it lies beyond the end."""
        until = round(start_seconds * self._spec.sample_rate) + self._spec.num_samples
        self._read(until)
        rate = self._spec.sample_rate
        mixed, first = (
            Stretch(self._first / rate, self._kept[:, column]).cut(start_seconds, self._spec)
            for column in range(_COLUMNS)
        )
        if mixed is not None and first is not None and _cancels(mixed, first):
            self.has_cancelled = True
            return first
        return mixed

    def _read(self, until: int) -> None:
        """Samples up to number `until`; long before it they are let go."""
        if until <= self.num_samples or self._is_over:
            return
        wanted = until - self.num_samples
        come = self._source.read(wanted)
        self._is_over = len(come) < wanted
        kept = np.concatenate([self._kept, come])
        surplus = max(0, len(kept) - _WINDOWS_KEPT * self._spec.num_samples)
        self._kept, self._first = kept[surplus:], self._first + surplus


def _cancels(mixed: Waveform, first: Waveform) -> bool:
    power, alone = (float(np.mean(np.square(one, dtype=np.float64))) for one in (mixed, first))
    return power < QUIET_POWER and alone > CANCELLED_RATIO * power
