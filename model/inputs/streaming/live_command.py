"""The ffmpeg that reads a live source: frames to one pipe, sound to another, times to the log."""

from __future__ import annotations

from model.inputs.ffmpeg.error_messages import LEVELS
from model.inputs.ffmpeg.programs import programs
from model.inputs.frames.showinfo import shown_by
from model.inputs.streaming.feed import is_fed
from model.spec.input_spec import InputSpec

# Whoever starts this program names the source, so it may open the network; a server never does.
_PROTOCOLS = (
    "file,pipe,fd,http,https,httpproxy,tcp,tls,udp,rtp,srtp,rtmp,rtmps,rtmpt,srt,crypto,data"
)
# A connection that brings nothing for so long is as good as closed.
_SILENCE_MICROSECONDS = 10_000_000
# Looking longer at what a source is delays its first answer.
_PROBE_MICROSECONDS = 1_500_000
_WAITING = ("http://", "https://", "rtmp://", "rtmps://", "tcp://")


def live_command(source: str, inputs: InputSpec, *, sound_descriptor: int | None) -> list[str]:
    """`source`: "-", an address, a camera's device, or a file, which is followed while it grows.
    `sound_descriptor` None: no sound is asked for, as some sources have none."""
    options = ["-v", f"{LEVELS}info", "-hide_banner", "-nostats"]
    options += ["-protocol_whitelist", _PROTOCOLS]
    options += ["-analyzeduration", str(_PROBE_MICROSECONDS)]
    command = [programs().ffmpeg, *options, *_input(source)]
    side = inputs.short_side
    scale = f"w='if(gte(iw,ih),-2,{side})':h='if(gte(iw,ih),{side},-2)'"
    flags = "flags=bilinear+accurate_rnd+bitexact"
    # Shown after scaling: the log then tells the size of what comes, too.
    show = f"sidedata=mode=delete:type=SEI_UNREGISTERED,{shown_by(0)}=checksum=0"
    filters = f"scale={scale}:{flags},format=rgb24,setsar=1,{show}"
    command += ["-map", "0:v:0", "-vf", filters, "-fps_mode", "passthrough"]
    command += ["-enc_time_base", "-1", "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"]
    if sound_descriptor is None:
        return command
    placed = f"aresample={inputs.audio.sample_rate}:async=1:first_pts=0"
    command += ["-map", "0:a:0", "-af", placed, "-ac", "1", "-flush_packets", "1"]
    return [*command, "-f", "f32le", f"pipe:{sound_descriptor}"]


def _input(source: str) -> list[str]:
    if is_fed(source):
        return ["-i", "pipe:0"]
    if source.startswith("/dev/video"):
        return ["-f", "v4l2", "-i", source]
    if source.startswith("rtsp://"):
        # Over UDP a firewall lets nothing through, and frames are lost.
        return ["-rtsp_transport", "tcp", "-timeout", str(_SILENCE_MICROSECONDS), "-i", source]
    if source.startswith(_WAITING):
        return ["-rw_timeout", str(_SILENCE_MICROSECONDS), "-i", source]
    if source.startswith("udp://") and "timeout=" not in source:
        mark = "&" if "?" in source else "?"
        return ["-i", f"{source}{mark}timeout={_SILENCE_MICROSECONDS}&fifo_size=100000"]
    return ["-i", source]
