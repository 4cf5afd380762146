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

# Sound of theirs is not decoded, but beside it pictures are: ffprobe opens them where a file says
# that it has such sound, and reads nothing of it.
UNHEARD_CODECS = (
    "8svx_exp", "8svx_fib", "aac_fixed", "ac3_fixed", "acelp.kelvin", "adpcm_4xm", "adpcm_adx",
    "adpcm_afc", "adpcm_agm", "adpcm_aica", "adpcm_argo", "adpcm_circus", "adpcm_ct", "adpcm_dtk",
    "adpcm_ea", "adpcm_ea_maxis_xa", "adpcm_ea_r1", "adpcm_ea_r2", "adpcm_ea_r3", "adpcm_ea_xas",
    "adpcm_ima_acorn", "adpcm_ima_alp", "adpcm_ima_amv", "adpcm_ima_apc", "adpcm_ima_apm",
    "adpcm_ima_cunning", "adpcm_ima_dat4", "adpcm_ima_dk3", "adpcm_ima_dk4", "adpcm_ima_ea_eacs",
    "adpcm_ima_ea_sead", "adpcm_ima_escape", "adpcm_ima_hvqm2", "adpcm_ima_hvqm4",
    "adpcm_ima_iss", "adpcm_ima_magix", "adpcm_ima_moflex", "adpcm_ima_mtf", "adpcm_ima_oki",
    "adpcm_ima_pda", "adpcm_ima_rad", "adpcm_ima_smjpeg", "adpcm_ima_ssi", "adpcm_ima_ws",
    "adpcm_ima_xbox", "adpcm_mtaf", "adpcm_n64", "adpcm_psx", "adpcm_psxc", "adpcm_sanyo",
    "adpcm_sbpro_2", "adpcm_sbpro_3", "adpcm_sbpro_4", "adpcm_thp", "adpcm_thp_le", "adpcm_vima",
    "adpcm_xa", "adpcm_xmd", "adpcm_zork", "ahx", "apac", "ape", "aptx", "aptx_hd", "atrac1",
    "atrac3al", "atrac3plusal", "atrac9", "binkaudio_dct", "binkaudio_rdft", "bmv_audio", "bonk",
    "cbd2_dpcm", "comfortnoise", "derf_dpcm", "dfpwm", "dolby_e", "dsd_lsbf", "dsd_lsbf_planar",
    "dsd_msbf", "dsd_msbf_planar", "dsicinaudio", "dss_sp", "dst", "evrc", "fastaudio", "ftr",
    "g728", "g729", "gremlin_dpcm", "hca", "hcom", "iac", "interplay_dpcm", "interplayacm",
    "metasound", "misc4", "mpc7", "mpc8", "msnsiren", "on2avc", "osq", "paf_audio", "pcm_lxf",
    "pcm_s24daud", "pcm_sga", "pcm_vidc", "qoa", "rka", "roq_dpcm", "sbc", "sdx2_dpcm", "shorten",
    "siren", "smackaud", "sol_dpcm", "sonic", "twinvq", "vmdaudio", "wady_dpcm", "wavarc",
    "ws_snd1", "xan_dpcm", "xma1", "xma2",
)  # fmt: skip
