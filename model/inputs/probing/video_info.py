"""VideoInfo: what probing found out about a file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """Times are seconds; the video's own time axis starts at its first frame.

    `width` and `height` are as shown, after `rotation_degrees` (clockwise, 0, 90, 180 or 270).
    `start_offset_seconds` is where the first frame lies after the container's start time, which is
    what ffmpeg's -ss counts from; `start_seconds` is where it lies on the file's own clock, which
    ffprobe's intervals count on. `constant_frame_rate` is false for variable or unknown rates.
    `seekable` is false where packets have no times, as in a raw stream.
    `audio_codec` None: no audio stream that can be used. The indices are those of the streams.
    `claimed_seconds`: how long the file says that it lasts, where that is known.
    `num_clock_jumps`: how often the file's clock starts anew or jumps; the times here are then
    those of `continuous_copy`.
    `has_alpha`: parts of the frames may be transparent; they are shown on white.
    `unheard_codec`: that of sound which cannot be used.
    `is_hdr`: PQ or HLG, whose frames are mapped to BT.709.
    """

    duration_seconds: float
    width: int
    height: int
    frame_rate: float
    constant_frame_rate: bool
    container: str
    video_codec: str
    audio_codec: str | None
    rotation_degrees: int
    start_offset_seconds: float
    start_seconds: float = 0.0
    seekable: bool = True
    video_index: int = 0
    audio_index: int | None = None
    is_hdr: bool = False
    claimed_seconds: float | None = None
    audio_channels: int = 0
    num_clock_jumps: int = 0
    unheard_codec: str | None = None
    has_alpha: bool = False

    @property
    def used_streams(self) -> tuple[int, ...]:
        """Indices of the video and, if any, of its sound."""
        indices = (self.video_index, self.audio_index)
        return tuple(index for index in indices if index is not None)
