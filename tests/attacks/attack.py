"""Attack: one hostile file, what it is sent as, and what may be answered; Workshop makes files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tests.support.clips import ffmpeg

# Codes of problems; "ok" stands for 200.
REFUSED = ("undecodable_video", "unsupported_codec", "no_video_stream")
HONEST = ("ok", *REFUSED)
TOO_LARGE = ("frame_too_large",)

BLACK = ("-f", "lavfi", "-i", "color=black:size={size}:rate=25:duration={seconds}")


@dataclass(frozen=True, slots=True)
class Targets:
    """Where references point: what is there, what is not, and a port that hears of connections."""

    folder: Path
    port: int

    def of(self, kind: str, name: str) -> str:
        """`kind`: relative, parent, absolute, file, http or tcp; `name`: of the file there."""
        return {
            "relative": name,
            "parent": f"../{name}",
            "absolute": str(self.folder / name),
            "file": f"file:{self.folder / name}",
            "http": f"http://127.0.0.1:{self.port}/{name}",
            "tcp": f"tcp://127.0.0.1:{self.port}",
        }[kind]


TARGET_KINDS = ("relative", "parent", "absolute", "file", "http", "tcp")


@dataclass
class Workshop:
    """Makes files in `folder`; what several attacks need is made once."""

    folder: Path
    targets: Targets
    _made: dict[str, bytes] = field(default_factory=dict)

    def made(self, name: str, *arguments: object) -> bytes:
        """The file NAME that the pinned ffmpeg makes of its arguments."""
        if name not in self._made:
            ffmpeg(*arguments, self.folder / name)
            self._made[name] = (self.folder / name).read_bytes()
        return self._made[name]

    def black(self, name: str, size: str, *codec: str, seconds: float = 0.2) -> bytes:
        source = [word.format(size=size, seconds=seconds) for word in BLACK]
        return self.made(name, *source, *codec)

    @cached_property
    def jpeg(self) -> bytes:
        """One frame of 64x64."""
        return self.black("frame.mjpeg", "64x64", "-frames:v", "1", seconds=0.04)

    @cached_property
    def clip(self) -> bytes:
        """Nothing is wrong with it."""
        arguments = ("-f", "lavfi", "-i", "testsrc2=duration=1:size=96x64:rate=25")
        return self.made("clip.mp4", *arguments, "-c:v", "libx264", "-preset", "ultrafast")


Make = Callable[[Workshop], bytes]


@dataclass(frozen=True, slots=True)
class Attack:
    """`file_name`: of the form's part; None: the file is the body. Those with the same `alike` must
    be answered alike, or the answer tells what lies on the server. `is_long`: not in `make test`.
    """

    name: str
    make: Make
    expected: tuple[str, ...] = HONEST
    file_name: str | None = None
    query: str = "segments=2"
    alike: str | None = None
    is_long: bool = False
