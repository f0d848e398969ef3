"""What the ground is made of: paving patterns, grain and sheen, fixed to it in perspective."""

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from segcore.data.sources.streets.canvas import SUPERSAMPLING, Canvas
from segcore.data.sources.streets.noise import TILE, tile
from segcore.data.sources.streets.street import Street
from segcore.labels import IDS

ROUGHNESS = {"road": 0.34, "sidewalk": 0.3, "parking": 0.4, "terrain": 0.85, "rail track": 0.45}
"""Contrast of the ground's texture by class."""

STONES = {
    "setts": (16, 16, 0.22, 0.68),
    "brick": (32, 16, 0.24, 0.72),
    "slabs": (64, 64, 0.12, 0.7),
}
"""Width and length of a stone in pixels of its tile, spread of the tones, tone of the joints."""

PATTERN_SCALE = 140.0
"""Pixels of a pattern's tile to the metre: a sett is 11 cm, a brick 23, a slab 46."""


@lru_cache(maxsize=len(STONES))
def _pattern(kind: str) -> np.ndarray:
    """(TILE, TILE) float32 factors of brightness, repeating without a seam."""
    width, length, spread, joint = STONES[kind]
    rng = np.random.Generator(np.random.PCG64(8000 + list(STONES).index(kind)))
    image = Image.new("L", (TILE, TILE), int(128 * joint))
    draw = ImageDraw.Draw(image)
    gap = 3 if kind == "setts" else 2
    for row, y in enumerate(range(0, TILE, length)):
        tones = rng.uniform(1 - spread, 1 + spread, TILE // width)
        for column in range(-1, TILE // width):
            x = column * width + (row % 2) * width // 2
            box = (x, y, x + width - 1 - gap, y + length - 1 - gap)
            draw.rectangle(box, fill=int(128 * tones[column]))
    factors: np.ndarray = np.asarray(image).astype(np.float32) / 128
    return factors


def texture_ground(
    canvas: Canvas,
    street: Street,
    image: np.ndarray,
    labels: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """Multiply stones, fine grain and broad stains onto the ground of image, (H, W, 3) float32."""
    camera = canvas.camera
    top = int(camera.horizon / SUPERSAMPLING) + 2
    rows = np.arange(top, labels.shape[0])
    if not len(rows):
        return
    # The ray of a final pixel goes through the middle of the canvas pixel that gave its label.
    z = camera.focal * camera.y / (rows * SUPERSAMPLING + 0.5 - camera.horizon)
    columns = np.arange(labels.shape[1]) * SUPERSAMPLING + 0.5 - camera.center
    across = columns[None, :] * (z / camera.focal)[:, None]
    x = across - (camera.bend * z * z)[:, None] + camera.x
    ground = labels[top:]
    image[top:] *= _grain(x, z, ground, rng)[..., None]
    for name, kind in (("road", street.road_surface), ("sidewalk", street.walk_surface)):
        if kind in STONES:
            image[top:] *= _stones(kind, x, z, ground == IDS[name])[..., None]
    # A road seen at a grazing angle mirrors the sky.
    slope = (camera.y / z).astype(np.float32)
    grazing = np.clip(1 - 3.5 * slope, 0, 1)
    weight = (
        np.float32(rng.uniform(0, 0.4)) * (grazing * grazing)[:, None] * (ground == IDS["road"])
    )
    sky = np.asarray(canvas.light.skyline, np.float32) * np.float32(0.8)
    image[top:] += (sky - image[top:]) * weight.astype(np.float32)[..., None]


def _grain(
    x: np.ndarray, z: np.ndarray, ground: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    strength = np.zeros(256, np.float32)
    for name, value in ROUGHNESS.items():
        strength[IDS[name]] = value * rng.uniform(0.25, 1.4)
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
    factors: np.ndarray = 1 + strength[ground] * grain
    return factors


def _stones(kind: str, x: np.ndarray, z: np.ndarray, where: np.ndarray) -> np.ndarray:
    u = (x * PATTERN_SCALE).astype(np.int32) & 255
    v = (z * PATTERN_SCALE).astype(np.int32) & 255
    # Further away a stone is smaller than a pixel.
    visible = np.clip(1.6 - z / (14 if kind == "slabs" else 8), 0, 1).astype(np.float32)
    factors: np.ndarray = 1 + (_pattern(kind)[v[:, None], u] - 1) * visible[:, None] * where
    return factors
