"""What weather, light and cameras do to a photograph, at five severities.

Brightness, contrast, fog, motion blur, noise and JPEG are those of Hendrycks and Dietterich,
"Benchmarking Neural Network Robustness to Common Corruptions and Perturbations", ICLR 2019, with
the constants of their ImageNet-C; lengths, which are for images of 224 pixels there, grow with
the shorter side. Gamma, rain and night are ours: rain follows their recipe for snow, night darkens
in linear light and adds the noise of few photons.

Everything follows from (name, severity, seed): the same on every machine, and one pattern of fog,
rain or noise that grows with the severity.
"""

import io
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image

SEVERITIES = (1, 2, 3, 4, 5)
VERSION = 1
"""Raised when a corruption changes, so that stored results are computed again."""

REFERENCE_SIDE = 224
LIGHT_EXPONENT = 2.2  # of the display: linear light is a value to the power of it

Random = np.random.Generator
Corruption = Callable[[np.ndarray, int, Random], np.ndarray]
"""(H, W, 3) float32 from 0 to 1, severity from 0 (the mildest) to 4 -> the same, unclipped."""


def corrupt(image: np.ndarray, name: str, severity: int, seed: int = 0) -> np.ndarray:
    """A corrupted copy of an image.

    Args:
        image: (H, W, 3) uint8 RGB.
        name: one of `CORRUPTIONS`.
        severity: from 1 to 5; 0 leaves the image as it is.
        seed: of the pattern of fog, rain and noise, and of the direction of motion.

    Returns:
        (H, W, 3) uint8.

    Raises:
        ValueError: no such corruption or severity.
    """
    if name not in CORRUPTIONS or severity not in (0, *SEVERITIES):
        raise ValueError(f"{name} at severity {severity}: there is no such corruption")
    if severity == 0:
        return image
    random = np.random.default_rng([seed, zlib.crc32(name.encode())])
    values = image.astype(np.float32) / 255
    corrupted = CORRUPTIONS[name](values, severity - 1, random)
    return np.rint(np.clip(corrupted, 0, 1) * 255).astype(np.uint8)


# --- light ---------------------------------------------------------------------------------------


def _brightness(x: np.ndarray, severity: int, random: Random) -> np.ndarray:
    """Adds to the value of HSV; hue and saturation stay."""
    value = x.max(axis=2, keepdims=True)
    brighter = np.minimum(value + (0.1, 0.2, 0.3, 0.4, 0.5)[severity], 1)
    lit: np.ndarray = np.where(value > 0, x * (brighter / np.maximum(value, 1e-6)), brighter)
    return lit


def _contrast(x: np.ndarray, severity: int, random: Random) -> np.ndarray:
    mean = x.mean(axis=(0, 1), keepdims=True)
    flat: np.ndarray = (x - mean) * (0.4, 0.3, 0.2, 0.1, 0.05)[severity] + mean
    return flat


def _gamma(x: np.ndarray, severity: int, random: Random) -> np.ndarray:
    """Darkens the middle tones; black and white stay."""
    darker: np.ndarray = x ** (1.3, 1.6, 2.0, 2.6, 3.4)[severity]
    return darker


def _night(x: np.ndarray, severity: int, random: Random) -> np.ndarray:
    """Little light, bluish, and the noise of few photons and of the sensor, brightened again."""
    exposure = (0.4, 0.22, 0.12, 0.06, 0.03)[severity]
    full = 255 * exposure  # photons where a pixel was white
    tint = np.array([0.75, 0.9, 1.15], np.float32)
    light = x**LIGHT_EXPONENT * tint
    photons = light * full + random.standard_normal(x.shape, np.float32) * np.sqrt(light * full + 1)
    seen = np.maximum(photons, 0) / 255
    # The camera makes up for half of what is missing, on a scale of stops.
    dark: np.ndarray = (seen / exposure**0.5) ** (1 / LIGHT_EXPONENT)
    return dark


# --- weather -------------------------------------------------------------------------------------


def _fog(x: np.ndarray, severity: int, random: Random) -> np.ndarray:
    """A fractal of light over the image, whose brightest tone stays where it was."""
    amount = (1.5, 2.0, 2.5, 2.5, 3.0)[severity]
    decay = (2.0, 2.0, 1.7, 1.5, 1.4)[severity]
    height, width = x.shape[:2]
    brightest = x.max()
    veil = amount * _plasma(max(height, width), decay, random)[:height, :width, None]
    foggy: np.ndarray = (x + veil) * brightest / (brightest + amount)
    return foggy


def _plasma(side: int, decay: float, random: Random) -> np.ndarray:
    """(S, S) float32 from 0 to 1, S the next power of two: the diamond-square algorithm."""
    size = 1 << max(side - 1, 1).bit_length()
    heights = np.zeros((size, size), np.float32)
    step, wobble = size, 100.0
    while step >= 2:
        half = step // 2

        def displaced(total: np.ndarray, reach: float = wobble) -> np.ndarray:
            return total / 4 + reach * random.uniform(-reach, reach, total.shape)

        corners = heights[::step, ::step]
        around = corners + np.roll(corners, -1, axis=0)
        heights[half::step, half::step] = displaced(around + np.roll(around, -1, axis=1))
        centres = heights[half::step, half::step]
        left_right = corners + np.roll(corners, -1, axis=1)
        heights[::step, half::step] = displaced(centres + np.roll(centres, 1, axis=0) + left_right)
        up_down = corners + np.roll(corners, -1, axis=0)
        heights[half::step, ::step] = displaced(centres + np.roll(centres, 1, axis=1) + up_down)
        step, wobble = half, wobble / decay
    heights -= heights.min()
    scaled: np.ndarray = heights / max(float(heights.max()), 1e-6)
    return scaled


def _rain(x: np.ndarray, severity: int, random: Random) -> np.ndarray:
    """Streaks of drops before a greyer image."""
    density = (0.0012, 0.0024, 0.004, 0.006, 0.009)[severity]
    length = (10, 14, 18, 24, 30)[severity] * _scale(x)
    grey = (0.1, 0.18, 0.26, 0.34, 0.42)[severity]
    slant = np.deg2rad(random.uniform(-15, 15))
    drops = (random.random(x.shape[:2], np.float32) < density).astype(np.float32)
    streaks = _smeared(drops[..., None], np.full(max(2, round(length)), 1.0), np.pi / 2 + slant)
    dim = x * (1 - grey) + grey * 0.45
    rainy: np.ndarray = dim + (1 - dim) * np.minimum(streaks, 1) * 0.45
    return rainy


# --- the camera ----------------------------------------------------------------------------------


def _motion_blur(x: np.ndarray, severity: int, random: Random) -> np.ndarray:
    """Smeared to one side by a half Gaussian, in a direction up to 45 degrees off the level."""
    radius = (10, 15, 15, 15, 20)[severity] * _scale(x)
    sigma = (3, 5, 8, 12, 15)[severity] * _scale(x)
    kernel = np.exp(-((np.arange(2 * round(radius) + 1) / max(sigma, 0.1)) ** 2) / 2)
    return _smeared(x, kernel / kernel.sum(), np.deg2rad(random.uniform(-45, 45)))


def _noise(x: np.ndarray, severity: int, random: Random) -> np.ndarray:
    sigma = (0.08, 0.12, 0.18, 0.26, 0.38)[severity]
    noisy: np.ndarray = x + sigma * random.standard_normal(x.shape, np.float32)
    return noisy


def _jpeg(x: np.ndarray, severity: int, random: Random) -> np.ndarray:
    stream = io.BytesIO()
    picture = Image.fromarray(np.rint(x * 255).astype(np.uint8))
    picture.save(stream, "JPEG", quality=(25, 18, 15, 10, 7)[severity])
    with Image.open(stream, formats=("JPEG",)) as file:
        return np.asarray(file.convert("RGB"), np.float32) / 255


CORRUPTIONS: dict[str, Corruption] = {
    "brightness": _brightness,
    "contrast": _contrast,
    "gamma": _gamma,
    "night": _night,
    "fog": _fog,
    "rain": _rain,
    "motion blur": _motion_blur,
    "noise": _noise,
    "JPEG": _jpeg,
}


def _scale(x: np.ndarray) -> float:
    """How much larger than in the reference's images lengths are."""
    return min(x.shape[:2]) / REFERENCE_SIDE


def _smeared(x: np.ndarray, weights: np.ndarray, angle: float) -> np.ndarray:
    """The sum of (H, W, C) float32 moved step by step along a direction, edges repeated."""
    height, width = x.shape[:2]
    steps = np.arange(len(weights))
    down = np.rint(steps * np.sin(angle)).astype(int)
    right = np.rint(steps * np.cos(angle)).astype(int)
    top, left = int(np.abs(down).max()), int(np.abs(right).max())
    padded = np.pad(x, ((top, top), (left, left), (0, 0)), mode="edge")
    result = np.zeros_like(x)
    for row, column, weight in zip(top - down, left - right, weights, strict=True):
        result += np.float32(weight) * padded[row : row + height, column : column + width]
    return result
