"""H.264's parameter sets (ITU-T H.264, 7.3.2), written bit by bit."""

from __future__ import annotations


def h264_parameters(size: tuple[int, int]) -> bytes:
    """A sequence and a picture parameter set, Annex B, for frames of (about) `size`."""
    across, down = (-(-side // 16) - 1 for side in size)
    sequence = _ue(0, 0, 0, 2, 1) + "0" + _ue(across, down) + "1" + "1" + "0" + "0"
    picture = _ue(0, 0) + "00" + _ue(0, 0, 0) + "0" + "00" + _ue(0, 0, 0) + "000"
    start = b"\0\0\0\1"
    return start + b"\x67\x42\0\x3d" + _bytes(sequence) + start + b"\x68" + _bytes(picture)


def _ue(*values: int) -> str:
    """Exponential Golomb codes."""
    return "".join(f"{'0' * ((one + 1).bit_length() - 1)}{one + 1:b}" for one in values)


def _bytes(bits: str) -> bytes:
    """With the stop bit; none of these has an emulation of a start code in it."""
    bits += "1"
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")
