"""A small clip of every codec and container that the pinned ffmpeg can make is answered."""

import subprocess

import numpy as np
import pytest

from model.common.deadline import Deadline
from model.inputs.ffmpeg.allowlist import VIDEO_CODECS
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.programs import programs
from model.inputs.open_video import open_video
from tests.support.clips import ffmpeg
from tests.support.models import tiny_spec

# Codec as ffprobe names it, container, encoder and its options; "" where the codec names it.
CLIPS = [
    ("av1", "mp4", "libsvtav1", "-pix_fmt yuv420p"),
    ("av1", "mkv", "libsvtav1", "-pix_fmt yuv420p10le"),
    ("av1", "webm", "libsvtav1", "-pix_fmt yuv420p"),
    ("av1", "obu", "libsvtav1", "-pix_fmt yuv420p"),
    ("cinepak", "avi", "", ""),
    ("dnxhd", "mov", "", "-s 256x128 -profile:v dnxhr_lb -pix_fmt yuv422p"),
    ("dvvideo", "dv", "", "-s 720x576 -pix_fmt yuv420p"),
    ("ffv1", "mkv", "", ""),
    ("ffvhuff", "avi", "", ""),
    ("flv1", "flv", "flv", ""),
    ("gif", "gif", "", ""),
    ("h261", "avi", "", "-s 352x288"),
    ("h263", "avi", "", "-s 352x288"),
    ("h263", "3gp", "", "-s 352x288"),
    ("h264", "mp4", "libx264", "-pix_fmt yuv420p"),
    ("h264", "ts", "libx264", "-pix_fmt yuv420p"),
    ("h264", "h264", "libx264", "-pix_fmt yuv420p"),
    ("h264", "mkv", "libx264", "-pix_fmt yuv444p"),
    ("hevc", "mp4", "libx265", "-pix_fmt yuv420p10le -x265-params log-level=none"),
    ("hevc", "ts", "libx265", "-pix_fmt yuv420p -x265-params log-level=none"),
    ("huffyuv", "avi", "", "-pix_fmt yuv422p"),
    ("jpeg2000", "mkv", "jpeg2000", "-pix_fmt yuv420p"),
    ("magicyuv", "avi", "", "-pix_fmt yuv420p"),
    ("mjpeg", "avi", "", "-pix_fmt yuvj420p"),
    ("mpeg1video", "mpg", "", ""),
    ("mpeg2video", "mpg", "", ""),
    ("mpeg2video", "vob", "", ""),
    ("mpeg2video", "mxf", "", "-pix_fmt yuv420p"),
    ("mpeg4", "mp4", "", ""),
    ("mpeg4", "avi", "", ""),
    ("msmpeg4v2", "avi", "", ""),
    ("msmpeg4v3", "avi", "msmpeg4", ""),
    ("msrle", "avi", "", "-pix_fmt pal8"),
    ("msvideo1", "avi", "", "-pix_fmt rgb555le"),
    ("prores", "mov", "prores_ks", "-pix_fmt yuv422p10le"),
    ("qtrle", "mov", "", "-pix_fmt rgb24"),
    ("rawvideo", "nut", "", "-pix_fmt yuv420p"),
    ("rawvideo", "y4m", "rawvideo", "-pix_fmt yuv420p"),
    ("rpza", "mov", "", ""),
    ("rv10", "rm", "", ""),
    ("rv20", "rm", "", ""),
    ("smc", "mov", "", ""),
    ("svq1", "mov", "", "-pix_fmt yuv410p"),
    ("utvideo", "avi", "", "-pix_fmt yuv420p"),
    ("v210", "mov", "", "-pix_fmt yuv422p10le"),
    ("vp8", "webm", "libvpx", "-deadline realtime"),
    ("vp9", "webm", "libvpx-vp9", "-deadline realtime -pix_fmt yuv420p"),
    ("vp9", "webm", "libvpx-vp9", "-deadline realtime -pix_fmt yuva420p"),
    ("vp9", "ivf", "libvpx-vp9", "-deadline realtime -pix_fmt yuv420p10le"),
    ("wmv1", "asf", "", ""),
    ("wmv2", "wmv", "", ""),
]
# No encoder is at hand; the development data has a file of most of them.
NOT_MADE = {
    *("h263i", "indeo3", "indeo5", "msmpeg4v1", "rv30", "rv40", "svq3", "theora", "vc1", "vp3"),
    *("vp6", "vp6a", "vp6f", "webp", "wmv3"),
}
# Names of decoders, or of families, of codecs that are in the list above.
OTHER_NAMES = {
    *("flv", "h263p", "libaom-av1", "libdav1d", "libopenjpeg", "libvpx", "libvpx-vp9"),
    *("mpegvideo", "msmpeg4"),
}


def sizes(options):
    return () if "-s " in options else ("-s", "96x64")


@pytest.mark.parametrize(
    ("codec", "container", "encoder", "options"), CLIPS, ids=["-".join(c[:2]) for c in CLIPS]
)
def test_a_clip_of_every_codec(tmp_path, codec, container, encoder, options):
    """A red clip: its middle comes out red, in whatever colours the codec keeps."""
    path = tmp_path / f"c.{container}"
    source = ("-f", "lavfi", "-i", "color=red:r=25:d=1")
    form = ("-f", "rawvideo") if container == "h264" else ()
    form = ("-f", "h264") if container == "h264" else form
    ffmpeg(*source, *sizes(options), "-c:v", encoder or codec, *options.split(), *form, path)

    video = open_video(path, tiny_spec(), 2, limits=DecodeLimits(), deadline=Deadline(60))

    assert video.info.video_codec == codec
    pixels = next(iter(video.arrays.frames.values())).pixels
    red, green, blue = np.median(pixels.reshape(-1, 3), axis=0)
    assert red > 180
    assert max(green, blue) < 70


def test_every_allowed_codec_is_here_or_is_known_not_to_be():
    made = {codec for codec, *_ in CLIPS} | {encoder for _, _, encoder, _ in CLIPS}

    assert set(VIDEO_CODECS) - made == (NOT_MADE | OTHER_NAMES) - made


def test_the_pinned_program_has_a_decoder_for_what_is_not_made_here():
    said = subprocess.run(
        [programs().ffmpeg, "-hide_banner", "-decoders"], capture_output=True, text=True, check=True
    ).stdout
    names = {line.split()[1] for line in said.splitlines() if len(line.split()) > 1}

    assert names >= NOT_MADE
