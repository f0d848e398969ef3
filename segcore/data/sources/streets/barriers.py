"""Fences, walls, hedges and guard rails along the street."""

from functools import lru_cache

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from segcore.data.sources.streets.canvas import Canvas, lit_texture, mix, rgb, tinted
from segcore.data.sources.streets.noise import grain, tile
from segcore.data.sources.streets.style import BRICKS, GREENS, STEEL
from segcore.labels import IDS


@lru_cache(maxsize=8)
def _hedge(tone: int) -> Image.Image:
    leaves = Image.fromarray(np.tile(tile(23, 16, 128, 1.2), (1, 2)))
    green = GREENS[tone]
    return tinted(leaves, mix(green, (10, 14, 8), 0.85), mix(green, (180, 190, 120), 0.3))


@lru_cache(maxsize=32)
def _fence(kind: int, color: int) -> Image.Image:
    """(512 x 128) RGBA, 8 m of fence."""
    image = Image.new("RGBA", (512, 128), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    paint = (
        *rgb(
            STEEL[color]
            if kind < 2
            else ((132, 104, 76), (150, 140, 122), (92, 74, 58), (196, 194, 188))[color]
        ),
        255,
    )
    if kind == 0:  # railings
        for x in range(0, 512, 9):
            draw.rectangle((x, 6, x + 2, 127), fill=paint)
        draw.rectangle((0, 8, 511, 13), fill=paint)
        draw.rectangle((0, 110, 511, 115), fill=paint)
    elif kind == 1:  # wire mesh
        for x in range(-128, 512, 8):
            draw.line((x, 127, x + 127, 0), fill=(*paint[:3], 150), width=1)
            draw.line((x, 0, x + 127, 127), fill=(*paint[:3], 150), width=1)
        for x in range(0, 512, 128):
            draw.rectangle((x, 0, x + 5, 127), fill=paint)
        draw.rectangle((0, 0, 511, 3), fill=paint)
    else:  # boards
        for x in range(0, 512, 12):
            shade = 0.82 + 0.18 * ((x * 7) % 13) / 12
            board = (*(int(channel * shade) for channel in paint[:3]), 255)
            draw.rectangle((x, 0, x + 10, 127), fill=board)
            draw.rectangle((x + 11, 0, x + 11, 127), fill=(30, 26, 22, 255))
    return image


@lru_cache(maxsize=8)
def _wall(kind: int) -> Image.Image:
    """(512 x 160) RGB, 8 m of garden wall."""
    colors = list(BRICKS.values())[kind % len(BRICKS)]
    image = Image.new("RGB", (512, 160), rgb(mix(colors[0], (90, 84, 78), 0.25)))
    draw = ImageDraw.Draw(image)
    rng = np.random.Generator(np.random.PCG64(900 + kind))
    for row in range(0, 160, 7):
        for x in range(-(row % 2) * 9, 512, 18):
            tone = mix(
                colors[int(rng.integers(len(colors)))], (60, 56, 52), float(rng.uniform(0, 0.35))
            )
            draw.rectangle((x, row, x + 16, row + 5), fill=rgb(tone))
    draw.rectangle((0, 0, 511, 8), fill=rgb(mix(colors[0], (150, 146, 140), 0.6)))
    return ImageChops.multiply(image, grain(150).crop((0, 0, 512, 160)))


@lru_cache(maxsize=1)
def _guard_rail() -> Image.Image:
    image = Image.new("RGBA", (512, 96), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    for x in range(20, 512, 128):
        draw.rectangle((x, 20, x + 8, 95), fill=(96, 98, 100, 255))
    for y, tone in ((4, 176), (10, 140), (18, 108), (26, 160), (34, 190), (42, 120)):
        draw.rectangle((0, y, 511, y + 8), fill=(tone, tone, tone + 2, 255))
    return image


BARRIERS = {"fence": "fence", "wall": "wall", "hedge": "vegetation", "guard rail": "guard rail"}


def barrier_texture(canvas: Canvas, kind: str, variant: int, side: int) -> Image.Image:
    """The lit texture of 8 m of fence, wall, hedge or guard rail; side is -1 left, 1 right."""
    if kind == "fence":
        texture = _fence(variant % 3, variant % 4)
    elif kind == "wall":
        texture = _wall(variant % 8)
    elif kind == "hedge":
        texture = _hedge(variant % len(GREENS))
    else:
        texture = _guard_rail()
    return lit_texture(texture, canvas.light.shade((1, 1, 1), (-side, 0.2, 0)))


def draw_barrier(
    canvas: Canvas, kind: str, texture: Image.Image, x: float, z0: float, z1: float, height: float
) -> None:
    """A stretch of a barrier along the street."""
    near = max(z0, min(canvas.camera.entry(x) * 0.96, z1 - 0.05))
    if near >= z1:
        return
    side = -1 if x < 0 else 1
    label = IDS[BARRIERS[kind]]
    if kind in ("wall", "hedge"):
        thick = 0.9 if kind == "hedge" else 0.3
        top = canvas.light.shade((90, 108, 60) if kind == "hedge" else (150, 146, 140), (0, 1, 0))
        canvas.face(
            [
                (x, height, near),
                (x, height, z1),
                (x + side * thick, height, z1),
                (x + side * thick, height, near),
            ],
            top,
            label,
            near,
        )
    canvas.plane(
        texture, (x, z0, x, z0 + 8.0), ((near - z0) / 8.0, (z1 - z0) / 8.0), (0.0, height), label
    )
