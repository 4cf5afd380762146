"""InputSpec: every constant of the way from a media file to the networks' arrays."""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

# Images: (n, frames, crop, crop, channels) uint8. Audio: (n, frequencies, times) float32, ln power.
InputArray = NDArray[np.uint8] | NDArray[np.float32]

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

FlowPreset = Literal["ultrafast", "fast", "medium"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Normalization(_Frozen):
    """(x - mean) / std per channel; the tuple repeats over an input's channels."""

    mean: tuple[float, ...] = Field(min_length=1)
    std: tuple[float, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if len(self.mean) != len(self.std) or min(self.std) <= 0:
            raise ValueError(f"mean {self.mean} and std {self.std} do not pair up, or std <= 0")
        return self


class FlowSpec(_Frozen):
    """Dense optical flow (DIS, Kroeger et al. 2016) between consecutive frames.

    `pairs` fields are stacked per frame; displacements are clipped to +-`bound_pixels` and mapped
    linearly to 0..255, the precision at which the published system stores them.
    """

    method: Literal["dis"] = "dis"
    preset: FlowPreset = "fast"
    pairs: int = Field(default=5, ge=1, le=16)
    bound_pixels: float = Field(default=20.0, gt=0)
    normalization: Normalization = Normalization(mean=(0.5,), std=(0.226,))


class MelSpec(_Frozen):
    """Mel bands in the place of frequencies, as YAMNet hears.

    mel = 1127 ln(1 + f / 700); `bands` triangles, evenly spaced and straight in mel, from `low_hz`
    to `high_hz`. They gather magnitudes, not powers, of frames that begin with the window: none is
    padded.
    """

    bands: int = Field(default=64, ge=8, le=512)
    low_hz: float = Field(default=125.0, ge=0)
    high_hz: float = Field(default=7500.0, gt=0)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low_hz >= self.high_hz:
            raise ValueError(f"low_hz {self.low_hz} is not below high_hz {self.high_hz}")
        return self


class AudioSpec(_Frozen):
    """Log power spectrogram of one window of mono sound; frames are centred, zero-padded.

    With `mel` it is a log-mel one, see there.
    """

    sample_rate: int = Field(default=24_000, ge=8_000, le=96_000)
    window_seconds: float = Field(default=1.28, gt=0, le=30)
    n_fft: int = Field(default=511, ge=16, le=8192)
    win_length: int = Field(default=240, ge=2)
    hop_length: int = Field(default=120, ge=1)
    log_epsilon: float = Field(default=1e-6, gt=0)
    normalization: Normalization = Normalization(mean=(0.0,), std=(1.0,))
    mel: MelSpec | None = None

    @model_validator(mode="after")
    def _window_fits(self) -> Self:
        if self.win_length > self.n_fft:
            raise ValueError(f"win_length {self.win_length} exceeds n_fft {self.n_fft}")
        if self.mel is not None and self.mel.high_hz > self.sample_rate / 2:
            raise ValueError(f"high_hz {self.mel.high_hz} exceeds half of {self.sample_rate} Hz")
        if self.mel is not None and self.num_samples < self.win_length:
            raise ValueError(f"window_seconds {self.window_seconds} holds no frame")
        return self

    @property
    def num_samples(self) -> int:
        return round(self.sample_rate * self.window_seconds)

    @property
    def shape(self) -> tuple[int, int]:
        """(frequencies or bands, times) of the spectrogram."""
        if self.mel is not None:
            return self.mel.bands, 1 + (self.num_samples - self.win_length) // self.hop_length
        padded = self.num_samples + 2 * (self.n_fft // 2)
        return self.n_fft // 2 + 1, 1 + (padded - self.n_fft) // self.hop_length


class InputSpec(_Frozen):
    """Frames and sound of a segment.

    A segment spans `span_frames` consecutive frames of the video's own rate when that is constant
    and between `min_frame_rate` and `max_frame_rate`, else of a `grid_frame_rate` grid; `frames`
    of them, evenly spaced, are used. Images are scaled to `short_side` and centre-cropped to
    `crop` pixels.
    """

    span_frames: int = Field(default=32, ge=1, le=256)
    frames: int = Field(default=8, ge=1, le=64)
    grid_frame_rate: float = Field(default=30.0, gt=0)
    min_frame_rate: float = Field(default=20.0, gt=0)
    max_frame_rate: float = Field(default=40.0, gt=0)
    short_side: int = Field(default=256, ge=32, le=1024)
    crop: int = Field(default=224, ge=32, le=1024)
    rgb_normalization: Normalization = Normalization(mean=IMAGENET_MEAN, std=IMAGENET_STD)
    # Differences are (b - a + 255) / 2 in 0..255, five of them stacked per frame.
    rgb_diff_pairs: int = Field(default=5, ge=1, le=16)
    rgb_diff_normalization: Normalization = Normalization(mean=IMAGENET_MEAN, std=IMAGENET_STD)
    flow: FlowSpec = FlowSpec()
    audio: AudioSpec = AudioSpec()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.span_frames % self.frames:
            raise ValueError(f"frames {self.frames} must divide span_frames {self.span_frames}")
        if self.crop > self.short_side:
            raise ValueError(f"crop {self.crop} exceeds short_side {self.short_side}")
        for source in ("rgb", "rgb_diff", "flow", "audio"):
            channels, constants = self.channels(source), len(self.normalization(source).mean)
            if channels % constants:
                raise ValueError(
                    f"{constants} normalisation constants do not repeat over the {channels}"
                    f" channels of {source}"
                )
        return self

    @property
    def frame_stride(self) -> int:
        return self.span_frames // self.frames

    def channels(self, source: str) -> int:
        """Channels of one frame of `source`: rgb, rgb_diff, flow or audio."""
        return {
            "rgb": 3,
            "rgb_diff": 3 * self.rgb_diff_pairs,
            "flow": 2 * self.flow.pairs,
            "audio": 1,
        }[source]

    def normalization(self, source: str) -> Normalization:
        """Constants of `source`; images are scaled to 0..1 first, spectrograms are not."""
        return {
            "rgb": self.rgb_normalization,
            "rgb_diff": self.rgb_diff_normalization,
            "flow": self.flow.normalization,
            "audio": self.audio.normalization,
        }[source]
