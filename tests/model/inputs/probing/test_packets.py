"""What ffprobe tells of packets, of which there may be millions."""

from __future__ import annotations

import tracemalloc

import pytest

from model.common.deadline import Deadline
from model.common.errors import UndecodableVideoError
from model.inputs.ffmpeg.decode_limits import DecodeLimits
from model.inputs.ffmpeg.sandbox import Deadlines, Finished
from model.inputs.probing import packets

LINES = 100_000
LIMITS = DecodeLimits()


@pytest.fixture
def told(monkeypatch):
    """Sets what ffprobe writes."""

    def tell(text, errors=""):
        finished = Finished(0, bytearray(text.encode()), errors)
        monkeypatch.setattr(packets, "run_sandboxed", lambda *_, **__: finished)

    return tell


def duration(path):
    deadlines = Deadlines.start(Deadline(60), LIMITS)
    return packets.scan_duration(path, 0, 25.0, limits=LIMITS, deadlines=deadlines)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0,2.0,2.0,0.5,K__\n0,2.5,2.5,0.5,___\n", 1.0),
        ("0,2.5,2.0,0.5,K__\n0,2.0,2.5,0.5,___\n\n", 1.0),  # shown in another order
        ("0,N/A,1.0,N/A,K__\n0,N/A,1.5,N/A,___\n", 0.54),  # without a duration a frame's
        ("0,N/A,N/A,N/A,K__\n0,N/A,N/A,N/A,___\n", 0.08),
        ("0,-1.0,-1.0,0.5,K__\n0,1.0,1.0,9,___\n0,1.0,1.0,1,___", 11.0),
    ],
)
def test_duration(told, tmp_path, text, seconds):
    told(text)

    assert duration(tmp_path) == pytest.approx(seconds)


def test_no_packet(told, tmp_path):
    told("\n", "[error] nothing here")

    with pytest.raises(UndecodableVideoError, match="nothing here"):
        duration(tmp_path)


def test_memory_is_that_of_the_output_and_not_of_the_packets(told, tmp_path):
    """A file of a million tiny frames took the service 340 MB more, for as long as it was read."""
    text = "".join(f"0,{n / 25:.6f},{n / 25:.6f},0.040000,K__\n" for n in range(LINES))
    told(text)
    tracemalloc.start()
    try:
        assert duration(tmp_path) == pytest.approx(LINES / 25)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 2 * len(text)
