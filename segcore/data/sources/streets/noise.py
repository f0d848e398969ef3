"""Noise and foliage, made once per process from fixed seeds."""

import math
from functools import lru_cache

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

TILE = 256
SPRITE = 192
FOLIAGE_KINDS = 10
BARE_KINDS = 8


def _octave(rng: np.random.Generator, cells: int) -> np.ndarray:
    """(TILE, TILE) uint8 smooth noise with `cells` periods, repeating without a seam."""
    values = np.pad(rng.integers(0, 256, (cells, cells), dtype=np.uint8), 2, mode="wrap")
    pixels = TILE // cells
    image = Image.fromarray(values).resize(((cells + 4) * pixels,) * 2, Image.Resampling.BICUBIC)
    return np.asarray(image)[2 * pixels : 2 * pixels + TILE, 2 * pixels : 2 * pixels + TILE]


@lru_cache(maxsize=16)
def tile(seed: int, coarsest: int = 4, finest: int = 128, persistence: float = 0.6) -> np.ndarray:
    """(TILE, TILE) uint8 fractal noise around 128 that repeats without a seam."""
    rng = np.random.Generator(np.random.PCG64(seed))
    total = np.zeros((TILE, TILE))
    weight, cells = 1.0, coarsest
    while cells <= finest:
        total += weight * (_octave(rng, cells) - 127.5)
        weight *= persistence
        cells *= 2
    low, high = np.percentile(total, [1, 99])
    noise: np.ndarray = np.clip((total - low) / (high - low) * 255, 0, 255).astype(np.uint8)
    return noise


@lru_cache(maxsize=4)
def grain(low: int) -> Image.Image:
    """RGB image of 4 x 4 tiles, grey in [low, 255], to be multiplied onto a texture."""
    noise = tile(11, 4, 128, 0.9).astype(np.uint16)
    values = (low + noise * (255 - low) // 255).astype(np.uint8)
    return Image.fromarray(np.tile(values, (4, 4))).convert("RGB")


@lru_cache(maxsize=FOLIAGE_KINDS)
def foliage(kind: int) -> tuple[Image.Image, Image.Image, Image.Image]:
    """A crown of leaves: (alpha, shade, hull), L images of SPRITE x SPRITE; alpha is 0 or 255.

    The hull is what an annotator outlines as vegetation: the crown with the gaps between leaves.
    """
    rng = np.random.Generator(np.random.PCG64(5000 + kind))
    alpha = Image.new("L", (SPRITE, SPRITE))
    shade = Image.new("L", (SPRITE, SPRITE), 90)
    edge, tone = ImageDraw.Draw(alpha), ImageDraw.Draw(shade)
    center, spread = SPRITE / 2, SPRITE * 0.36
    clumps = []
    for _ in range(70):
        angle, radius = (rng.uniform(0, 2 * math.pi), math.sqrt(rng.uniform(0, 1)) * spread)
        size = rng.uniform(0.05, 0.13) * SPRITE
        x, y = (center + radius * math.cos(angle), center + radius * math.sin(angle) * 0.95)
        clumps.append((y, x, size))
    for y, x, size in sorted(clumps, reverse=True):
        edge.ellipse((x - size, y - size, x + size, y + size), fill=255)
        base = 60 + 110 * (1 - y / SPRITE) + rng.uniform(-25, 25)
        tone.ellipse((x - size, y - size, x + size, y + size), fill=int(base * 0.6))
        size *= 0.72
        y -= size * 0.35
        tone.ellipse((x - size, y - size, x + size, y + size), fill=int(base * 1.2))
    leaves = tile(21 + kind % 3, 16, 128, 1.1)[:SPRITE, :SPRITE].astype(np.int16)
    soft = np.asarray(alpha.filter(ImageFilter.GaussianBlur(6)), np.int16)
    holes = tile(31, 8, 128, 1.0)[:SPRITE, :SPRITE].astype(np.int16)
    solid = (soft + (holes - 128) * 0.9 > 118).astype(np.uint8) * 255
    outline = np.maximum(solid, (soft > 96).astype(np.uint8) * 255)
    smooth = np.asarray(shade.filter(ImageFilter.GaussianBlur(2.0)), np.int16)
    toned = np.clip(smooth + (leaves - 128) * 1.0, 0, 255).astype(np.uint8)
    return Image.fromarray(solid), Image.fromarray(toned), Image.fromarray(outline)


@lru_cache(maxsize=BARE_KINDS)
def bare_crown(kind: int) -> tuple[Image.Image, Image.Image]:
    """A leafless tree: (alpha of the twigs, hull), L images of 2 SPRITE x 2 SPRITE.

    The hull is what an annotator outlines as vegetation: the crown with the sky in its gaps.
    """
    rng = np.random.Generator(np.random.PCG64(7000 + kind))
    side = 2 * SPRITE
    alpha = Image.new("L", (side, side))
    draw = ImageDraw.Draw(alpha)
    stack = [(side / 2, side - 1.0, math.pi / 2, side * 0.25, 8.0, 0)]
    while stack:
        x, y, angle, length, width, depth = stack.pop()
        x1, y1 = x + math.cos(angle) * length, y - math.sin(angle) * length
        draw.line((x, y, x1, y1), fill=255 if depth < 5 else 170, width=max(1, round(width)))
        if depth < 7:
            for _ in range(3 if depth in (1, 3) else 2):
                turn = rng.uniform(0.15, 0.65) * rng.choice((-1, 1))
                stack.append(
                    (
                        x1,
                        y1,
                        angle * 0.97 + 0.03 * math.pi / 2 + turn,
                        length * rng.uniform(0.66, 0.84),
                        width * 0.66,
                        depth + 1,
                    )
                )
    haze = alpha.filter(ImageFilter.GaussianBlur(5))
    hull = haze.point([255 if value > 28 else 0 for value in range(256)])
    twigs = ImageChops.lighter(alpha, haze.point([min(value, 110) for value in range(256)]))
    return ImageChops.darker(twigs, hull), hull
