"""Making the clip of a recipe: frames that show their number, sound that tells its moment."""

import math
import struct
import subprocess
from itertools import pairwise

import numpy as np

from model.inputs.ffmpeg.programs import programs

BARS = 12
# The tone rises, so that its pitch tells the moment.
FIRST_HERTZ, HERTZ_A_SECOND = 400.0, 250.0
ENCODERS = {
    "h264": ("libx264", "-preset", "ultrafast", "-sc_threshold", "0"),
    "hevc": ("libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:scenecut=0"),
    "av1": ("libsvtav1", "-preset", "8", "-crf", "10", "-svtav1-params", "scd=0"),
    "vp8": ("libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M"),
    "vp9": ("libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M"),
    "prores": ("prores_ks",),
}
SOUND_ENCODERS = {"opus": "libopus", "mp3": "libmp3lame", "vorbis": "vorbis"}
MUXERS = {"fragmented.mp4": "mp4", "live.mkv": "matroska", "mkv": "matroska", "ts": "mpegts"}
MUXERS |= {"m2ts": "mpegts", "mpg": "mpeg", "wmv": "asf", "m2v": "mpeg2video", "webm": "webm"}


def ffmpeg(*arguments):
    command = [programs().ffmpeg, "-v", "error", "-nostdin", "-y", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-500:]}")


def frame_numbers(recipe):
    """Of the frames that the clip has, as if none were left out."""
    count = max(2, round(recipe.seconds * recipe.rate))
    numbers = range(count)
    if recipe.kept:
        period, kept = recipe.kept
        numbers = [number for number in numbers if number % period in kept]
    if recipe.pause:
        first, last = paused(recipe)
        numbers = [number for number in numbers if not first <= number < last]
    return list(numbers)


def paused(recipe):
    """The first frame that a pause leaves out, and the first that it does not."""
    return [math.ceil(seconds * recipe.rate) for seconds in recipe.pause]


def sound_seconds(recipe):
    """How long the sound lasts, on its own clock."""
    last = recipe.parts[-1][0] if recipe.parts else 0.0
    return max(recipe.sound_seconds + recipe.late_video, last + 0.2)


def picture(number, size):
    """(H, W) uint8: the number's bits as bars, the lowest first, white for 1."""
    width, height = size
    columns = np.arange(width) * BARS // width
    row = np.where((number >> columns) & 1, 235, 16).astype(np.uint8)
    return np.broadcast_to(row, (height, width))


def number_of(pixels):
    """(H, W, 3) -> the number that a frame shows."""
    height = len(pixels)
    gray = pixels[height // 4 : -(height // 4)].mean(axis=(0, 2))
    centres = ((np.arange(BARS) + 0.5) * len(gray) / BARS).astype(int)
    return sum(1 << bit for bit, centre in enumerate(centres) if gray[centre] > 128)


def tone(recipe, begin, end):
    """(samples, channels) float32 of the sound's own seconds from `begin` to `end`."""
    rate = recipe.sample_rate
    times = np.arange(round(begin * rate), round(end * rate)) / rate
    phase = 2 * np.pi * (FIRST_HERTZ * times + HERTZ_A_SECOND / 2 * times**2)
    mono = (0.5 * np.sin(phase)).astype(np.float32)
    channels = np.repeat(mono[:, None], recipe.channels, axis=1)
    if recipe.opposite:
        channels[:, 1] *= -1
    return channels


def make(recipe, folder):
    """The clip's path."""
    edges = [*(begin for begin, _ in recipe.parts or ((0.0, 0.0),)), recipe.seconds]
    clocks = [clock for _, clock in recipe.parts] or [recipe.clock]
    paths = [
        _part(recipe, folder / f"{number}.{recipe.container}", begin, end, clock)
        for number, ((begin, end), clock) in enumerate(zip(pairwise(edges), clocks, strict=True))
    ]
    path = folder / f"clip.{recipe.container}"
    path.write_bytes(b"".join(part.read_bytes() for part in paths))
    if recipe.rotation or recipe.cut_start:
        path = _copied(recipe, path, folder)
    if recipe.says is not None:
        path.write_bytes(_lying(path.read_bytes(), recipe))
    if recipe.keeps < 1:
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * recipe.keeps)])
    return path


def _part(recipe, path, begin, end, clock):
    raw = path.with_suffix(".gray")
    size = recipe.size if recipe.rotation in (0, 180) else recipe.size[::-1]
    numbers = frame_numbers(recipe)
    first, last = round(begin * recipe.rate), round(end * recipe.rate)
    if end == recipe.seconds:
        last = max(numbers) + 1
    with raw.open("wb") as file:
        for number in range(first, last):
            shown = picture(number, recipe.size)
            file.write(np.ascontiguousarray(np.rot90(shown, -recipe.rotation // 90)).tobytes())
    frames = ("-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{size[0]}x{size[1]}")
    late = ("-itsoffset", recipe.late_video) if recipe.late_video else ()
    command = [*late, *frames, "-framerate", recipe.rate, "-i", raw]
    if recipe.sound:
        command += _sound_input(recipe, path, begin, end)
    command += _others(recipe)
    maps = ["-map", "0:v:0", *(["-map", "1:a:0"] if recipe.sound else [])]
    ffmpeg(*command, *maps, *_other_maps(recipe), *_encoding(recipe), *_muxing(recipe, clock), path)
    raw.unlink()
    return path


def _sound_input(recipe, path, begin, end):
    """Of a part that is not the last, just as long as its frames."""
    until = sound_seconds(recipe) if end == recipe.seconds else end
    raw = path.with_suffix(".f32")
    raw.write_bytes(tone(recipe, begin, until).tobytes())
    shape = ("-ar", recipe.sample_rate, "-ac", recipe.channels)
    return ["-f", "f32le", *shape, "-i", raw]


def _others(recipe):
    if "still" in recipe.tracks:
        return ["-f", "lavfi", "-i", "color=green:s=256x144:d=0.04"]
    if "other_sound" in recipe.tracks:
        return ["-f", "lavfi", "-i", f"anoisesrc=d={recipe.seconds}:a=0.3"]
    if "programme" in recipe.tracks:
        picture, noise = f"color=green:s=64x48:d={recipe.seconds}", f"anoisesrc=d={recipe.seconds}"
        return ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", noise]
    return []


def _other_maps(recipe):
    """Beside the clip's own streams; never the default."""
    first = 2 if recipe.sound else 1
    if "still" in recipe.tracks:
        return ["-map", f"{first}:v", "-disposition:v:0", "default", "-disposition:v:1", "0"]
    if "other_sound" in recipe.tracks and recipe.sound:
        return ["-map", f"{first}:a", "-disposition:a:0", "default", "-disposition:a:1", "0"]
    if "programme" in recipe.tracks:
        own = ":".join(f"st={index}" for index in range(first))
        other = f"program_num=2:st={first}:st={first + 1}"
        maps = ["-map", f"{first}:v", "-map", f"{first + 1}:a"]
        return [*maps, "-program", f"program_num=1:{own}", "-program", other]
    return []


def _encoding(recipe):
    encoder = ENCODERS.get(recipe.video, (recipe.video,))
    options = ["-c:v", *encoder]
    if recipe.video not in ("mjpeg", "prores", "ffv1", "huffyuv", "gif"):
        options += ["-g", recipe.gop]
        options += ["-q:v", "2"] if recipe.video not in ENCODERS else []
    if recipe.b_frames or recipe.video in ("h264", "hevc"):
        options += ["-bf", recipe.b_frames]
    if recipe.open_gop and recipe.video == "h264":
        options += ["-x264-params", "open-gop=1"]
    pixels = {"prores": "yuv422p10le", "mjpeg": "yuvj420p", "huffyuv": "yuv422p", "gif": "rgb8"}
    options += ["-pix_fmt", pixels.get(recipe.video, "yuv420p")]
    left_out = set(range(max(frame_numbers(recipe)) + 1)) - set(frame_numbers(recipe))
    if left_out:
        options += ["-vf", f"select='{_selection(recipe)}'"]
    options += ["-fps_mode", "passthrough"]
    if recipe.late_sound:
        options += ["-af", f"aresample,asetpts=PTS+{recipe.late_sound}/TB"]
    if recipe.sound:
        options += ["-c:a", SOUND_ENCODERS.get(recipe.sound, recipe.sound), "-strict", "-2"]
    return options


def _selection(recipe):
    period, kept = recipe.kept or (1, (0,))
    chosen = "+".join(f"eq(mod(n,{period}),{number})" for number in kept)
    if not recipe.pause:
        return chosen
    first, last = paused(recipe)
    return f"({chosen})*(lt(n,{first})+gte(n,{last}))"


def _muxing(recipe, clock):
    options = ["-f", MUXERS.get(recipe.container, recipe.container)]
    if recipe.container == "fragmented.mp4":
        options += ["-movflags", "frag_keyframe+empty_moov+default_base_moof"]
    if recipe.container == "live.mkv":
        options += ["-live", "1"]
    if recipe.container == "m2ts":
        options += ["-mpegts_m2ts_mode", "1"]
    return [*options, "-output_ts_offset", clock] if clock else options


def _copied(recipe, path, folder):
    turned = folder / f"turned.{recipe.container}"
    display = ("-display_rotation:v:0", recipe.rotation) if recipe.rotation else ()
    cut = ("-ss", recipe.cut_start) if recipe.cut_start else ()
    ffmpeg(*display, *cut, "-i", path, "-map", "0", "-c", "copy", turned)
    return turned


def _lying(content, recipe):
    """The file with a header that says another duration."""
    data = bytearray(content)
    if recipe.container in ("mp4", "mov"):
        at = data.index(b"mdhd") + 16
        (scale,) = struct.unpack_from(">I", data, at)
        struct.pack_into(">I", data, at + 4, round(scale * recipe.seconds * recipe.says))
    elif recipe.container == "flv":
        at = data.index(b"\x00\x08duration\x00") + 11
        struct.pack_into(">d", data, at, recipe.seconds * recipe.says)
    elif recipe.container == "mkv":
        at = data.index(b"\x44\x89\x88") + 3
        struct.pack_into(">d", data, at, 1000 * recipe.seconds * recipe.says)
    else:
        count = round(float(recipe.seconds * recipe.rate) * recipe.says)
        struct.pack_into("<I", data, data.index(b"avih") + 24, count)
        struct.pack_into("<I", data, data.index(b"strh") + 40, count)
    return bytes(data)
