"""Vehicles: cars of several shapes, trucks, buses, trams, caravans."""

from dataclasses import dataclass

import numpy as np

from segcore.data.sources.streets.camera import Vertex
from segcore.data.sources.streets.canvas import Canvas, mix
from segcore.data.sources.streets.modeller import TYRE, Modeller, Pose, Ring
from segcore.data.sources.streets.style import Color
from segcore.labels import IDS

PAINTS: tuple[Color, ...] = (
    (168, 172, 176),
    (36, 38, 42),
    (206, 208, 208),
    (92, 96, 102),
    (34, 46, 84),
    (128, 30, 34),
    (52, 78, 120),
    (40, 66, 52),
    (150, 140, 118),
    (64, 66, 72),
    (190, 60, 40),
    (24, 26, 30),
)
COACH_PAINTS: tuple[Color, ...] = (
    (176, 36, 34),
    (216, 176, 60),
    (70, 120, 160),
    (204, 204, 200),
    (60, 120, 84),
    (60, 110, 90),
)
GLASS: Color = (30, 34, 38)


@dataclass(frozen=True)
class Shape:
    """Side view of a vehicle, in metres; z runs from the rear (0) to the front (length)."""

    length: float
    width: float
    body: tuple[Ring, ...]
    cabin: tuple[Ring, ...]
    wheels: tuple[float, ...]
    wheel: float  # radius


def _car(
    length: float, width: float, belt: float, roof: float, rear: float, bonnet: float, slope: float
) -> Shape:
    """rear: overhang of the boot behind the rear window; bonnet: in front of the windscreen."""
    half = width / 2
    return Shape(
        length,
        width,
        body=(
            (0.22, 0.16, length - 0.12, half * 0.93),
            (0.44, 0.0, length, half * 0.99),
            (0.7, 0.02, length - 0.02, half),
            (belt, rear * 0.12, length - 0.22, half * 0.96),
        ),
        cabin=(
            (belt, rear, length - bonnet, half * 0.92),
            (roof, rear + slope, length - bonnet - 0.75, half * 0.74),
        ),
        wheels=(0.72, length - 0.85),
        wheel=0.31,
    )


CARS: tuple[Shape, ...] = (
    _car(3.8, 1.68, 0.92, 1.45, 0.05, 1.0, 0.35),  # hatchback
    _car(4.1, 1.74, 0.93, 1.46, 0.05, 1.05, 0.42),
    _car(4.5, 1.76, 0.92, 1.43, 0.75, 1.15, 0.5),  # saloon
    _car(4.6, 1.78, 0.93, 1.48, 0.05, 1.15, 0.3),  # estate
    _car(4.5, 1.86, 1.08, 1.74, 0.05, 1.05, 0.2),  # off-road
    _car(4.3, 1.8, 1.0, 1.65, 0.03, 0.75, 0.15),  # people carrier
    _car(4.9, 1.92, 1.12, 1.98, 0.03, 0.6, 0.06),  # van
)


def draw_car(
    canvas: Canvas, rng: np.random.Generator, pose: Pose, shape: Shape, paint: Color
) -> None:
    model = Modeller(canvas, pose, shape.length, IDS["car"])
    half, length = shape.width / 2, shape.length
    belt, roof = shape.cabin[0], shape.cabin[1]
    for side in (-1, 1):
        x0, x1 = sorted((side * (half - 0.06), side * (half - 0.3)))
        model.end_panel(0.42, x0, x1, 0.0, 0.5, TYRE, rear=True)
        model.end_panel(length - 0.5, x0, x1, 0.0, 0.5, TYRE, rear=False)
    model.loft(shape.body, paint, paint, 0.3, 0.3)
    # Sill and bumpers in dark plastic, then lamps and plates.
    dark: Color = (34, 35, 37)
    model.side_panel(half, 0.4, length - 0.4, 0.24, 0.34, dark)
    for z in shape.wheels:
        model.wheel(half, z, shape.wheel)
    bumper = dark if rng.random() < 0.4 else mix(paint, dark, 0.25)
    wide = half - 0.22
    model.end_panel(-0.02, -wide, wide, 0.3, 0.52, bumper, rear=True)
    model.end_panel(length + 0.02, -wide, wide, 0.26, 0.48, bumper, rear=False)
    lamps = canvas.light.lamps
    tail: Color = (226, 48, 38) if lamps or rng.random() < 0.2 else (120, 26, 24)
    head: Color = (255, 248, 226) if lamps or rng.random() < 0.12 else (196, 200, 204)
    plate: Color = (222, 196, 70) if rng.random() < 0.5 else (226, 226, 222)
    for side in (-1, 1):
        x0, x1 = sorted((side * (half - 0.16), side * (half - 0.36)))
        model.end_panel(-0.03, x0, x1, 0.64, 0.84, tail, rear=True, lamp=True)
        x0, x1 = sorted((side * (half - 0.16), side * (half - 0.46)))
        model.end_panel(length + 0.02, x0, x1, 0.58, 0.7, head, rear=False, lamp=True)
    model.end_panel(length + 0.03, -0.36, 0.36, 0.54, 0.68, dark, rear=False)
    model.end_panel(-0.04, -0.26, 0.26, 0.56, 0.67, plate, rear=True)
    model.end_panel(length + 0.04, -0.26, 0.26, 0.36, 0.47, (226, 226, 222), rear=False)
    model.loft(shape.cabin, GLASS, paint, 0.22, 0.12, glass=True)
    if pose.z < 30:
        _car_details(model, shape, paint, rng)
    # Pillars and roof edge over the glass.
    slim: tuple[Ring, ...] = (
        (roof[0] - 0.06, roof[1] - 0.03, roof[2] + 0.05, roof[3] + 0.02),
        (roof[0] + 0.03, roof[1] + 0.05, roof[2] - 0.05, roof[3] - 0.06),
    )
    model.loft(slim, paint, paint, 0.3, 0.14)
    for side in (-1, 1):
        x0, x1 = sorted((side * (belt[3] - 0.02), side * (belt[3] - 0.16)))
        x2, x3 = sorted((side * (roof[3] - 0.02), side * (roof[3] - 0.12)))
        y0, y1 = belt[0], roof[0]
        model.facet(
            [
                (x2, y1, roof[1] - 0.01),
                (x3, y1, roof[1] - 0.01),
                (x1, y0, belt[1] - 0.01),
                (x0, y0, belt[1] - 0.01),
            ],
            paint,
            0.2,
        )
        x0, x1 = sorted((side * (belt[3] - 0.03), side * (belt[3] - 0.11)))
        model.facet(
            [
                (x0, y0, belt[2] + 0.01),
                (x1, y0, belt[2] + 0.01),
                (x3, y1, roof[2] + 0.01),
                (x2, y1, roof[2] + 0.01),
            ],
            paint,
            0.2,
        )
    model.end_panel(
        belt[1] - 0.015,
        -belt[3] + 0.06,
        belt[3] - 0.06,
        belt[0] - 0.02,
        belt[0] + 0.07,
        paint,
        rear=True,
    )
    for t in (0.02, 0.5, 0.93):
        low = belt[1] + (belt[2] - belt[1]) * t
        high = roof[1] + (roof[2] - roof[1]) * t
        for side in (-1, 1):
            a, b = side * (belt[3] + 0.01), side * (roof[3] + 0.01)
            quad: list[Vertex] = [
                (a, belt[0], low),
                (b, roof[0], high),
                (b, roof[0], high + 0.09),
                (a, belt[0], low + 0.09),
            ]
            model.facet(quad if side > 0 else quad[::-1], paint, 0.2)


def _car_details(model: Modeller, shape: Shape, paint: Color, rng: np.random.Generator) -> None:
    """What is seen of a car near by: what paint and glass mirror, the gaps of doors, handles."""
    half, length = shape.width / 2, shape.length
    light = model.canvas.light
    belt, roof = shape.cabin[0], shape.cabin[1]
    rear, front = shape.wheels[0] + 0.42, shape.wheels[1] - 0.42
    ground, sky = mix(paint, (26, 26, 28), 0.42), mix(paint, light.skyline, 0.45)
    model.side_panel(half, rear, front, 0.34, float(rng.uniform(0.5, 0.6)), ground)
    model.side_panel(half, 0.3, length - 0.3, 0.74, 0.79, sky)
    for z in (rear + 0.1, (belt[1] + belt[2]) / 2, front):
        model.side_panel(half + 0.005, z, z + 0.03, 0.36, belt[0] - 0.02, (20, 20, 22))
        model.side_panel(half + 0.01, z - 0.24, z - 0.08, 0.72, 0.76, mix(paint, (20, 20, 22), 0.7))
    model.end_panel(-0.025, -half + 0.2, half - 0.2, 0.86, 0.89, (24, 24, 26), rear=True)
    model.end_panel(-0.025, -half + 0.1, half - 0.1, 0.53, 0.56, sky, rear=True)
    model.end_panel(length + 0.025, -half + 0.2, half - 0.2, 0.71, 0.74, sky, rear=False)
    # Panes are bright above, where they mirror the sky, and dark below, where one looks in.
    bright = mix(GLASS, light.skyline, float(rng.uniform(0.15, 0.6)))
    seat = (14.0, 15.0, 17.0)
    for t0, t1, inset, color in ((0.04, 0.34, 0.2, seat), (0.6, 0.93, 0.12, bright)):
        edges = []
        for t in (t0, t1):
            y = belt[0] + (roof[0] - belt[0]) * t
            width = belt[3] + (roof[3] - belt[3]) * t
            ends = tuple(belt[k] + (roof[k] - belt[k]) * t for k in (1, 2))
            edges.append((y, ends, width))
        (y0, (r0, f0), w0), (y1, (r1, f1), w1) = edges
        a, b = w0 - inset, w1 - inset
        model.facet([(b, y1, r1), (-b, y1, r1), (-a, y0, r0), (a, y0, r0)], color)
        model.facet([(a, y0, f0), (-a, y0, f0), (-b, y1, f1), (b, y1, f1)], color)
        for x0, x1 in ((w0 + 0.005, w1 + 0.005), (-w0 - 0.005, -w1 - 0.005)):
            quad: list[Vertex] = [
                (x0, y0, r0 + 0.2),
                (x1, y1, r1 + 0.2),
                (x1, y1, f1 - 0.2),
                (x0, y0, f0 - 0.3),
            ]
            model.facet(quad if x0 > 0 else quad[::-1], color)
    for side in (-1, 1):  # mirrors
        x, z = side * (half + 0.12), belt[2] - 0.25
        for back in (True, False):
            model.end_panel(z, x - 0.09, x + 0.09, 0.92, 1.06, mix(paint, seat, 0.5), rear=back)


def draw_bus(
    canvas: Canvas, rng: np.random.Generator, pose: Pose, paint: Color, *, decks: int
) -> None:
    length, half = 11.0, 1.25
    model = Modeller(canvas, pose, length, IDS["bus"])
    height = 3.05 if decks == 1 else 4.3
    _coach(model, rng, length, half, height, paint, decks)
    for z in (2.4, 8.6):
        model.wheel(half, z, 0.48)


def draw_tram(canvas: Canvas, rng: np.random.Generator, pose: Pose, paint: Color) -> None:
    length, half = 26.0, 1.25
    model = Modeller(canvas, pose, length, IDS["train"])
    _coach(model, rng, length, half, 3.4, paint, 1)
    model.side_panel(half + 0.01, 0.3, length - 0.3, 0.15, 0.6, (40, 42, 46))
    for z in np.arange(6.5, length - 3, 6.5):
        model.side_panel(half + 0.02, z, z + 0.5, 0.3, 3.3, (52, 54, 58))


def _coach(
    model: Modeller,
    rng: np.random.Generator,
    length: float,
    half: float,
    height: float,
    paint: Color,
    decks: int,
) -> None:
    lower = mix(paint, (230, 230, 226), float(rng.uniform(0, 0.6)))
    model.loft(
        (
            (0.3, 0.0, length, half),
            (height - 0.25, 0.0, length, half),
            (height, 0.25, length - 0.25, half - 0.2),
        ),
        paint,
        mix(paint, (220, 220, 220), 0.5),
        0.2,
        0.2,
    )
    model.side_panel(half, 0.25, length - 0.25, 0.32, 1.1, lower)
    for deck in range(decks):
        y = 1.25 + deck * 1.75
        top = min(y + 1.15, height - 0.3)
        z = 0.4
        while z < length - 1.2:
            model.side_panel(half + 0.005, z, z + 1.35, y, top, GLASS, 0.35)
            z += 1.45
        model.end_panel(-0.02, -half + 0.25, half - 0.25, y + 0.1, top, GLASS, rear=True, gloss=0.3)
        model.end_panel(
            length + 0.02, -half + 0.2, half - 0.2, y - 0.2, top, GLASS, rear=False, gloss=0.3
        )
    model.end_panel(length + 0.03, -0.8, 0.8, height - 0.5, height - 0.22, (40, 36, 20), rear=False)
    model.end_panel(-0.03, -0.5, 0.5, height - 0.5, height - 0.28, (60, 50, 20), rear=True)
    model.end_panel(
        -0.03, -half + 0.3, half - 0.3, 0.55, 1.0, mix(paint, (20, 20, 20), 0.5), rear=True
    )
    for side in (-1, 1):
        x0, x1 = sorted((side * (half - 0.22), side * (half - 0.45)))
        model.end_panel(-0.03, x0, x1, 0.8, 1.15, (170, 30, 26), rear=True, lamp=True)
        model.end_panel(length + 0.03, x0, x1, 0.6, 0.82, (232, 232, 224), rear=False, lamp=True)


def draw_truck(canvas: Canvas, rng: np.random.Generator, pose: Pose, paint: Color) -> None:
    """A cab with a box behind; sorted by which of the two is nearer to the eye."""
    length, half = float(rng.uniform(6.5, 9.5)), 1.2
    model = Modeller(canvas, pose, length, IDS["truck"])
    cargo: Color = PAINTS[int(rng.integers(len(PAINTS)))] if rng.random() < 0.4 else (212, 212, 208)
    cab_rear, height = length - 2.0, float(rng.uniform(2.9, 3.6))
    chassis: tuple[Ring, ...] = (
        (0.45, 0.1, length - 0.2, half * 0.8),
        (0.9, 0.1, length - 0.2, half * 0.8),
    )
    model.loft(chassis, (38, 38, 40), (38, 38, 40), 0.0, 0.05)

    def box() -> None:
        model.loft(
            ((0.9, 0.0, cab_rear - 0.3, half), (height, 0.0, cab_rear - 0.3, half)),
            cargo,
            cargo,
            0.1,
            0.03,
        )
        stripe = PAINTS[int(rng.integers(len(PAINTS)))]
        model.side_panel(half, 0.6, cab_rear - 0.9, 1.4, 2.1, mix(cargo, stripe, 0.5))
        model.end_panel(
            -0.01, -half + 0.08, -0.02, 1.0, height - 0.1, mix(cargo, (60, 60, 60), 0.25), rear=True
        )
        model.end_panel(
            -0.01, 0.02, half - 0.08, 1.0, height - 0.1, mix(cargo, (60, 60, 60), 0.25), rear=True
        )
        model.end_panel(-0.02, -half, half, 0.5, 0.85, (40, 40, 42), rear=True)
        for side in (-1, 1):
            x0, x1 = sorted((side * (half - 0.05), side * (half - 0.4)))
            model.end_panel(-0.03, x0, x1, 0.58, 0.78, (180, 34, 30), rear=True, lamp=True)

    def cab() -> None:
        model.loft(
            (
                (0.4, cab_rear, length, half),
                (2.3, cab_rear, length - 0.1, half),
                (2.7, cab_rear, length - 0.35, half - 0.1),
            ),
            paint,
            paint,
            0.2,
            0.12,
        )
        model.end_panel(length, -half + 0.2, half - 0.2, 1.45, 2.25, GLASS, rear=False, gloss=0.3)
        model.side_panel(half, length - 1.3, length - 0.3, 1.4, 2.2, GLASS, 0.2)
        model.end_panel(length + 0.02, -0.8, 0.8, 0.9, 1.25, (40, 40, 42), rear=False)
        for side in (-1, 1):
            x0, x1 = sorted((side * (half - 0.1), side * (half - 0.4)))
            model.end_panel(length + 0.02, x0, x1, 0.6, 0.8, (230, 230, 222), rear=False, lamp=True)

    parts = [cab, box] if model.eye[2] < 0 else [box, cab]
    for part in parts:
        part()
    for z in (1.2, length - 1.2):
        model.wheel(half, z, 0.46)


def draw_caravan(canvas: Canvas, pose: Pose, *, label: int) -> None:
    length = 4.6
    model = Modeller(canvas, pose, length, label)
    model.loft(
        ((0.45, 0.1, length - 0.3, 1.05), (1.2, 0.0, length, 1.08), (2.3, 0.1, length - 0.5, 1.0)),
        (214, 212, 204),
        (222, 222, 216),
        0.15,
        0.12,
    )
    if label == IDS["caravan"]:
        model.end_panel(0.0, -0.7, 0.7, 1.25, 1.8, GLASS, rear=True, gloss=0.3)
        model.side_panel(1.06, 0.7, 1.9, 1.25, 1.8, GLASS, 0.3)
    for side in (-1, 1):
        x0, x1 = sorted((side * 0.85, side * 0.6))
        model.end_panel(-0.02, x0, x1, 0.6, 0.8, (160, 30, 26), rear=True, lamp=True)
    model.wheel(1.06, length / 2, 0.31)
