"""Whether every segment shows and sounds what its time says."""

import math
from dataclasses import dataclass, replace

import numpy as np

from model.common.deadline import Deadline
from model.common.errors import ClassificationError
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.open_video import open_video
from model.inputs.placement.sampling import NetworksInUse
from model.inputs.sound.audio import window_start
from model.inputs.streaming.open_stream import FileStream
from tests.generated.clips import (
    FIRST_HERTZ,
    HERTZ_A_SECOND,
    frame_numbers,
    number_of,
    sound_seconds,
)

# The bounds; a joint of recordings, whose streams end apart, may move sound a little more.
FRAMES, SOUND_SECONDS, DURATION_SECONDS = 1, 0.1, 0.5
# AVI cannot say that sound begins with a coder's delay, so its frames are held back for it.
AVI_DELAY_SECONDS = 0.03
# What excuses a wrong segment: the answer says that the file is not whole.
EXCUSES = {"truncated", "decode_errors", "segments_undecodable", "audio_undecodable"}
LOUD = 1e-2


@dataclass(frozen=True)
class Found:
    """`faults`: what is wrong; they are excused where `warnings` say that something is."""

    faults: tuple[str, ...]
    warnings: frozenset[str]

    @property
    def verdict(self):
        if not self.faults:
            return "right"
        return "warned" if self.warnings & EXCUSES else "wrong"


@dataclass(frozen=True)
class Truth:
    """`numbers` of the frames, and when each comes, in seconds of the video's own time; sound from
    `sound_begin` to `sound_end` of it, whose own time is `sound_shift` later."""

    numbers: np.ndarray
    seconds: np.ndarray
    duration: float
    sound_begin: float
    sound_end: float
    sound_shift: float
    frames: int = FRAMES

    @classmethod
    def of(cls, recipe):
        numbers = np.array(frame_numbers(recipe))
        numbers = numbers[numbers / float(recipe.rate) >= recipe.cut_start - 1e-6]
        seconds = numbers / float(recipe.rate)
        # Frames come on whole ticks, which are a frame long.
        late = math.floor(recipe.late_video * recipe.rate + 0.5) / float(recipe.rate)
        shift = late - recipe.late_sound + seconds[0]
        sound_end = sound_seconds(recipe) - shift
        duration = seconds[-1] - seconds[0] + 1 / float(recipe.rate)
        is_late = recipe.container == "avi" and recipe.sound == "mp3"
        frames = FRAMES + (math.ceil(AVI_DELAY_SECONDS * recipe.rate) if is_late else 0)
        return cls(numbers, seconds - seconds[0], duration, -shift, sound_end, shift, frames)

    def shown_at(self, seconds):
        """The position of the frame that is on display."""
        return max(0, int(np.searchsorted(self.seconds, seconds + 1e-3, side="right")) - 1)

    def distance(self, number, seconds):
        """Frames between the one that is shown and the one that is due; infinite for none."""
        at = np.flatnonzero(self.numbers == number)
        return abs(int(at[0]) - self.shown_at(seconds)) if len(at) else math.inf


def check(recipe, path, spec):
    """Both ways of reading a file: segments here and there, and all in one go."""
    truth = Truth.of(recipe)
    found = [_by_segments(recipe, path, spec, truth), _by_stream(recipe, path, spec, truth)]
    return [Found(tuple(dict.fromkeys(one.faults))[:4], one.warnings) for one in found]


def _by_segments(recipe, path, spec, truth):
    try:
        video = open_video(
            path, spec, recipe.num_segments, limits=DecodeLimits(), deadline=Deadline(60)
        )
    except ClassificationError as error:
        return _refused(recipe, error)
    faults = [*_duration(video.info, recipe, truth), *_segments(video, recipe, truth)]
    return Found(tuple(faults), frozenset(warning.code for warning in video.warnings))


def _by_stream(recipe, path, spec, truth):
    try:
        stream = FileStream(
            path,
            NetworksInUse.all_of(spec),
            recipe.every_seconds,
            limits=DecodeLimits(),
            deadline=Deadline(60),
        )
        videos = [segment.video for segment in stream]
    except ClassificationError as error:
        return _refused(recipe, error)
    faults = _duration(stream.info, recipe, truth)
    for video in videos:
        seen = None if video is None else replace(video, info=stream.info)
        faults += (
            ["a segment could not be decoded"] if seen is None else _segments(seen, recipe, truth)
        )
    return Found(tuple(faults), frozenset(warning.code for warning in stream.warnings))


def _refused(recipe, error):
    """Of a file that breaks off hardly anything may be left."""
    is_excused = recipe.keeps < 1
    return Found((f"refused: {error}",), frozenset({"truncated"} if is_excused else ()))


def _duration(info, recipe, truth):
    if recipe.keeps < 1 or abs(info.duration_seconds - truth.duration) <= DURATION_SECONDS:
        return []
    return [f"lasts {info.duration_seconds:.2f} s, not {truth.duration:.2f}"]


def _segments(video, recipe, truth):
    faults = []
    for row, segment in enumerate(video.segments):
        wanted = range(segment.first_frame, segment.first_frame + video.spec.inputs.span_frames)
        for index in wanted:
            if index in video.arrays.frames:
                faults += _frame(video, index, truth)
        if recipe.sound:
            faults += _heard(video, row, recipe, truth)
    return faults


def _frame(video, index, truth):
    seconds = min(index, video.plan.last_frame) / video.plan.rate
    shown = number_of(video.arrays.frames[index].pixels)
    distance = truth.distance(shown, seconds)
    if distance <= truth.frames:
        return []
    due = truth.numbers[truth.shown_at(seconds)]
    return [f"at {seconds:.2f} s frame {shown} is shown, not {due}"]


def _heard(video, row, recipe, truth):
    audio = video.spec.inputs.audio
    planned = window_start(video.plan, row, video.spec.inputs)
    # A window that overhangs the end is moved back.
    begin = min(planned, truth.sound_end - audio.window_seconds)
    is_partly_before = begin < truth.sound_begin - 1e-6
    is_beyond = planned >= truth.sound_end - SOUND_SECONDS
    if is_partly_before or is_beyond or recipe.keeps < 1:
        return []
    spectrogram = video.sound.spectrograms[row]
    if spectrogram is None:
        return [f"no sound from {begin:.2f} s on"]
    heard = moment_of(spectrogram, audio)
    if heard is None:
        return [f"silence from {begin:.2f} s on"]
    due = begin + audio.window_seconds / 2 + truth.sound_shift
    if abs(heard - due) <= SOUND_SECONDS * max(1, len(recipe.parts)):
        return []
    return [f"at {begin:.2f} s sound of {heard:.2f} s is heard, not of {due:.2f}"]


def moment_of(spectrogram, audio):
    """(frequencies, times) -> the seconds whose tone is heard in the middle; None for silence."""
    power = np.exp(spectrogram.astype(np.float64))
    loud = power.max(axis=0) > LOUD
    if loud.mean() < 0.5:
        return None
    hertz = power.argmax(axis=0) * audio.sample_rate / 2 / (len(power) - 1)
    times = np.arange(len(hertz)) * audio.hop_length / audio.sample_rate
    pitch = np.median((hertz - FIRST_HERTZ) / HERTZ_A_SECOND - times[: len(hertz)])
    return float(pitch + audio.window_seconds / 2)
