"""One plain clip: a moving test picture with a tone, or without sound."""

import subprocess

from model.inputs.ffmpeg.programs import programs


def moving_clip(path, *, seconds=3.0, sound=True, size="160x120", rate=25):
    """H.264 and AAC by ffmpeg's own generators; returns `path`."""
    picture = f"testsrc2=size={size}:rate={rate}:duration={seconds}"
    tone = f"sine=frequency=440:duration={seconds}"
    inputs = ["-f", "lavfi", "-i", picture, *(["-f", "lavfi", "-i", tone] if sound else [])]
    command = [programs().ffmpeg, "-v", "error", "-nostdin", "-y", *inputs, "-shortest"]
    subprocess.run([*command, "-pix_fmt", "yuv420p", str(path)], check=True)
    return path
