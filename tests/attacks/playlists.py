"""Playlists and scripts, which make a demuxer open what they name, as videos of every name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from tests.attacks.attack import TARGET_KINDS, Attack, Workshop
from tests.attacks.avi import Reel, avi, subtitle_stream

DASH = (
    '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"'
    ' mediaPresentationDuration="PT3S"><Period><AdaptationSet mimeType="video/mp4">'
    '<Representation id="1" bandwidth="1"><BaseURL>{target}</BaseURL><SegmentList duration="1">'
    '<Initialization sourceURL="{target}"/><SegmentURL media="{target}"/></SegmentList>'
    "</Representation></AdaptationSet></Period></MPD>"
)
IMF = (
    '<?xml version="1.0"?><CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016">'
    "<Id>urn:uuid:00000000-0000-0000-0000-000000000000</Id><ContentTitle>{target}</ContentTitle>"
    "<EditRate>25 1</EditRate><SegmentList/></CompositionPlaylist>"
)
PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3.0,\n{target}\n#EXT-X-ENDLIST\n",
    "hls-master": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{target}\n",
    "hls-key": "#EXTM3U\n#EXT-X-TARGETDURATION:3\n"
    '#EXT-X-KEY:METHOD=AES-128,URI="{target}"\n#EXTINF:3.0,\n{target}\n#EXT-X-ENDLIST\n',
    "hls-map": '#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXT-X-MAP:URI="{target}"\n'
    "#EXTINF:3.0,\nconcat:{target}|{target}\n#EXT-X-ENDLIST\n",
    "ffconcat": "ffconcat version 1.0\nfile '{target}'\nduration 3\n",
    "dash": DASH,
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns={target}\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\na=control:{target}\n",
    "imf": IMF,
    "imf-assets": '<?xml version="1.0"?><AssetMap xmlns="http://www.smpte-ra.org/schemas/429-9/2007'
    '/AM"><AssetList><Asset><ChunkList><Chunk><Path>{target}</Path></Chunk></ChunkList></Asset>'
    "</AssetList></AssetMap>",
    "rtsp": "RTSP/1.0 301 Moved\r\nLocation: {target}\r\n\r\n",
    "avisynth": 'AviSource("{target}")\n',
    "vapoursynth": "import vapoursynth as vs\nvs.core.ffms2.Source('{target}').set_output()\n",
    "filter": "movie={target}[out0]\n",
    "asx": '<asx version="3.0"><entry><ref href="{target}"/></entry></asx>',
    "vobsub": "# VobSub index file, v7 (do not modify this line!)\n"
    "timestamp: 00:00:00:000, filepos: 000000000\n# {target}\n",
}
# Of what is sent under every extension.
NAMED = ("relative", "absolute", "http")
NEIGHBOUR, NOBODY = "neighbour.mp4", "nobody.mp4"
EXTENSIONS = (
    *("3g2", "3gp", "aac", "amr", "asf", "avi", "caf", "concat", "dv", "f4v", "ffconcat", "flv"),
    *("gif", "h264", "hevc", "idx", "ivf", "m2ts", "m3u", "m3u8", "m4v", "mjpeg", "mkv", "mov"),
    *("mp3", "mp4", "mpd", "mpeg", "mpg", "mts", "mxf", "nut", "obu", "ogg", "ogv", "rm", "rmvb"),
    *("sdp", "srt", "ts", "vob", "wav", "webm", "wmv", "xml", "y4m"),
)


def playlist_attacks() -> Iterator[Attack]:
    """Each alone as the body; in `make test` under one extension as well, else under all."""
    for number, (kind, target) in enumerate((k, t) for k in PLAYLISTS for t in TARGET_KINDS):
        make, lacking = partial(_playlist, kind, target, NEIGHBOUR), f"{kind}-{target}"
        is_long = number % 5 != 0
        refused = ("undecodable_video",)
        yield Attack(f"{kind} {target}", make, refused, alike=lacking, is_long=is_long)
        nobody = partial(_playlist, kind, target, NOBODY)
        name = f"{kind} {target}, which is not there"
        yield Attack(name, nobody, refused, alike=lacking, is_long=is_long)
        if target not in NAMED:
            continue
        for place, extension in enumerate(EXTENSIONS):
            yield Attack(
                f"{kind} {target} as .{extension}",
                make,
                refused,
                file_name=f"video.{extension}",
                alike=lacking,
                is_long=is_long or place != number % len(EXTENSIONS),
            )
    yield from _hidden()


def _playlist(kind: str, target: str, name: str, shop: Workshop) -> bytes:
    where = shop.targets.of(target, name).removeprefix("file:" if kind == "filter" else "\0")
    return PLAYLISTS[kind].format(target=where).encode()


GIF = ("frame_too_large", "undecodable_video")  # its first words are its size


def _hidden() -> Iterator[Attack]:
    """In files that are videos otherwise, or begin like some."""
    for kind in ("hls", "ffconcat", "sdp"):
        for target in ("relative", "absolute", "http"):
            for name in (NEIGHBOUR, NOBODY):
                yield Attack(
                    f"{kind} {target} as subtitles in AVI, naming {name}",
                    partial(_as_subtitles, kind, target, name),
                    alike=f"gab2-{kind}-{target}",
                )
    yield Attack("hls after a byte order mark", partial(_after, b"\xef\xbb\xbf"), is_long=True)
    yield Attack("hls after the head of an MP4", partial(_after, b"\0\0\0\x14ftypisom\0\0\0\0isom"))
    yield Attack("hls after the head of a GIF", partial(_after, b"GIF89a"), GIF, is_long=True)


def _as_subtitles(kind: str, target: str, name: str, shop: Workshop) -> bytes:
    header, packet = subtitle_stream(_playlist(kind, target, name, shop))
    return avi([shop.jpeg] * 10, Reel(streams=header, others=packet))


def _after(head: bytes, shop: Workshop) -> bytes:
    return head + _playlist("hls", "absolute", NEIGHBOUR, shop)
