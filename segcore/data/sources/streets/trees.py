"""Trees and bushes. Trunk, branches and leaves are all vegetation."""

import math

import numpy as np
from PIL import ImageOps

from segcore.data.sources.streets.camera import Vertex
from segcore.data.sources.streets.canvas import Canvas, mix
from segcore.data.sources.streets.noise import (
    BARE_KINDS,
    FOLIAGE_KINDS,
    SPRITE,
    bare_crown,
    foliage,
)
from segcore.data.sources.streets.style import GREENS, Color
from segcore.labels import IDS

BARK: Color = (74, 64, 54)


def pick_green(rng: np.random.Generator) -> Color:
    """No two trees are of quite the same green."""
    green = np.asarray(GREENS[int(rng.integers(len(GREENS)))]) * rng.uniform(0.75, 1.2)
    red, green_, blue = (green + rng.uniform(-10, 10, 3)).tolist()
    return red, green_, blue


def _leaf_colors(canvas: Canvas, green: Color, z: float) -> tuple[Color, Color]:
    """Colour of the leaves in the crown's depth and at its lit top."""
    light = canvas.light
    facing = 0.35 + 0.65 * max(0.0, -light.to_sun[2]) + 0.3 * light.to_sun[1]
    bright = light.shade(mix(green, (204, 212, 160), 0.62), (0, 0.6 * facing, -0.8 * facing))
    dark = light.shade(mix(green, (16, 20, 14), 0.72), (0, 0, 0))
    return light.fade(dark, z), light.fade(bright, z)


def draw_tree(
    canvas: Canvas, rng: np.random.Generator, x: float, z: float, height: float, *, bare: bool
) -> None:
    """A street tree; trunk, branches and leaves are all vegetation."""
    camera, vegetation = canvas.camera, IDS["vegetation"]
    scale = camera.focal / z
    u, v = camera.project(x, 0.0, z)
    bark = canvas.light.fade(
        canvas.light.shade(mix(BARK, (110, 104, 92), float(rng.uniform(0, 0.7))), (0.3, 0, -0.8)), z
    )
    if bare:
        alpha, hull = bare_crown(int(rng.integers(BARE_KINDS)))
        half = height * 0.42 * scale
        box = (u - half, v - height * scale, u + half, v)
        canvas.sprite(box, alpha, None, (bark, bark), hull, vegetation)
        canvas.line(
            (u, v), (u, v - height * 0.3 * scale), bark, max(2.0, height * 0.03 * scale), vegetation
        )
        return
    crown = height * float(rng.uniform(0.55, 0.75))
    slim = float(rng.uniform(0.75, 1.1) if rng.random() < 0.8 else rng.uniform(0.4, 0.6))
    canvas.line(
        (u, v),
        (u, v - (height - crown * 0.6) * scale),
        bark,
        max(2.0, height * 0.035 * scale),
        vegetation,
    )
    green = pick_green(rng)
    # Seen from close by a crown is a cloud of smaller ones, so that its leaves stay small.
    parts = 1 if crown * scale < 90 else 4 if crown * scale < 260 else 9
    size = crown * (1.0 if parts == 1 else 0.68 if parts == 4 else 0.5)
    for i in range(parts):
        kind = int(rng.integers(FOLIAGE_KINDS))
        dx = dy = 0.0
        if parts > 1:
            angle = 2 * math.pi * i / parts + float(rng.uniform(-0.4, 0.4))
            dx, dy = 0.3 * slim * crown * math.cos(angle), 0.26 * crown * math.sin(angle)
        cu, cv = u + dx * scale, v - (height - crown / 2 + dy) * scale
        half = size / 2 * scale * float(rng.uniform(0.95, 1.2))
        alpha, shade, hull = foliage(kind)
        colors = _leaf_colors(canvas, mix(green, (20, 26, 16), 0.12 * (dy < 0)), z)
        if rng.random() < 0.5:
            alpha, shade, hull = (ImageOps.mirror(layer) for layer in (alpha, shade, hull))
        canvas.sprite(
            (cu - half * slim, cv - half, cu + half * slim, cv + half),
            alpha,
            shade,
            colors,
            hull,
            vegetation,
        )


def cast_tree(
    canvas: Canvas, rng: np.random.Generator, x: float, z: float, height: float, bare: bool
) -> None:
    light = canvas.light
    if light.casts_shadows:
        ox, oz = light.shadow_offset(height * 0.65, 25.0)
        w = 0.2
        canvas.cast(
            [(x - w, 0, z), (x + w, 0, z), (x + ox + w, 0, z + oz), (x + ox - w, 0, z + oz)], 0.7
        )
        if not bare:
            for _ in range(14):
                r, a = (height * 0.3 * math.sqrt(rng.uniform()), rng.uniform(0, 2 * math.pi))
                cx, cz, size = (
                    x + ox + r * math.cos(a),
                    z + oz + r * math.sin(a),
                    height * rng.uniform(0.06, 0.15),
                )
                blob: list[Vertex] = [
                    (
                        cx + size * math.cos(k * math.pi / 5),
                        0.0,
                        cz + size * math.sin(k * math.pi / 5),
                    )
                    for k in range(10)
                ]
                canvas.cast(blob, 0.85)
    canvas.cast(
        [
            (x - 0.5, 0, z - 0.5),
            (x + 0.5, 0, z - 0.5),
            (x + 0.5, 0, z + 0.5),
            (x - 0.5, 0, z + 0.5),
        ],
        0.5,
    )


def draw_bush(
    canvas: Canvas, rng: np.random.Generator, x: float, z: float, width: float, height: float
) -> None:
    scale = canvas.camera.focal / z
    u, v = canvas.camera.project(x, 0.0, z)
    sprite = foliage(int(rng.integers(FOLIAGE_KINDS)))
    crop = (SPRITE // 12, SPRITE // 8, SPRITE * 11 // 12, SPRITE * 5 // 8)
    colors = _leaf_colors(canvas, pick_green(rng), z)
    alpha, shade, hull = (layer.crop(crop) for layer in sprite)
    box = (u - width / 2 * scale, v - height * scale, u + width / 2 * scale, v + 0.05 * scale)
    canvas.sprite(box, alpha, shade, colors, hull, IDS["vegetation"])
