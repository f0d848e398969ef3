"""Persons, riders and two-wheelers: flat figures that face the camera."""

import math

import numpy as np

from segcore.data.sources.streets.camera import Point
from segcore.data.sources.streets.canvas import Canvas, mix
from segcore.data.sources.streets.style import Color
from segcore.labels import IDS

SKIN: tuple[Color, ...] = ((206, 164, 138), (186, 138, 110), (122, 86, 64), (220, 182, 158))
CLOTHES: tuple[Color, ...] = (
    (34, 36, 42),
    (52, 58, 74),
    (24, 24, 26),
    (84, 86, 90),
    (92, 74, 60),
    (60, 84, 120),
    (120, 40, 44),
    (176, 172, 164),
    (70, 84, 62),
    (150, 120, 84),
    (120, 70, 52),
    (46, 44, 60),
    (28, 32, 40),
    (40, 38, 38),
)
HAIR: tuple[Color, ...] = (
    (40, 32, 28),
    (84, 62, 44),
    (24, 22, 22),
    (140, 116, 80),
    (120, 118, 116),
)


class Figure:
    """Draws limbs given in metres: right of and above the figure's foot point."""

    def __init__(self, canvas: Canvas, x: float, z: float, label: int, lift: float = 0.0) -> None:
        self.canvas = canvas
        self.z = z
        self.label = label
        self.u, self.v = canvas.camera.project(x, lift, z)
        self.scale = canvas.camera.focal / z

    def at(self, x: float, y: float) -> Point:
        return self.u + x * self.scale, self.v - y * self.scale

    def color(self, albedo: Color, turn: float = 0.0) -> Color:
        normal = (turn, 0.35, -math.sqrt(max(0.0, 0.87 - turn * turn)))
        return self.canvas.light.fade(self.canvas.light.shade(albedo, normal), self.z)

    def limb(self, a: Point, b: Point, start: float, end: float, color: Color) -> None:
        """A tapering stroke with round ends; widths in metres."""
        (u0, v0), (u1, v1) = self.at(*a), self.at(*b)
        w0, w1 = start / 2 * self.scale, end / 2 * self.scale
        du, dv = u1 - u0, v1 - v0
        length = math.sqrt(du * du + dv * dv) or 1.0
        nu, nv = -dv / length, du / length
        self.canvas.polygon(
            [
                (u0 + nu * w0, v0 + nv * w0),
                (u1 + nu * w1, v1 + nv * w1),
                (u1 - nu * w1, v1 - nv * w1),
                (u0 - nu * w0, v0 - nv * w0),
            ],
            color,
            self.label,
        )
        for u, v, w in ((u0, v0, w0), (u1, v1, w1)):
            self.canvas.ellipse((u - w, v - w, u + w, v + w), color, self.label)

    def disc(
        self, center: Point, width: float, height: float, color: Color, label: int | None = None
    ) -> None:
        u, v = self.at(*center)
        w, h = width / 2 * self.scale, height / 2 * self.scale
        self.canvas.ellipse(
            (u - w, v - h, u + w, v + h), color, self.label if label is None else label
        )

    def shape(self, points: list[Point], color: Color) -> None:
        self.canvas.polygon([self.at(*p) for p in points], color, self.label)


def _pick(rng: np.random.Generator, colors: tuple[Color, ...]) -> Color:
    return colors[int(rng.integers(len(colors)))]


def _head(
    figure: Figure, rng: np.random.Generator, x: float, y: float, size: float, *, helmet: bool
) -> None:
    skin, hair = figure.color(_pick(rng, SKIN)), figure.color(_pick(rng, HAIR))
    figure.limb((x, y - 0.08 * size), (x, y), 0.1 * size, 0.1 * size, skin)
    back = rng.random() < 0.5
    figure.disc((x, y + 0.1 * size), 0.17 * size, 0.24 * size, hair if back else skin)
    if helmet:
        figure.disc(
            (x, y + 0.16 * size), 0.25 * size, 0.2 * size, figure.color(_pick(rng, CLOTHES))
        )
    elif not back:
        figure.disc((x, y + 0.18 * size), 0.18 * size, 0.12 * size, hair)


def draw_person(
    canvas: Canvas, rng: np.random.Generator, x: float, z: float, lift: float = 0.12
) -> None:
    figure = Figure(canvas, x, z, IDS["person"], lift)
    s = float(rng.uniform(0.9, 1.08)) if rng.random() < 0.88 else float(rng.uniform(0.6, 0.8))
    s *= 1.72 / 1.78
    coat, trousers = _pick(rng, CLOTHES), _pick(rng, CLOTHES[:6])
    sideways = rng.random() < 0.4
    stride = float(rng.uniform(0.05, 0.34)) * (1.0 if sideways else 0.35)
    hip, neck = 0.9 * s, 1.46 * s
    dark, lit = figure.color(mix(coat, (0, 0, 0), 0.22)), figure.color(coat)
    width = (0.26 if sideways else 0.4) * s
    swing = float(rng.uniform(0.0, 0.3)) * (1.0 if sideways else 0.2)
    shoe = figure.color((26, 24, 24))
    skirt = rng.random() < 0.15
    for direction, shade in ((-1, 0.25), (1, 0.0)):
        foot = (direction * (stride + (0.0 if sideways else 0.07)), 0.05 * s)
        knee = (foot[0] * 0.5 + (0.05 if sideways else 0.0), 0.48 * s)
        tone = figure.color(mix(trousers, (0, 0, 0), shade))
        figure.limb((direction * (0.0 if sideways else 0.08), hip), knee, 0.19 * s, 0.14 * s, tone)
        figure.limb(knee, (foot[0], 0.1 * s), 0.14 * s, 0.1 * s, tone)
        figure.limb(
            foot,
            (foot[0] + (0.14 if sideways else 0.02 * direction), 0.04 * s),
            0.09 * s,
            0.07 * s,
            shoe,
        )
    figure.limb(
        (-width / 2 + 0.02, neck - 0.06),
        (-width / 2 - 0.06 - swing, 0.86 * s),
        0.13 * s,
        0.09 * s,
        dark,
    )
    hem = 0.62 * s if skirt or rng.random() < 0.2 else 0.86 * s
    flare = 1.25 if hem < 0.8 * s else 0.92
    figure.shape(
        [
            (-width / 2, neck - 0.05),
            (-width * 0.2, neck + 0.02),
            (width * 0.2, neck + 0.02),
            (width / 2, neck - 0.05),
            (width / 2 * 0.95, 1.1 * s),
            (width / 2 * flare, hem),
            (-width / 2 * flare, hem),
            (-width / 2 * 0.95, 1.1 * s),
        ],
        lit,
    )
    figure.shape(
        [(0.04, neck - 0.02), (width / 2, neck - 0.05), (width / 2 * flare, hem), (0.08, hem)], dark
    )
    figure.limb(
        (width / 2 - 0.02, neck - 0.06),
        (width / 2 + 0.05 + swing, 0.88 * s),
        0.13 * s,
        0.09 * s,
        lit,
    )
    if rng.random() < 0.3:
        bag = figure.color(_pick(rng, CLOTHES))
        figure.shape(
            [
                (width / 2, 0.95 * s),
                (width / 2 + 0.2, 0.95 * s),
                (width / 2 + 0.2, 0.65 * s),
                (width / 2, 0.65 * s),
            ],
            bag,
        )
    _head(figure, rng, 0.03 if sideways else 0.0, neck + 0.06, s, helmet=False)


def _wheel(
    figure: Figure, x: float, radius: float, width: float, color: Color, tyre: float
) -> None:
    """A wheel seen from the side (width = 2 radius) or edge-on; the label covers the spokes too."""
    if width < radius:
        figure.shape(
            [
                (x - width / 2, 0),
                (x + width / 2, 0),
                (x + width / 2, 2 * radius),
                (x - width / 2, 2 * radius),
            ],
            color,
        )
        return
    u, v = figure.at(x, radius)
    r = radius * figure.scale
    canvas = figure.canvas
    stencil = [
        (u + r * math.cos(k * math.pi / 12), v + r * math.sin(k * math.pi / 12)) for k in range(24)
    ]
    canvas.mark(stencil, figure.label)
    inner = radius - tyre
    q = inner * figure.scale
    for k in range(24):
        a, b = k * math.pi / 12, (k + 1) * math.pi / 12
        canvas.polygon(
            [
                (u + r * math.cos(a), v + r * math.sin(a)),
                (u + r * math.cos(b), v + r * math.sin(b)),
                (u + q * math.cos(b), v + q * math.sin(b)),
                (u + q * math.cos(a), v + q * math.sin(a)),
            ],
            color,
            None,
        )
    if q > 8:
        for k in range(6):
            a = k * math.pi / 6
            canvas.line(
                (u + q * math.cos(a), v + q * math.sin(a)),
                (u - q * math.cos(a), v - q * math.sin(a)),
                mix(color, (150, 150, 150), 0.6),
                1.0,
                None,
            )


def draw_bicycle(
    canvas: Canvas,
    rng: np.random.Generator,
    x: float,
    z: float,
    lift: float,
    *,
    sideways: bool,
    facing: int = 1,
) -> None:
    figure = Figure(canvas, x, z, IDS["bicycle"], lift)
    frame = figure.color(_pick(rng, CLOTHES) if rng.random() < 0.5 else (150, 40, 40))
    tyre = figure.color((24, 24, 26))
    if not sideways:
        _wheel(figure, 0.0, 0.34, 0.07, tyre, 0.03)
        figure.limb((0, 0.45), (0, 0.95), 0.06, 0.05, frame)
        figure.limb((-0.28, 1.02), (0.28, 1.02), 0.05, 0.05, tyre)
        figure.limb((-0.09, 0.92), (0.09, 0.92), 0.09, 0.09, tyre)
        return
    f = facing
    _wheel(figure, -0.52 * f, 0.34, 0.68, tyre, 0.045)
    _wheel(figure, 0.52 * f, 0.34, 0.68, tyre, 0.045)
    bottom, seat, bar = (-0.08 * f, 0.3), (-0.22 * f, 0.86), (0.34 * f, 0.84)
    for a, b in (
        (bottom, seat),
        (bottom, (0.38 * f, 0.66)),
        ((-0.2 * f, 0.74), bar),
        (bottom, (-0.52 * f, 0.34)),
        ((-0.2 * f, 0.74), (-0.52 * f, 0.34)),
        ((0.34 * f, 0.98), (0.52 * f, 0.34)),
    ):
        figure.limb(a, b, 0.04, 0.04, frame)
    figure.limb((-0.34 * f, 0.9), (-0.12 * f, 0.9), 0.07, 0.05, tyre)
    figure.limb((0.28 * f, 1.0), (0.42 * f, 1.02), 0.05, 0.05, tyre)


def draw_motorcycle(
    canvas: Canvas, rng: np.random.Generator, x: float, z: float, *, sideways: bool, facing: int = 1
) -> None:
    figure = Figure(canvas, x, z, IDS["motorcycle"])
    paint = figure.color(_pick(rng, CLOTHES) if rng.random() < 0.4 else (156, 34, 34))
    dark, chrome = figure.color((28, 28, 30)), figure.color((140, 142, 146))
    if not sideways:
        _wheel(figure, 0.0, 0.32, 0.15, dark, 0.05)
        figure.shape([(-0.2, 0.4), (0.2, 0.4), (0.17, 0.85), (-0.17, 0.85)], paint)
        figure.limb((-0.4, 1.05), (0.4, 1.05), 0.06, 0.06, dark)
        figure.disc((0, 0.72), 0.16, 0.1, figure.color((190, 40, 36)))
        return
    f = facing
    for centre in (-0.7 * f, 0.7 * f):
        figure.disc((centre, 0.32), 0.64, 0.64, dark)
        figure.disc((centre, 0.32), 0.34, 0.34, chrome)
    figure.shape([(-0.45 * f, 0.35), (0.35 * f, 0.32), (0.4 * f, 0.6), (-0.3 * f, 0.62)], chrome)
    figure.shape([(-0.15 * f, 0.6), (0.4 * f, 0.6), (0.42 * f, 0.88), (0.0, 0.86)], paint)
    figure.shape([(-0.85 * f, 0.72), (-0.1 * f, 0.66), (0.02 * f, 0.84), (-0.85 * f, 0.86)], dark)
    figure.limb((0.7 * f, 0.32), (0.42 * f, 1.0), 0.08, 0.06, chrome)
    figure.limb((0.3 * f, 1.06), (0.48 * f, 1.0), 0.06, 0.06, dark)


def draw_rider(
    canvas: Canvas,
    rng: np.random.Generator,
    x: float,
    z: float,
    *,
    sideways: bool,
    motor: bool,
    facing: int = 1,
) -> None:
    """A rider on a bicycle or motorcycle, from the side or from behind or ahead."""
    if motor:
        draw_motorcycle(canvas, rng, x, z, sideways=sideways, facing=facing)
    else:
        draw_bicycle(canvas, rng, x, z, 0.0, sideways=sideways, facing=facing)
    figure = Figure(canvas, x, z, IDS["rider"])
    coat, trousers = _pick(rng, CLOTHES), _pick(rng, CLOTHES[:6])
    if rng.random() < 0.2:
        coat = (206, 216, 60)
    legs = figure.color(trousers)
    helmet = motor or rng.random() < 0.5
    if sideways:
        f = facing
        hip, shoulder, hand = (-0.22 * f, 0.98), (0.08 * f, 1.45), (0.34 * f, 1.04)
        for knee, foot in (((0.12 * f, 0.72), (0.0, 0.36)), ((0.16 * f, 0.84), (-0.06 * f, 0.46))):
            figure.limb(hip, knee, 0.2, 0.14, legs)
            figure.limb(knee, foot, 0.14, 0.1, legs)
        figure.limb(hip, shoulder, 0.3, 0.32, figure.color(coat))
        figure.limb(shoulder, hand, 0.13, 0.09, figure.color(mix(coat, (0, 0, 0), 0.2)))
        _head(figure, rng, 0.16 * f, 1.62, 1.0, helmet=helmet)
        return
    for direction in (-1, 1):
        knee = (direction * 0.16, 0.7)
        figure.limb((direction * 0.1, 0.98), knee, 0.2, 0.15, legs)
        figure.limb(knee, (direction * 0.12, 0.3 if direction < 0 else 0.48), 0.14, 0.1, legs)
        figure.limb(
            (direction * 0.2, 1.42),
            (direction * 0.27, 1.06),
            0.13,
            0.1,
            figure.color(mix(coat, (0, 0, 0), 0.2)),
        )
    figure.shape(
        [(-0.23, 1.44), (0, 1.52), (0.23, 1.44), (0.18, 0.92), (-0.18, 0.92)], figure.color(coat)
    )
    _head(figure, rng, 0.0, 1.58, 1.0, helmet=helmet)
