"""From the painted canvas to a photograph: ground texture, wet road, lens, sensor."""

import numpy as np
from PIL import Image, ImageFilter

from segcore.data.sources.streets.canvas import SUPERSAMPLING, Canvas
from segcore.data.sources.streets.noise import tile
from segcore.labels import IDS

ROUGHNESS = {"road": 0.34, "sidewalk": 0.3, "parking": 0.4, "terrain": 0.85, "rail track": 0.45}
"""Contrast of the ground's texture by class."""


def photograph(canvas: Canvas, labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(H, W, 3) uint8 of what a dash camera would have seen; labels: (H, W) uint8 ids."""
    small = canvas.image.reduce(SUPERSAMPLING)
    image = np.asarray(small).astype(np.float32)
    _texture_ground(canvas, image, labels, rng)
    if canvas.light.wet:
        _reflect(canvas, image, labels)
    height, width = labels.shape
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    image *= (1 - np.float32(rng.uniform(0.02, 0.14)) * (x * x + y * y))[..., None]
    soft = Image.fromarray(np.clip(image, 0, 255).astype(np.uint8))
    soft = soft.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.2, 0.65)) * width / 512))
    developed = np.asarray(soft.point(_tone_curve(rng, canvas.light.lamps))).astype(np.float32)
    noise = rng.standard_normal((height, width, 3), dtype=np.float32)
    noise += np.float32(1.5) * noise[..., 1:2]  # mostly brightness, some colour
    developed += np.float32(rng.uniform(0.4, 1.8)) * noise
    photo: np.ndarray = np.clip(developed + np.float32(0.5), 0, 255).astype(np.uint8)
    return photo


def _texture_ground(
    canvas: Canvas, image: np.ndarray, labels: np.ndarray, rng: np.random.Generator
) -> None:
    """Multiply fine grain and broad stains, fixed to the ground in perspective, onto the ground."""
    camera = canvas.camera
    top = int(camera.horizon / SUPERSAMPLING) + 2
    rows = np.arange(top, labels.shape[0])
    if not len(rows):
        return
    z = camera.focal * camera.y / (rows * SUPERSAMPLING + 1 - camera.horizon)
    columns = np.arange(labels.shape[1]) * SUPERSAMPLING - camera.center
    x = columns[None, :] * (z / camera.focal)[:, None] - (camera.bend * z * z)[:, None]
    strength = np.zeros(256, np.float32)
    for name, value in ROUGHNESS.items():
        strength[IDS[name]] = value
    amount = strength[labels[top:]]
    shift = rng.integers(0, 256, 4)
    grain = np.zeros(x.shape, np.float32)
    # (pixels of noise per metre across, along, weight, distance at which it is too fine to see)
    for k, (across, along, weight, reach) in enumerate(
        ((90.0, 60.0, 0.55, 9.0), (22.0, 14.0, 0.45, 28.0), (5.0, 1.6, 0.55, 120.0))
    ):
        u = (x * across + shift[k]).astype(np.int32) & 255
        v = (z * along + shift[3]).astype(np.int32) & 255
        visible = (weight * np.clip(1.5 - z / reach, 0, 1)).astype(np.float32)[:, None]
        grain += (
            tile(61 + k % 2, 4, 128, 0.85)[v[:, None], u].astype(np.float32) / 255 - 0.5
        ) * visible
    image[top:] *= (1 + amount * grain)[..., None]


def _reflect(canvas: Canvas, image: np.ndarray, labels: np.ndarray) -> None:
    """Mirror what stands above the horizon in the wet road."""
    horizon = int(canvas.camera.horizon / SUPERSAMPLING)
    rows = np.arange(horizon + 1, labels.shape[0])
    source = np.clip(2 * horizon - rows, 0, None)
    mirrored = Image.fromarray(np.clip(image[source], 0, 255).astype(np.uint8))
    smeared = np.asarray(mirrored.filter(ImageFilter.BoxBlur((1, 7)))).astype(np.float32)
    is_road = (labels[rows] == IDS["road"]).astype(np.float32)[..., None]
    weight = np.float32(0.34 * canvas.light.wet) * is_road
    image[rows] = image[rows] * (1 - weight * np.float32(1.25)) + smeared * weight


def _tone_curve(rng: np.random.Generator, lamps: bool) -> list[int]:
    """Exposure, white balance and the camera's contrast curve, per channel."""
    exposure = float(rng.uniform(0.9, 1.4)) * (0.95 if lamps else 1.0)
    contrast = float(rng.uniform(0.1, 0.7))
    balance = (float(rng.normal(1.0, 0.025)), 1.0, float(rng.normal(1.01, 0.03)))
    table: list[int] = []
    for gain in balance:
        for value in range(256):
            t = min(1.0, value / 255 * exposure * gain)
            curve = t * t * (3 - 2 * t)
            table.append(int(255 * (t + contrast * (curve - t)) + 0.5))
    return table
