"""SoundDecoder: the samples of stretches of a video's sound, placed on its time axis."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import ffmpeg
import numpy as np

from model.common.errors import UndecodableVideoError
from model.inputs.ffmpeg.commands import compile_command, continuous_copy, open_input, open_pipe
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.error_messages import error_lines
from model.inputs.ffmpeg.sandbox import Deadlines, Finished, run_pipeline, run_sandboxed
from model.inputs.probing.video_info import VideoInfo
from model.inputs.sound.spectrogram import Waveform
from model.spec.input_spec import AudioSpec

BYTES_PER_SAMPLE = 4
# Time stamps that are off by more than this are followed; less is rounding and jitter.
MAX_SHIFT_SECONDS = 0.03
# Containers without time stamps: those of sound are guessed from sizes, and often badly.
UNTIMED = ("avi",)
# Their headers say all that a decoder of sound must know; looking further costs as much as
# decoding seconds of it.
COMPLETE_HEADERS = ("mov,mp4", "matroska,webm")
# Newer versions of ffmpeg say who prints.
_FIRST = re.compile(r"^(?:\[Eval @ 0x[0-9a-f]+\] )?\[info\] (-?\d+\.\d+)$", re.M)
LEAD_SECONDS = 2.0
NOT_SOUGHT = "could not seek to position"
_COUNTED = re.compile(r"^\[ashowinfo@span(\d+) @ \w+\] \[info\] n:.* nb_samples:(\d+) ", re.M)


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


@dataclass(frozen=True, slots=True)
class _Span:
    """What is decoded in one go: `lasts` seconds from `begin` on, after a seek to `seek` of the
    container's time."""

    begin: float
    lasts: float
    seek: float


@dataclass(frozen=True, slots=True)
class SoundDecoder:
    """Raises what the sandbox raises."""

    path: Path
    info: VideoInfo
    spec: AudioSpec
    limits: DecodeLimits
    deadlines: Deadlines
    channel: int | None = None  # This one alone; None: all of them, mixed.

    def decode(self, groups: Sequence[Sequence[float]]) -> list[Stretch]:
        """For each group of windows' starts, in order, mono samples from one window before the
        first to the end of the last: a window that reaches past the end of the sound is moved
        back."""
        spans = [self._span(starts) for starts in groups]
        if self.info.num_clock_jumps:
            return [self._of_changing_form(span) for span in spans]
        together = self._together(spans) if len(spans) > 1 else None
        return together or [self._decode(span) for span in spans]

    def _span(self, starts: Sequence[float]) -> _Span:
        begin = max(0.0, min(starts) - self.spec.window_seconds)
        lasts = max(starts) + self.spec.window_seconds - begin
        # At the start there is no window before the first, and a seek may go too far, but in MP4.
        may_go_too_far = begin == 0 and not self.info.container.startswith("mov,mp4")
        lead = LEAD_SECONDS if may_go_too_far else 0.0
        return _Span(begin, lasts, max(0.0, begin + self.info.start_offset_seconds - lead))

    def _decode(self, span: _Span) -> Stretch:
        try:
            finished = self._run([span])
        except UndecodableVideoError:  # Too much: each change of form begins with silence anew.
            return self._of_changing_form(span)
        samples = _samples(finished)
        heard = self._first_heard(finished)
        if len(heard) > 1:
            return self._of_changing_form(span)
        is_late = bool(heard) and heard[0] > self._latest(span)
        if span.seek > 0 and (is_late or NOT_SOUGHT in finished.errors):
            # Either the sound has a gap here, or a seek failed or skipped it: one goes to the
            # pictures, from which a file may keep its sound far apart.
            samples = _samples(self._run([_Span(span.begin, span.lasts, 0.0)]))
        return Stretch(span.begin, samples)

    def _of_changing_form(self, span: _Span) -> Stretch:
        """Where channels or rate change on the way ffmpeg begins its filters anew, and with them
        the count of samples. So one process brings all sound to one form, and another places it."""
        finished = run_pipeline(
            self._even_commands(span),
            limits=self.limits,
            deadlines=self.deadlines,
            max_output_bytes=self._max_bytes([span]),
        )
        return Stretch(span.begin, _samples(finished))

    def track_commands(self) -> list[list[str]]:
        """Two programs that write all of the sound as float32, sample 0 on the video's first frame:
        the channels mixed and, beside it, the first alone."""
        return self._even_commands(_Span(0.0, self.info.duration_seconds, 0.0), beside=True)

    def _even_commands(self, span: _Span, *, beside: bool = False) -> list[list[str]]:
        copy, sound = [], self._track(span)
        if self.info.num_clock_jumps and self.info.audio_index is not None:
            copy = [continuous_copy(self.path, self.info.audio_index, self.limits)]
            sound = open_pipe(self.limits, "nut")["0"]
        sound = self._chosen(sound).filter("aresample", self.spec.sample_rate)
        even, channels = (_with_first(sound), 2) if beside else (sound, 1)
        first = compile_command(even, format="nut", acodec="pcm_f32le", ac=channels)
        piped = ffmpeg.input("pipe:0", f="nut")["a"]
        placed = compile_command(self._placed(piped, span), format="f32le", ac=channels)
        return [*copy, first, placed]

    def _track(self, span: _Span) -> ffmpeg.Stream:
        source = open_input(self.path, self.limits, seek_seconds=span.seek)
        return source[str(self.info.audio_index)]

    def _together(self, spans: Sequence[_Span]) -> list[Stretch] | None:
        """By one process; None where not every one of the spans is clearly well."""
        finished = self._run(spans)
        heard, counts = self._first_heard(finished), [0] * len(spans)
        for number, count in _COUNTED.findall(finished.errors):
            counts[int(number)] += int(count)
        samples = _samples(finished)
        if finished.status != 0 or error_lines(finished.errors) or sum(counts) != len(samples):
            return None
        # The log does not tell whose time it is, but spans are further apart than this.
        if len(heard) != len(spans) or not all(
            span.begin - self.spec.window_seconds < seconds <= self._latest(span)
            for seconds, span in zip(heard, spans, strict=True)
        ):
            return None
        parts = np.split(samples, list(accumulate(counts))[:-1])
        return [Stretch(span.begin, part) for span, part in zip(spans, parts, strict=True)]

    def _latest(self, span: _Span) -> float:
        return span.begin + self.spec.window_seconds

    def _first_heard(self, finished: Finished) -> list[float]:
        """Seconds at which the spans' sounds begin, in order of time."""
        return sorted(float(s) - self.info.start_seconds for s in _FIRST.findall(finished.errors))

    def _run(self, spans: Sequence[_Span]) -> Finished:
        return run_sandboxed(
            self._command(spans),
            limits=self.limits,
            deadlines=self.deadlines,
            max_output_bytes=self._max_bytes(spans),
        )

    def _max_bytes(self, spans: Sequence[_Span]) -> int:
        seconds = sum(span.lasts + 1 for span in spans)
        return round(seconds * self.spec.sample_rate) * BYTES_PER_SAMPLE

    def _command(self, spans: Sequence[_Span]) -> list[str]:
        parts = [self._sound(span) for span in spans]
        if len(parts) > 1:
            mono = [part.filter("aformat", "flt", channel_layouts="mono") for part in parts]
            counted = [part.filter(f"ashowinfo@span{number}") for number, part in enumerate(mono)]
            parts = [ffmpeg.filter(counted, "concat", n=len(counted), v=0, a=1)]
        # Written in large pieces: each costs the reader a turn.
        return compile_command(parts[0], format="f32le", ac=1, flush_packets=0)

    def _sound(self, span: _Span) -> ffmpeg.Stream:
        """Sample 0 lies on `begin`: sound that starts later is preceded by silence, earlier sound
        is cut, and gaps within are filled. `print` writes the first time to the log."""
        probes = not any(self.info.container.startswith(name) for name in COMPLETE_HEADERS)
        stream = open_input(self.path, self.limits, seek_seconds=span.seek, probes_streams=probes)
        return self._placed(self._chosen(stream[str(self.info.audio_index)]), span)

    def _chosen(self, stream: ffmpeg.Stream) -> ffmpeg.Stream:
        if self.channel is None:
            return stream
        return stream.filter("channelmap", map=self.channel, channel_layout="mono")

    def _placed(self, stream: ffmpeg.Stream, span: _Span) -> ffmpeg.Stream:
        zero = span.begin + self.info.start_seconds
        stream = stream.filter("asetpts", f"if(eq(N,0),0*print(T),0)+PTS-{zero:.6f}/TB")
        timed = self.info.container not in UNTIMED
        placed = {"async": 1, "first_pts": 0, "min_hard_comp": MAX_SHIFT_SECONDS} if timed else {}
        stream = stream.filter("aresample", self.spec.sample_rate, **placed)
        return stream.filter("atrim", end_sample=round(span.lasts * self.spec.sample_rate))


def _with_first(sound: ffmpeg.Stream) -> ffmpeg.Stream:
    both = sound.filter_multi_output("asplit")
    # Without a filter that converts in between, the split itself would be made mono.
    mixed = both[0].filter("aresample").filter("aformat", "flt", channel_layouts="mono")
    first = both[1].filter("channelmap", map=0, channel_layout="mono")
    return ffmpeg.filter([mixed, first.filter("aformat", "flt")], "amerge")


def _samples(finished: Finished) -> Waveform:
    whole = len(finished.output) // BYTES_PER_SAMPLE
    samples: Waveform = np.frombuffer(finished.output, dtype="<f4", count=whole)
    return np.asarray(np.nan_to_num(samples, posinf=0.0, neginf=0.0))
