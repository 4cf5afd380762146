"""What the samples show: small scenes, each a function of time that draws one frame.

Motion follows the clock, so that what is seen and what service.samples.sounds plays agree.
"""

# Dimensions: H height, W width.

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]  # (H, W, 3), RGB
Scene = Callable[[Frame, float], None]

# Of fixed-point coordinates that OpenCV draws between pixels with.
_SHIFT = 4
BOUNCE_SECONDS = 0.8
SWING_SECONDS = 1.2
TURN_SECONDS = 1.6


def bouncing_ball(frame: Frame, seconds: float) -> None:
    """A ball that falls and rises once a BOUNCE_SECONDS, over a wooden floor."""
    height, width = frame.shape[:2]
    floor = int(height * 0.82)
    _shade(frame, (205, 222, 235), (160, 186, 205))
    frame[floor:] = (150, 104, 62)
    for x in range(0, width, width // 8):
        cv2.line(frame, (x, floor), (x - width // 10, height), (118, 80, 46), 1, cv2.LINE_AA)
    phase = seconds / BOUNCE_SECONDS % 1.0
    radius = height * 0.11
    y = floor - radius - 4 * phase * (1 - phase) * height * 0.5
    x = width * (0.5 + 0.32 * np.sin(seconds * 0.7))
    shadow = int(radius * (0.6 + 0.4 * (y / floor)))
    _disc(frame, (x, floor + 6), shadow, (112, 76, 44), squash=0.25)
    _disc(frame, (x, y), radius, (214, 92, 32))
    turn = seconds * 3.0
    for angle in (turn, turn + np.pi / 2):
        end = radius * np.array([np.cos(angle), np.sin(angle)])
        _line(frame, (x - end[0], y - end[1]), (x + end[0], y + end[1]), (70, 26, 10), 2)


def pendulum(frame: Frame, seconds: float) -> None:
    """A clock's pendulum that passes its lowest point twice a SWING_SECONDS."""
    height, width = frame.shape[:2]
    _shade(frame, (44, 52, 84), (24, 28, 48))
    angle = 0.6 * np.cos(2 * np.pi * seconds / SWING_SECONDS)
    length = height * 0.62
    top = (width / 2, height * 0.12)
    bob = (top[0] + length * np.sin(angle), top[1] + length * np.cos(angle))
    _line(frame, top, bob, (196, 176, 120), 3)
    _disc(frame, bob, height * 0.1, (232, 196, 92))
    _disc(frame, bob, height * 0.05, (252, 232, 164))
    _disc(frame, top, height * 0.03, (196, 176, 120))
    for tick in np.linspace(-0.6, 0.6, 7):
        place = np.array([np.sin(tick), np.cos(tick)])
        inner, outer = np.array(top) + place * length * 1.2, np.array(top) + place * length * 1.28
        _line(frame, tuple(inner), tuple(outer), (120, 132, 170), 2)


def rain(frame: Frame, seconds: float) -> None:
    """Drops that fall in front of hills: motion everywhere, as the noise is."""
    height, width = frame.shape[:2]
    _shade(frame, (120, 136, 148), (176, 186, 190))
    for depth, grey in ((0.45, 104), (0.6, 84), (0.75, 62)):
        x = np.arange(width + 1)
        y = height * (depth + 0.08 * np.sin(x / width * 7 + depth * 20))
        points = np.stack([x, y], axis=1).astype(np.int32)
        corners = np.array([[width, height], [0, height]], dtype=np.int32)
        cv2.fillPoly(frame, [np.vstack([points, corners])], (grey - 20, grey, grey - 8))
    drops = np.random.default_rng(3).random((90, 3))
    for across, start, nearness in drops:
        speed = 0.8 + 0.9 * nearness
        y = (start + seconds * speed) % 1.15 * height - 12
        x = across * width - 6 * seconds % 6
        _line(frame, (x, y), (x - 1.5, y + 8 + 8 * nearness), (216, 228, 238), 1)


def still_room(frame: Frame, seconds: float) -> None:
    """A room in which nothing moves: `seconds` changes nothing."""
    height, width = frame.shape[:2]
    _shade(frame, (226, 214, 196), (206, 190, 168))
    frame[int(height * 0.78) :] = (124, 96, 76)
    cv2.rectangle(frame, (width // 8, height // 6), (width // 3, height // 2), (250, 250, 246), 3)
    frame[height // 6 + 3 : height // 2 - 2, width // 8 + 3 : width // 3 - 2] = (150, 190, 222)
    top = int(height * 0.6)
    cv2.rectangle(
        frame, (width // 2, top), (width - width // 8, int(height * 0.66)), (92, 64, 44), -1
    )
    for x in (width // 2 + 8, width - width // 8 - 12):
        cv2.rectangle(frame, (x, top), (x + 5, int(height * 0.86)), (78, 54, 38), -1)
    _disc(frame, (width * 0.69, top - 12), 12, (168, 60, 52))


def room_with_ball(frame: Frame, seconds: float) -> None:
    """The same room, and a ball that bounces through it."""
    still_room(frame, seconds)
    height, width = frame.shape[:2]
    phase = seconds / BOUNCE_SECONDS % 1.0
    y = height * (0.9 - 4 * phase * (1 - phase) * 0.55)
    x = width * (0.5 + 0.42 * np.sin(seconds * 1.3))
    _disc(frame, (x, y), height * 0.09, (36, 120, 200))
    _disc(frame, (x - 4, y - 5), height * 0.025, (190, 220, 245))


def windmill(frame: Frame, seconds: float) -> None:
    """Four sails that turn once in 4 TURN_SECONDS; tall pictures suit it."""
    height, width = frame.shape[:2]
    _shade(frame, (104, 170, 222), (222, 238, 246))
    frame[int(height * 0.86) :] = (98, 150, 74)
    foot, head = width * 0.22, width * 0.11
    tower = [
        (width / 2 - head, height * 0.4),
        (width / 2 + head, height * 0.4),
        (width / 2 + foot, height * 0.9),
        (width / 2 - foot, height * 0.9),
    ]
    cv2.fillPoly(frame, [np.array(tower, dtype=np.int32)], (228, 218, 202), cv2.LINE_AA)
    hub = (width / 2, height * 0.4)
    for sail in range(4):
        angle = 2 * np.pi * (seconds / (4 * TURN_SECONDS) + sail / 4)
        along = np.array([np.cos(angle), np.sin(angle)]) * width * 0.42
        across = np.array([-along[1], along[0]]) * 0.24
        begin = np.array(hub) + along * 0.2
        corners = np.array([begin, hub + along, hub + along + across, begin + across])
        cv2.fillPoly(frame, [corners.astype(np.int32)], (150, 52, 44), cv2.LINE_AA)
        _line(frame, hub, tuple(np.array(hub) + along), (84, 60, 46), 3)
    _disc(frame, hub, width * 0.04, (84, 60, 46))


def _shade(frame: Frame, top: tuple[int, int, int], bottom: tuple[int, int, int]) -> None:
    share = np.linspace(0, 1, len(frame))[:, np.newaxis]
    rows = (1 - share) * np.array(top) + share * np.array(bottom)
    frame[:] = rows[:, np.newaxis].round().astype(np.uint8)


def _fixed(point: tuple[float, float]) -> tuple[int, int]:
    return round(point[0] * 2**_SHIFT), round(point[1] * 2**_SHIFT)


def _disc(
    frame: Frame,
    centre: tuple[float, float],
    radius: float,
    colour: tuple[int, int, int],
    *,
    squash: float = 1.0,
) -> None:
    axes = _fixed((radius, radius * squash))
    cv2.ellipse(frame, _fixed(centre), axes, 0, 0, 360, colour, -1, cv2.LINE_AA, _SHIFT)


def _line(
    frame: Frame,
    begin: tuple[float, ...],
    end: tuple[float, ...],
    colour: tuple[int, int, int],
    thickness: int,
) -> None:
    first, last = _fixed((begin[0], begin[1])), _fixed((end[0], end[1]))
    cv2.line(frame, first, last, colour, thickness, cv2.LINE_AA, _SHIFT)
