"""open_stream: a file as a stream of segments, one every so many seconds over the whole video."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from model.common.deadline import Deadline
from model.common.errors import AnswerWarning
from model.inputs.arrays import Crop, FrameArrays
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.sandbox import Deadlines
from model.inputs.frames.frame_decoder import WITHOUT_INDEX
from model.inputs.frames.segment_frames import decode_errors, truncated
from model.inputs.placement.sampling import NetworksInUse, needed_offsets
from model.inputs.placement.segments import Plan, plan_at
from model.inputs.probing.packets import StreamEnd, frame_before, stream_end
from model.inputs.probing.probe import probe
from model.inputs.probing.times import slack_seconds
from model.inputs.probing.video_info import VideoInfo
from model.inputs.sound.audio import CANCELLED, MIN_SECONDS, Sound, no_audio, too_little
from model.inputs.streaming.frame_stream import FrameStream
from model.inputs.streaming.segment_stream import SegmentStream, StreamedSegment
from model.inputs.streaming.slots import Slots
from model.inputs.streaming.sound_stream import SoundStream, SoundTrack
from model.inputs.video_decoder import VideoDecoder, file_warnings
from model.inputs.video_inputs import VideoInputs

# From here on seeking to each segment is cheaper than decoding what lies between them.
SEEK_SECONDS = 5.0
# So many of these are decoded side by side.
BLOCK = 8


class FileStream:
    """Iterate once. `info` and `warnings` are final when the iteration is over."""

    def __init__(
        self,
        path: Path,
        networks: NetworksInUse,
        every_seconds: float,
        *,
        limits: DecodeLimits,
        deadline: Deadline,
    ) -> None:
        self._path, self._networks = path, networks
        self._limits, self._deadline = limits, deadline
        self.info = probe(path, limits=limits, deadlines=Deadlines.start(deadline, limits))
        self.slots = Slots(self.info, networks.spec.inputs, every_seconds)
        self.warnings = file_warnings(self.info)
        if networks.listen and self.info.audio_index is None:
            self._warn(no_audio(self.info))

    def __iter__(self) -> Generator[StreamedSegment, None, None]:
        """Raises VideoError where not a single frame can be decoded, and what decoding raises."""
        seeks = self.info.seekable and self.info.container not in WITHOUT_INDEX
        far = self.slots.every_seconds >= SEEK_SECONDS
        return self._by_seeking() if far and seeks else self._in_one_go()

    def _warn(self, warning: AnswerWarning) -> None:
        if warning.code not in {known.code for known in self.warnings}:
            self.warnings = (*self.warnings, warning)

    def _in_one_go(self) -> Generator[StreamedSegment, None, None]:
        info, inputs = self.info, self._networks.spec.inputs
        limits, deadline = self._limits, self._deadline
        with ExitStack() as stack:
            frames = FrameStream(
                self._path,
                info,
                short_side=inputs.short_side,
                rate=self.slots.rate,
                limits=limits,
                deadline=deadline,
            )
            stack.enter_context(frames)
            sound = None
            if self._networks.listen and info.audio_index is not None:
                track = SoundTrack(self._path, info, inputs.audio, limits=limits, deadline=deadline)
                sound = SoundStream(stack.enter_context(track), inputs.audio)
            stream = SegmentStream(
                self._networks,
                self.slots,
                frames,
                sound,
                is_unheard=info.audio_index is not None,
                shown_at=self._shown_at if info.seekable else None,
            )
            yield from self._segments(stream, frames)
            self._warn_of(frames, sound)

    def _shown_at(self, seconds: float) -> float | None:
        deadlines = Deadlines.start(self._deadline, self._limits)
        found = frame_before(
            self._path, self.info, seconds, limits=self._limits, deadlines=deadlines
        )
        return None if found is None else found.seconds

    def _segments(self, stream: SegmentStream, frames: FrameStream) -> Iterator[StreamedSegment]:
        for slot in range(len(self.slots)):
            segment = stream.segment(slot)
            if segment is None:
                if stream.last_seconds is None:
                    raise frames.no_frame_error(self._path)
                yield from self._rest(slot, stream.last_seconds)
                return
            yield segment
        self._check_end(stream)

    def _check_end(self, stream: SegmentStream) -> None:
        """Of a file that broke off within the last segment."""
        last = stream.last_seconds
        if last is None or not stream.is_over or last >= self._latest_end:
            return
        end = self._stream_end(last)
        seconds = end.end if end else last + 1 / self.info.frame_rate
        if seconds < self._latest_end:
            self._end_at(seconds)

    @property
    def _latest_end(self) -> float:
        """What ends before ends sooner than it says."""
        duration = self.info.duration_seconds
        return duration - slack_seconds(duration, self.info.frame_rate)

    def _stream_end(self, seconds: float) -> StreamEnd | None:
        deadlines = Deadlines.start(self._deadline, self._limits)
        return stream_end(self._path, self.info, seconds, limits=self._limits, deadlines=deadlines)

    def _rest(self, slot: int, last_seconds: float) -> Iterator[StreamedSegment]:
        """From the first slot on of which no frame came: the file ends, or is damaged."""
        end = self._stream_end(last_seconds)
        slack = slack_seconds(self.info.duration_seconds, self.info.frame_rate)
        if end is not None and end.last_frame > last_seconds + slack:
            for number in range(slot, len(self.slots)):
                yield StreamedSegment(
                    number, *self.slots.span(number), None, "no frame of it could be decoded"
                )
            return
        self._end_at(end.end if end else last_seconds + 1 / self.info.frame_rate)

    def _end_at(self, seconds: float) -> None:
        self.info = replace(self.info, duration_seconds=round(seconds, 6))
        self._warn(truncated(self.info))

    def _warn_of(self, frames: FrameStream, sound: SoundStream | None) -> None:
        if frames.messages:
            self._warn(decode_errors(frames.messages, self._path, 0, 0))
        if sound is None:
            return
        spec = self._networks.spec.inputs.audio
        if sound.num_samples < MIN_SECONDS * spec.sample_rate:
            self._warn(too_little(sound.num_samples, spec))
        if sound.has_cancelled:
            self._warn(CANCELLED)

    def _by_seeking(self) -> Generator[StreamedSegment, None, None]:
        """Blocks of segments, each as `open_video` decodes them."""
        for first in range(0, len(self.slots), BLOCK):
            block = range(first, min(first + BLOCK, len(self.slots)))
            video = self._block(block)
            for warning in video.warnings:
                self._warn(warning)
            seconds = video.info.duration_seconds
            is_cut = seconds < self._latest_end
            for row, slot in enumerate(block):
                if not is_cut or self.slots.span(slot)[0] < seconds:
                    yield StreamedSegment(
                        slot, *self.slots.span(slot), _row(video, self._networks, row, slot)
                    )
            if is_cut:
                self._end_at(seconds)
                return

    def _block(self, slots: Sequence[int]) -> VideoInputs:
        inputs = self._networks.spec.inputs

        def plan_for(info: VideoInfo) -> Plan:
            last = max(0.0, info.duration_seconds - inputs.span_frames / self.slots.rate)
            starts = [min(slot * self.slots.every_seconds, last) for slot in slots]
            return plan_at(info, inputs, starts)

        deadlines = Deadlines.start(self._deadline, self._limits)
        decoder = VideoDecoder(
            self._path, self.info, self._networks, self._limits, deadlines, Crop()
        )
        return decoder.decode(plan_for)


def _row(video: VideoInputs, networks: NetworksInUse, row: int, slot: int) -> VideoInputs:
    """One segment of a block alone."""
    segment = replace(video.segments[row], index=slot)
    spec, offsets = networks.spec, needed_offsets(networks)
    frames = {segment.first_frame + offset for offset in offsets}
    arrays = FrameArrays.of(
        spec.inputs, {index: video.arrays.frames[index] for index in frames}, Crop()
    )
    sound = Sound((video.sound.spectrograms[row],), (), video.sound.is_unheard)
    return replace(video, plan=replace(video.plan, segments=(segment,)), arrays=arrays, sound=sound)
