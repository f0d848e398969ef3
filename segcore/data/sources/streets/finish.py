"""From the painted canvas to a photograph: ground texture, wet road, glare, lens, sensor."""

import numpy as np
from PIL import Image, ImageFilter

from segcore.data.sources.streets.canvas import SUPERSAMPLING, Canvas
from segcore.data.sources.streets.street import Street
from segcore.data.sources.streets.surfaces import texture_ground
from segcore.labels import IDS


def photograph(
    canvas: Canvas, street: Street, labels: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """(H, W, 3) uint8 of what a dash camera would have seen; labels: (H, W) uint8 ids."""
    image = canvas.image_array().astype(np.float32)
    texture_ground(canvas, street, image, labels, rng)
    if canvas.light.wet:
        _reflect(canvas, image, labels)
    _glare(canvas, image, labels, rng)
    height, width = labels.shape
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    image *= (1 - np.float32(rng.uniform(0.02, 0.14)) * (x * x + y * y))[..., None]
    soft = Image.fromarray(np.clip(image, 0, 255).astype(np.uint8))
    soft = soft.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.2, 0.85)) * width / 512))
    developed: np.ndarray = np.asarray(soft.point(_tone_curve(rng, canvas.light.lamps)))
    developed = developed.astype(np.float32)
    grey = (developed[..., :1] + developed[..., 1:2] + developed[..., 2:]) / np.float32(3)
    developed = grey + (developed - grey) * np.float32(rng.uniform(0.55, 1.15))
    noise = rng.standard_normal((height, width, 3), dtype=np.float32)
    noise += np.float32(1.5) * noise[..., 1:2]  # mostly brightness, some colour
    developed += np.float32(rng.uniform(0.1, 1.8)) * noise
    photo: np.ndarray = np.clip(developed + np.float32(0.5), 0, 255).astype(np.uint8)
    return photo


def _reflect(canvas: Canvas, image: np.ndarray, labels: np.ndarray) -> None:
    """Mirror what stands above the horizon in the wet road."""
    # Final row i shows the middle of canvas row 2 i, 2 i + 0.5 from the top.
    mirror = round(canvas.camera.horizon - 0.5)  # twice the horizon in final rows
    rows = np.arange(mirror // SUPERSAMPLING + 1, labels.shape[0])
    source = np.clip(mirror - rows, 0, None)
    mirrored = Image.fromarray(np.clip(image[source], 0, 255).astype(np.uint8))
    smeared = np.asarray(mirrored.filter(ImageFilter.BoxBlur((1, 7)))).astype(np.float32)
    is_road = (labels[rows] == IDS["road"]).astype(np.float32)[..., None]
    weight = np.float32(0.34 * canvas.light.wet) * is_road
    image[rows] = image[rows] * (1 - weight * np.float32(1.25)) + smeared * weight


def _glare(canvas: Canvas, image: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> None:
    """A low sun ahead veils the picture, most where nothing hides it."""
    camera, (across, up, ahead) = canvas.camera, canvas.light.to_sun
    strength = float(rng.uniform(0.2, 0.8))
    if canvas.light.sun < 0.15 or up > 0.36 or ahead < 0.4:
        return
    height, width = labels.shape
    u = (camera.center + camera.focal * across / ahead) / SUPERSAMPLING
    v = (camera.horizon - camera.focal * up / ahead) / SUPERSAMPLING
    seen = 0 <= u < width and 0 <= v < height and labels[int(v), int(u)] == IDS["sky"]
    y = (np.arange(height, dtype=np.float32) - np.float32(v))[:, None]
    x = (np.arange(width, dtype=np.float32) - np.float32(u))[None, :]
    far = (x * x + y * y) / np.float32(0.05 * width * width)
    veil = np.float32(strength * (1.0 if seen else 0.5)) / (1 + far)
    image += veil[..., None] * np.asarray((210, 190, 150), np.float32)


def _tone_curve(rng: np.random.Generator, lamps: bool) -> list[int]:
    """Exposure, white balance and the camera's contrast curve, per channel."""
    exposure = float(rng.uniform(0.9, 1.55)) * (0.95 if lamps else 1.0)
    contrast = float(rng.uniform(0.1, 0.7))
    balance = (float(rng.normal(0.98, 0.04)), 1.0, float(rng.normal(1.02, 0.045)))
    table: list[int] = []
    for gain in balance:
        for value in range(256):
            t = min(1.0, value / 255 * exposure * gain)
            curve = t * t * (3 - 2 * t)
            table.append(int(255 * (t + contrast * (curve - t)) + 0.5))
    return table
