"""What ffprobe and ffmpeg may open: real containers and codecs, local files, nothing indirect.

Playlists and scripts (hls, dash, concat, sdp, lavfi, image sequences) make a demuxer open other
files or addresses; they are missing on purpose.
"""

from __future__ import annotations

PROTOCOLS = ("file",)

# Those of sound alone are here so that a song is told apart from a broken file.
DEMUXERS = (
    "aac", "ac3", "aiff", "amr", "amrnb", "amrwb", "asf", "au", "avi", "caf", "dv", "eac3", "flac",
    "flv", "gif", "h263", "h264", "hevc", "ivf", "m4v", "matroska", "mjpeg", "mov", "mp3", "mpeg",
    "mpegts", "mpegvideo", "mxf", "nut", "obu", "ogg", "rm", "vc1", "w64", "wav", "yuv4mpegpipe",
)  # fmt: skip

VIDEO_CODECS = (
    "av1", "cinepak", "dnxhd", "dvvideo", "ffv1", "ffvhuff", "flv", "gif", "h261", "h263", "h263i",
    "h263p", "h264", "hevc", "huffyuv", "indeo3", "indeo5", "jpeg2000", "libaom-av1", "libdav1d",
    "libopenjpeg", "libvpx", "libvpx-vp9", "magicyuv", "mjpeg", "mpeg1video", "mpeg2video", "mpeg4",
    "mpegvideo", "msmpeg4", "msmpeg4v1", "msmpeg4v2", "msrle", "msvideo1", "prores", "qtrle",
    "rawvideo", "rpza", "rv10", "rv20", "rv30", "rv40", "smc", "svq1", "svq3", "theora", "utvideo",
    "v210", "vc1", "vp3", "vp6", "vp6a", "vp6f", "vp8", "vp9", "webp", "wmv1", "wmv2", "wmv3",
)  # fmt: skip

# Wider than what is worth hearing: a sound codec that is not listed costs the whole file.
AUDIO_CODECS = (
    "aac", "aac_latm", "ac3", "adpcm_ima_qt", "adpcm_ima_wav", "adpcm_ms", "adpcm_swf",
    "adpcm_yamaha", "alac", "als", "amrnb", "amrwb", "atrac3", "atrac3plus", "cook", "dca",
    "dvaudio", "eac3", "flac", "g722", "g723_1", "g726", "g726le", "gsm", "gsm_ms", "ilbc", "imc",
    "libgsm", "libopencore_amrnb", "libopencore_amrwb", "libopus", "libspeex", "libvorbis", "mace3",
    "mace6", "mlp", "mp1", "mp1float", "mp2", "mp2float", "mp3", "mp3adu", "mp3adufloat",
    "mp3float", "mp3on4", "mp3on4float", "nellymoser", "opus", "pcm_alaw", "pcm_bluray", "pcm_dvd",
    "pcm_f16le", "pcm_f24le", "pcm_f32be", "pcm_f32le", "pcm_f64be", "pcm_f64le", "pcm_mulaw",
    "pcm_s16be", "pcm_s16be_planar", "pcm_s16le", "pcm_s16le_planar", "pcm_s24be", "pcm_s24le",
    "pcm_s24le_planar", "pcm_s32be", "pcm_s32le", "pcm_s32le_planar", "pcm_s64be", "pcm_s64le",
    "pcm_s8", "pcm_s8_planar", "pcm_u16be", "pcm_u16le", "pcm_u24be", "pcm_u24le", "pcm_u32be",
    "pcm_u32le", "pcm_u8", "qcelp", "qdm2", "qdmc", "ra_144", "ra_288", "ralf", "real_144",
    "real_288", "s302m", "sipr", "speex", "tak", "truehd", "truespeech", "tta", "vorbis", "wavpack",
    "wmalossless", "wmapro", "wmav1", "wmav2", "wmavoice",
)  # fmt: skip

# Never decoded, but a file that has such a stream must still open. The pinned ffmpeg has no zlib,
# which PNG needs.
OTHER_CODECS = (
    "ass", "bmp", "cc_dec", "dvbsub", "dvdsub", "libzvbi_teletextdec", "mov_text", "pgssub", "png",
    "srt", "ssa", "subrip", "text", "tiff", "webvtt", "xsub",
)  # fmt: skip
