"""Poles, lamps, bollards, traffic lights, traffic signs and street boxes."""

import math

import numpy as np

from segcore.data.sources.streets.camera import Point
from segcore.data.sources.streets.canvas import Canvas, mix
from segcore.data.sources.streets.style import STEEL, Color
from segcore.labels import IDS

DOWN_ROAD = (0.0, 0.0, -1.0)


def _upright(
    canvas: Canvas,
    x: float,
    z: float,
    height: float,
    width: float,
    color: Color,
    label: int,
    foot: float = 0.0,
) -> tuple[Point, Color]:
    """A vertical post; the point at its top and its colour in the image."""
    lit = canvas.light.fade(canvas.light.shade(color, DOWN_ROAD), z)
    a, b = canvas.camera.project(x, foot, z), canvas.camera.project(x, height, z)
    canvas.line(a, b, lit, width * canvas.camera.focal / z, label)
    return b, lit


def draw_pole(canvas: Canvas, x: float, z: float, height: float, color: int) -> None:
    _upright(canvas, x, z, height, 0.1, STEEL[color], IDS["pole"])


def draw_lamp(canvas: Canvas, x: float, z: float, height: float, color: int) -> None:
    pole, scale = IDS["pole"], canvas.camera.focal / z
    (u, v), lit = _upright(canvas, x, z, height, 0.13, STEEL[color], pole)
    reach = -1.6 if x > 0 else 1.6
    tip = (u + reach * scale, v - 0.35 * scale)
    canvas.line((u, v), tip, lit, 0.09 * scale, pole)
    glow: Color = (255, 236, 190) if canvas.light.lamps else mix(lit, (210, 210, 206), 0.5)
    w, h = 0.42 * scale, max(0.16 * scale, 1.0)
    canvas.polygon(
        [
            (tip[0] - w, tip[1] - h),
            (tip[0] + w, tip[1] - h),
            (tip[0] + w * 0.7, tip[1] + h * 0.6),
            (tip[0] - w * 0.7, tip[1] + h * 0.6),
        ],
        glow,
        pole,
    )


def draw_bollard(canvas: Canvas, x: float, z: float, color: int) -> None:
    _upright(canvas, x, z, 1.0, 0.13, STEEL[color], IDS["pole"])


def draw_traffic_light(canvas: Canvas, x: float, z: float, rng: np.random.Generator) -> None:
    scale, light = canvas.camera.focal / z, canvas.light
    height = float(rng.uniform(3.0, 3.5))
    (u, v), _ = _upright(canvas, x, z, height - 0.2, 0.12, STEEL[int(rng.integers(2))], IDS["pole"])
    label = IDS["traffic light"]
    w, h = 0.19 * scale, 0.5 * scale
    if rng.random() < 0.4:
        edge = light.fade((226, 226, 222), z)
        canvas.polygon(
            [
                (u - w * 1.7, v - h * 1.25),
                (u + w * 1.7, v - h * 1.25),
                (u + w * 1.7, v + h * 1.25),
                (u - w * 1.7, v + h * 1.25),
            ],
            edge,
            label,
        )
        w *= 1.5
    canvas.polygon(
        [
            (u - w, v - h * 1.15),
            (u + w, v - h * 1.15),
            (u + w, v + h * 1.15),
            (u - w, v + h * 1.15),
        ],
        light.fade((20, 21, 22), z),
        label,
    )
    lit = int(rng.integers(3))
    lamps: tuple[Color, ...] = ((255, 60, 40), (255, 180, 50), (70, 250, 170))
    r = 0.125 * scale
    for i, y in enumerate((-0.68, 0.0, 0.68)):
        color = lamps[i] if i == lit else light.fade(mix((16, 16, 16), lamps[i], 0.12), z)
        canvas.ellipse((u - r, v + y * h - r, u + r, v + y * h + r), color, label)


def draw_sign(canvas: Canvas, x: float, z: float, rng: np.random.Generator) -> None:
    """A traffic sign on its post: round, triangular, octagonal, square or a direction board."""
    light, scale = canvas.light, canvas.camera.focal / z
    height = float(rng.uniform(2.1, 2.7))
    (u, v), _ = _upright(canvas, x, z, height + 0.2, 0.07, STEEL[int(rng.integers(4))], IDS["pole"])
    label = IDS["traffic sign"]

    def tone(color: Color) -> Color:
        return light.fade(light.shade(color, (0.0, 0.3, -0.95)), z)

    def outline(sides: int, size: float, turn: float, color: Color, marked: bool) -> None:
        points = [
            (
                u + size * scale * math.cos(turn + 2 * math.pi * k / sides),
                v + size * scale * math.sin(turn + 2 * math.pi * k / sides),
            )
            for k in range(sides)
        ]
        canvas.polygon(points, tone(color), label if marked else None)

    red, white, blue, black, green = (
        (176, 34, 36),
        (224, 224, 220),
        (36, 74, 150),
        (30, 30, 32),
        (30, 96, 66),
    )
    kind = str(
        rng.choice(
            ("limit", "blue", "warning", "stop", "yield", "square", "board"),
            p=(0.26, 0.2, 0.16, 0.06, 0.1, 0.12, 0.1),
        )
    )
    if kind == "limit":
        outline(16, 0.36, 0, red, True)
        outline(16, 0.27, 0, white, False)
        outline(4, 0.1, math.pi / 4, black, False)
    elif kind == "blue":
        outline(16, 0.36, 0, white, True)
        outline(16, 0.33, 0, blue, False)
        outline(3, 0.16, -math.pi / 2 * float(rng.integers(4)), white, False)
    elif kind in ("warning", "yield"):
        turn = -math.pi / 2 if kind == "warning" else math.pi / 2
        outline(3, 0.5, turn, red, True)
        outline(3, 0.32, turn, white, False)
        if kind == "warning":
            outline(4, 0.1, 0, black, False)
    elif kind == "stop":
        outline(8, 0.4, math.pi / 8, red, True)
        outline(4, 0.2, 0, white, False)
    else:
        w, h = (0.35, 0.35) if kind == "square" else (float(rng.uniform(0.6, 1.1)), 0.38)
        back, ink = (
            (blue, white)
            if rng.random() < 0.5
            else (green, white)
            if rng.random() < 0.4
            else (white, black)
        )
        w, h = w * scale, h * scale
        canvas.polygon(
            [(u - w, v - h), (u + w, v - h), (u + w, v + h), (u - w, v + h)], tone(back), label
        )
        for row in (-0.4, 0.1, 0.5):
            length = float(rng.uniform(0.4, 0.8))
            canvas.polygon(
                [
                    (u - w * 0.8, v + (row - 0.1) * h),
                    (u + w * (length * 1.6 - 0.8), v + (row - 0.1) * h),
                    (u + w * (length * 1.6 - 0.8), v + (row + 0.12) * h),
                    (u - w * 0.8, v + (row + 0.12) * h),
                ],
                tone(ink),
                None,
            )


def draw_box(
    canvas: Canvas, x: float, z: float, size: tuple[float, float, float], color: Color, label: int
) -> None:
    """A cabinet, bin, bench or crate: (width, height, depth) in metres."""
    w, h, d = size[0] / 2, size[1], size[2]
    light = canvas.light
    flank = x - w if x + canvas.camera.shift(z) > 0 else x + w
    canvas.face(
        [(flank, 0, z), (flank, h, z), (flank, h, z + d), (flank, 0, z + d)],
        light.shade(color, (-1 if flank < x else 1, 0, 0)),
        label,
        z,
    )
    canvas.face(
        [(x - w, h, z), (x + w, h, z), (x + w, h, z + d), (x - w, h, z + d)],
        light.shade(color, (0, 1, 0)),
        label,
        z,
    )
    canvas.face(
        [(x - w, 0, z), (x + w, 0, z), (x + w, h, z), (x - w, h, z)],
        light.shade(color, DOWN_ROAD),
        label,
        z,
    )
    canvas.face(
        [
            (x - w * 0.8, h * 0.55, z),
            (x + w * 0.8, h * 0.55, z),
            (x + w * 0.8, h * 0.85, z),
            (x - w * 0.8, h * 0.85, z),
        ],
        light.shade(mix(color, (20, 20, 20), 0.3), DOWN_ROAD),
        None,
        z,
    )
