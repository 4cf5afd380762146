"""What ffprobe and ffmpeg may open: real containers and codecs, local files, nothing indirect.

Playlists and scripts (hls, dash, concat, sdp, lavfi, image sequences) make a demuxer open other
files or addresses; they are missing on purpose.
"""

from __future__ import annotations

PROTOCOLS = ("file", "pipe")

DEMUXERS = (
    "aac", "ac3", "aiff", "amr", "asf", "au", "avi", "caf", "dv", "eac3", "flac", "flv",
    "gif", "h263", "h264", "hevc", "ivf", "m4v", "matroska", "mjpeg", "mov", "mp3", "mpeg",
    "mpegts", "mpegvideo", "mxf", "nut", "obu", "ogg", "rm", "swf", "vc1", "wav",
    "wtv", "yuv4mpegpipe",
)  # fmt: skip

VIDEO_CODECS = (
    "av1", "cinepak", "dnxhd", "dvvideo", "ffv1", "ffvhuff", "flv", "gif", "h261", "h263", "h263i",
    "h263p", "h264", "hevc", "huffyuv", "indeo3", "indeo5", "jpeg2000", "libaom-av1", "libdav1d",
    "libvpx", "libvpx-vp9", "mjpeg", "mpeg1video", "mpeg2video", "mpeg4", "msmpeg4", "msmpeg4v1",
    "msmpeg4v2", "msvideo1", "png", "prores", "qtrle", "rawvideo", "rpza", "rv10", "rv20", "rv30",
    "rv40", "svq1", "svq3", "theora", "utvideo", "v210", "vc1", "vp3", "vp6", "vp6a", "vp6f", "vp8",
    "vp9", "wmv1", "wmv2", "wmv3",
)  # fmt: skip

AUDIO_CODECS = (
    "aac", "aac_latm", "ac3", "adpcm_ima_qt", "adpcm_ima_wav", "adpcm_ms", "adpcm_swf", "alac",
    "amrnb", "amrwb", "cook", "dca", "eac3", "flac", "gsm_ms", "libopencore_amrnb",
    "libopencore_amrwb", "libopus", "libvorbis", "mp1", "mp1float", "mp2", "mp2float", "mp3",
    "mp3float", "mp3on4float", "nellymoser", "opus", "pcm_alaw", "pcm_dvd", "pcm_f32be",
    "pcm_f32le", "pcm_f64le", "pcm_mulaw", "pcm_s16be", "pcm_s16le", "pcm_s24be", "pcm_s24le",
    "pcm_s32be", "pcm_s32le", "pcm_s8", "pcm_u8", "qdm2", "speex", "truehd", "vorbis", "wmapro",
    "wmav1", "wmav2",
)  # fmt: skip

# Never decoded, but a file that has such a stream must still open.
OTHER_CODECS = (
    "ass", "cc_dec", "dvbsub", "dvdsub", "mov_text", "pgssub", "srt", "ssa", "subrip", "text",
    "webvtt",
)  # fmt: skip
