"""Sound of the segments: decoding it, aligned with the frames, and what is heard in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from model.common.errors import AnswerWarning
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.sandbox import Deadlines
from model.inputs.placement.segments import Plan
from model.inputs.probing.video_info import VideoInfo
from model.inputs.sound.sound_decoder import SoundDecoder, Stretch
from model.inputs.sound.spectrogram import Spectrogram, Waveform, spectrogram
from model.spec.input_spec import AudioSpec, InputSpec

# Sound decodes so fast that opening the file once more costs as much as a minute of it.
MERGE_SECONDS = 60.0
# Less sound than this in all is as good as none.
MIN_SECONDS = 0.1
# Channels may be each other's negative, which mixed are silence. Below 40 dB of full scale it is
# looked at, and 20 dB less than a channel alone tells it.
QUIET_POWER = 1e-4
CANCELLED_RATIO = 100.0
CANCELLED = AnswerWarning(
    "audio_channels_cancel", "the channels cancel each other; the first alone is heard"
)


@dataclass(frozen=True, slots=True)
class Sound:
    """One spectrogram a segment, None where there is no sound, and what was wrong.

    `is_unheard`: there is sound, but no network listens, so that none was decoded.
    """

    spectrograms: tuple[Spectrogram | None, ...]
    warnings: tuple[AnswerWarning, ...]
    is_unheard: bool = False

    @classmethod
    def none(cls, plan: Plan, *warnings: AnswerWarning) -> Sound:
        """No segment has any."""
        return cls((None,) * len(plan.segments), warnings)


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
    deadlines: Deadlines,
) -> Sound:
    """What is heard in each segment. Raises what the sandbox raises; bad sound is a warning."""
    if info.audio_index is None:
        return Sound.none(plan, no_audio(info))
    starts = [window_start(plan, index, inputs) for index in range(len(plan.segments))]
    decoder = SoundDecoder(path, info, inputs.audio, limits, deadlines)
    groups = group_starts(starts)
    grouped = [[starts[index] for index in group] for group in groups]
    stretches = decoder.decode(grouped)
    warnings: tuple[AnswerWarning, ...] = ()
    if info.audio_channels > 1 and _power(stretches) < QUIET_POWER:
        first = replace(decoder, channel=0).decode(grouped)
        if _power(first) > CANCELLED_RATIO * _power(stretches):
            stretches, warnings = first, (CANCELLED,)
    longest = max(len(stretch.samples) for stretch in stretches)
    windows: list[Waveform | None] = [None] * len(starts)
    for group, stretch in zip(groups, stretches, strict=True):
        for index in group:
            windows[index] = stretch.cut(starts[index], inputs.audio)
    if longest < MIN_SECONDS * inputs.audio.sample_rate:
        return Sound.none(plan, too_little(longest, inputs.audio))
    heard = (None if window is None else spectrogram(window, inputs.audio) for window in windows)
    return Sound(tuple(heard), warnings)


def no_audio(info: VideoInfo) -> AnswerWarning:
    """For a file without sound that can be used."""
    what = "the file has no audio stream"
    if info.unheard_codec is not None:
        what = f"the sound codec {info.unheard_codec!r} is not supported"
    return AnswerWarning("no_audio_stream", f"{what}; audio is unavailable")


def _power(stretches: Sequence[Stretch]) -> float:
    """Mean square of all samples; 0 where there are none."""
    samples = np.concatenate([stretch.samples for stretch in stretches])
    return float(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0


def decode_track(
    path: Path, info: VideoInfo, audio: AudioSpec, *, limits: DecodeLimits, deadlines: Deadlines
) -> Stretch:
    """All the sound from the video's first frame to its end; no samples where there is none."""
    if info.audio_index is None:
        return Stretch(0.0, np.zeros(0, dtype=np.float32))
    decoder = SoundDecoder(path, info, audio, limits, deadlines)
    (track,) = decoder.decode([[0.0, max(0.0, info.duration_seconds - audio.window_seconds)]])
    return track


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


def too_little(samples: int, spec: AudioSpec) -> AnswerWarning:
    if samples == 0:
        return AnswerWarning("audio_undecodable", "the audio stream gives no sound")
    seconds = samples / spec.sample_rate
    return AnswerWarning(
        "audio_too_short", f"the sound lasts {seconds:.3f} s; at least {MIN_SECONDS} s are needed"
    )
