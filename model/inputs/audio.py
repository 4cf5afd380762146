"""Sound of the segments: decoding it, aligned with the pictures, and what is heard in each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model.answer_warning import AnswerWarning
from model.input_spec import AudioSpec, InputSpec
from model.inputs.cage import Patience, run_caged
from model.inputs.ffmpeg import compile_command, open_input
from model.inputs.limits import DecodeLimits
from model.inputs.segments import Plan
from model.inputs.spectrogram import Spectrogram, Waveform, spectrogram
from model.inputs.video import VideoInfo

# Sound decodes so fast that one process and its seek cost as much as a minute of it.
MERGE_SECONDS = 60.0
# Less sound than this in all is as good as none.
MIN_SECONDS = 0.1
BYTES_PER_SAMPLE = 4
# Time stamps that are off by more than this are followed; less is rounding and jitter.
MAX_SHIFT_SECONDS = 0.03
# Containers without time stamps: those of sound are guessed from sizes, and often badly.
UNTIMED = ("avi",)
_FIRST = re.compile(r"^\[info\] (-?\d+\.\d+)$", re.M)


@dataclass(frozen=True, slots=True)
class Sound:
    """One spectrogram a segment, None where there is no sound, and what was wrong."""

    spectrograms: tuple[Spectrogram | None, ...]
    warnings: tuple[AnswerWarning, ...]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Sound decoded in one go: samples from `start_seconds` of the video's time axis on."""

    start_seconds: float
    samples: Waveform

    def cut(self, start_seconds: float, spec: AudioSpec) -> Waveform | None:
        """The window from `start_seconds`; moved to end with the sound when it overhangs.

        None when the window lies beyond the sound altogether. Sound shorter than a window
        repeats, as in the published system.
        """
        if len(self.samples) == 0:
            return None
        first = round((start_seconds - self.start_seconds) * spec.sample_rate)
        if first >= len(self.samples):
            return None
        first = max(0, min(first, len(self.samples) - spec.num_samples))
        window = self.samples[first : first + spec.num_samples]
        return np.resize(window, spec.num_samples)


def window_start(plan: Plan, index: int, inputs: InputSpec) -> float:
    """Seconds: the window is centred on the middle of the segment's used frames, from 0 on.

    At paper size and 25 frames/s the used frames are 0, 4, .., 28 and the middle is frame 14,
    0.56 s after the segment's start, so the first window would begin at -0.08 and begins at 0.
    """
    segment = plan.segments[index]
    middle = segment.first_frame + (inputs.frames - 1) * inputs.frame_stride / 2
    return max(0.0, middle / plan.rate - inputs.audio.window_seconds / 2)


def decode_sound(
    path: Path,
    info: VideoInfo,
    plan: Plan,
    inputs: InputSpec,
    *,
    limits: DecodeLimits,
    patience: Patience,
) -> Sound:
    """What is heard in each segment. Raises what the cage raises; bad sound is a mere warning."""
    nothing: tuple[None, ...] = (None,) * len(plan.segments)
    if info.audio_index is None:
        detail = "the file has no audio stream; audio is unavailable"
        return Sound(nothing, (AnswerWarning("no_audio_stream", detail),))
    starts = [window_start(plan, index, inputs) for index in range(len(plan.segments))]
    decoder = _SoundDecoder(path, info, inputs.audio, limits, patience)
    windows: list[Waveform | None] = [None] * len(starts)
    longest = 0
    for group in group_starts(starts):
        stretch = decoder.decode([starts[index] for index in group])
        longest = max(longest, len(stretch.samples))
        for index in group:
            windows[index] = stretch.cut(starts[index], inputs.audio)
    if longest < MIN_SECONDS * inputs.audio.sample_rate:
        return Sound(nothing, (_too_little(longest, inputs.audio),))
    heard = (None if window is None else spectrogram(window, inputs.audio) for window in windows)
    return Sound(tuple(heard), ())


def decode_track(
    path: Path, info: VideoInfo, audio: AudioSpec, *, limits: DecodeLimits, patience: Patience
) -> Stretch:
    """All the sound from the video's first frame to its end; no samples where there is none."""
    if info.audio_index is None:
        return Stretch(0.0, np.zeros(0, dtype=np.float32))
    decoder = _SoundDecoder(path, info, audio, limits, patience)
    return decoder.decode([0.0, max(0.0, info.duration_seconds - audio.window_seconds)])


def group_starts(starts: Sequence[float]) -> list[list[int]]:
    """Indices of windows close enough to be decoded together.

    >>> group_starts([0.0, 30.0, 300.0])
    [[0, 1], [2]]
    """
    groups: list[list[int]] = []
    for index in sorted(range(len(starts)), key=lambda index: starts[index]):
        if groups and starts[index] - starts[groups[-1][-1]] <= MERGE_SECONDS:
            groups[-1].append(index)
        else:
            groups.append([index])
    return groups


def _too_little(samples: int, spec: AudioSpec) -> AnswerWarning:
    if samples == 0:
        return AnswerWarning("audio_undecodable", "the audio stream gives no sound")
    seconds = samples / spec.sample_rate
    return AnswerWarning(
        "audio_too_short", f"the sound lasts {seconds:.3f} s; at least {MIN_SECONDS} s are needed"
    )


@dataclass(frozen=True, slots=True)
class _SoundDecoder:
    path: Path
    info: VideoInfo
    spec: AudioSpec
    limits: DecodeLimits
    patience: Patience

    def decode(self, starts: Sequence[float]) -> Stretch:
        """Mono samples from one window before the first of `starts` to the end of the last: a
        window that reaches past the end of the sound is moved back."""
        begin = max(0.0, min(starts) - self.spec.window_seconds)
        lasts = max(starts) + self.spec.window_seconds - begin
        seek = begin + self.info.start_offset_seconds
        samples, first = self._attempt(begin, lasts, seek)
        if first is not None and first > begin + self.spec.window_seconds and seek > 0:
            # Either the sound has a gap here, or the file keeps sound and pictures far apart and
            # a seek, which goes to the pictures, skipped the sound.
            samples, _ = self._attempt(begin, lasts, 0.0)
        return Stretch(begin, samples)

    def _attempt(self, begin: float, lasts: float, seek: float) -> tuple[Waveform, float | None]:
        """Samples from `begin` on, and when the first sound came."""
        finished = run_caged(
            self._command(begin, lasts, seek),
            limits=self.limits,
            patience=self.patience,
            max_output_bytes=round((lasts + 1) * self.spec.sample_rate) * BYTES_PER_SAMPLE,
        )
        whole = len(finished.output) // BYTES_PER_SAMPLE
        samples = np.frombuffer(finished.output, dtype="<f4", count=whole)
        first = _FIRST.search(finished.errors)
        heard = float(first.group(1)) - self.info.start_seconds if first else None
        return np.nan_to_num(samples, posinf=0.0, neginf=0.0), heard

    def _command(self, begin: float, lasts: float, seek: float) -> list[str]:
        """Sample 0 lies on `begin`: sound that starts later is preceded by silence, earlier sound
        is cut, and gaps within are filled. `print` writes the first time to the log."""
        zero = begin + self.info.start_seconds
        stream = open_input(self.path, self.limits, seek_seconds=seek)
        stream = stream[str(self.info.audio_index)]
        stream = stream.filter("asetpts", f"if(eq(N,0),0*print(T),0)+PTS-{zero:.6f}/TB")
        timed = self.info.container not in UNTIMED
        placed = {"async": 1, "first_pts": 0, "min_hard_comp": MAX_SHIFT_SECONDS} if timed else {}
        stream = stream.filter("aresample", self.spec.sample_rate, **placed)
        stream = stream.filter("atrim", end_sample=round(lasts * self.spec.sample_rate))
        return compile_command(stream, format="f32le", ac=1)
