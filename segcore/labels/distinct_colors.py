"""Colours for classes that come without: each as far as can be from those before it.

Distances are those of CIELAB; for the safe ones as people with normal sight, protanopia and
deuteranopia see them (Machado, Oliveira and Fernandes, "A Physiologically-based Model for
Simulation of Color Vision Deficiency", 2009, severity 1, on linear RGB).
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

Color = tuple[int, int, int]

STEPS = (0, 40, 80, 120, 160, 200, 240)
DARKEST, LIGHTEST = 25.0, 93.0
"""CIELAB's lightness: darker ones look alike on a dark photo, lighter ones on a white page."""

NORMAL = np.eye(3)
PROTANOPIA = np.array(
    [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ]
)
DEUTERANOPIA = np.array(
    [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]
)
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
WHITE = np.array([0.95047, 1.0, 1.08883])


def distinct_colors(count: int, taken: Sequence[Color] = ()) -> list[Color]:
    """So many colours, far from each other and from those that are taken."""
    return _farthest(count, tuple(taken), is_safe=False)


def safe_colors(count: int) -> list[Color]:
    """So many colours that do not rely on telling red from green."""
    return _farthest(count, (), is_safe=True)


@lru_cache(maxsize=64)
def _farthest(count: int, taken: tuple[Color, ...], is_safe: bool) -> list[Color]:
    candidates = np.array([(r, g, b) for r in STEPS for g in STEPS for b in STEPS])
    lightness = _lab(candidates, NORMAL)[:, 0]
    candidates = candidates[(lightness > DARKEST) & (lightness < LIGHTEST)]
    sights = (NORMAL, PROTANOPIA, DEUTERANOPIA) if is_safe else (NORMAL,)
    seen = [_lab(candidates, sight) for sight in sights]
    distance = np.full(len(candidates), np.inf)
    for color in taken:
        theirs = [_lab(np.array([color]), sight)[0] for sight in sights]
        distance = np.minimum(distance, _distances(seen, theirs))
    chosen: list[Color] = []
    for _ in range(count):
        # The first of all: a strong blue, which stands out from most photographs.
        best = int(distance.argmax()) if np.isfinite(distance).all() else _nearest_blue(candidates)
        red, green, blue = candidates[best].tolist()
        chosen.append((red, green, blue))
        distance = np.minimum(distance, _distances(seen, [colors[best] for colors in seen]))
    return chosen


def _nearest_blue(candidates: np.ndarray) -> int:
    return int(np.abs(candidates - (40, 80, 240)).sum(axis=1).argmin())


def _distances(seen: Sequence[np.ndarray], color: Sequence[np.ndarray]) -> np.ndarray:
    """(n,) how far each candidate is from a colour, to the sight that tells them apart least."""
    apart = [
        np.linalg.norm(candidates - one, axis=1)
        for candidates, one in zip(seen, color, strict=True)
    ]
    nearest: np.ndarray = np.min(apart, axis=0)
    return nearest


def _lab(colors: np.ndarray, sight: np.ndarray) -> np.ndarray:
    """(n, 3) RGB from 0 to 255 -> (n, 3) CIELAB as that sight sees them."""
    rgb = colors / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = np.clip(linear @ sight.T, 0, 1) @ TO_XYZ.T / WHITE
    root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = root.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)
