"""Behind the sidewalks: houses, gardens and their barriers, side streets, the horizon."""

import math

import numpy as np

from segcore.data.sources.streets.barriers import barrier_texture, draw_barrier
from segcore.data.sources.streets.canvas import Canvas
from segcore.data.sources.streets.facades import draw_chimneys, draw_house, make_house
from segcore.data.sources.streets.ground import FAR
from segcore.data.sources.streets.stage import BARRIER, BUCKET, GARDEN, HOUSES, Stage
from segcore.data.sources.streets.style import Color
from segcore.data.sources.streets.trees import cast_tree, draw_bush, draw_tree
from segcore.labels import IDS

LAST_HOUSE = 150.0
BARRIER_HEIGHTS = {"fence": (0.9, 2.1), "wall": (0.8, 2.4), "hedge": (0.9, 2.2)}


def next_cut(z: float) -> float:
    """Where the stretch that holds z ends."""
    return (math.floor(z / BUCKET) + 1) * BUCKET


def place_houses(stage: Stage, side: int) -> None:
    street, character, camera = stage.street, stage.character, stage.canvas.camera
    x = street.plot(side) + side * character.setback * stage.uniform(0.7, 1.4)
    z, last = stage.uniform(-6, 2), -10.0
    while z < LAST_HOUSE:
        width = stage.uniform(6, 13) if character.storeys < 1 else stage.uniform(8, 22)
        if street.crossing and z < street.crossing[0] < z + width + 2.5:
            width = street.crossing[0] - 2.5 - z
            if width < 4:
                z = street.crossing[1] + 2.5
                continue
        z0, z1 = z, z + width
        z = z1 + (stage.uniform(1, 7) if stage.chance(character.gap) else 0.0)
        if z1 < camera.entry(x) or not stage.chance(character.built):
            continue
        storeys = max(1.0, stage.town.floors * character.storeys * stage.uniform(0.65, 1.4))
        near = max(z0, camera.entry(x), 4.0)
        scale = min(26.0, max(3.0, 1.1 * camera.focal / near / max(1.0, width / 8)))
        start = max(z0, 0.75)
        house = make_house(
            stage.rng,
            stage.town,
            stage.canvas.light,
            x,
            (start, z1),
            storeys * 3.1,
            scale,
            exposed=z0 > last + 0.1,
        )
        last = z1
        stage.cast_wall(x, start, z1, house.height + house.ridge * 0.5)
        while start < z1 - 1e-6:
            end = min(z1, next_cut(start))
            stage.add(HOUSES, start, draw_house, house, start, end)
            start = end
        stage.add(HOUSES, z1 - 0.01, draw_chimneys, house, stage.rng)


def place_barriers(stage: Stage, side: int) -> None:
    """Fences, walls and hedges at the edge of the plots, garden trees, railings at the kerb."""
    street, character = stage.street, stage.character
    x, z = street.plot(side), stage.uniform(0.8, 12)
    trees = stage.town.greenery * min(1.0, character.setback / 5) / 9
    while z < 110:
        end = z + stage.uniform(7, 26)
        blocked = any(stage.in_crossing(float(at)) for at in np.arange(z, end, 3.0))
        if stage.chance(character.barriers * 0.84) and not blocked:
            kind = str(stage.rng.choice(list(BARRIER_HEIGHTS), p=(0.5, 0.28, 0.22)))
            _barrier(stage, kind, x, (z, end), stage.uniform(*BARRIER_HEIGHTS[kind]))
        for _ in range(int(stage.rng.poisson((end - z) * trees))):
            depth = stage.uniform(1.2, max(1.3, character.setback * 0.8))
            place_tree(stage, x + side * depth, stage.uniform(z, end), GARDEN)
        z = end + (0.0 if stage.chance(0.5) else stage.uniform(1, 6))
    if stage.chance(0.14):
        kind = "guard rail" if stage.chance(0.35) else "fence"
        start = stage.uniform(4, 20)
        limit = street.crossing[0] - 2 if street.crossing else 200.0
        end = min(start + stage.uniform(8, 40), limit)
        height = 0.75 if kind == "guard rail" else 1.05
        _barrier(stage, kind, street.kerb(side) + side * 0.35, (start, end), height)


def _barrier(stage: Stage, kind: str, x: float, span: tuple[float, float], height: float) -> None:
    variant = int(stage.rng.integers(24))
    texture = barrier_texture(stage.canvas, kind, variant, -1 if x < 0 else 1)
    z, end = span
    while z < end - 0.05:
        stop = min(end, next_cut(z))
        stage.add(BARRIER, z, draw_barrier, kind, texture, x, z, stop, height)
        z = stop


def place_tree(stage: Stage, x: float, z: float, zone: int) -> None:
    if stage.in_crossing(z) or z < 4:
        return
    height, bare = stage.uniform(5.5, 14), stage.chance(stage.town.bareness)
    cast_tree(stage.canvas, stage.rng, x, z, height, bare)
    stage.add(zone, z, draw_tree, stage.rng, x, z, height, bare=bare)


def place_side_street(stage: Stage) -> None:
    """Greenery that closes the view into a side street."""
    span = stage.street.crossing
    if span is None:
        return
    z = span[1] + 6.0
    for side in (-1, 1):
        for k in range(3):
            x = stage.street.plot(side) + side * (18.0 + 9.0 * k)
            stage.add(HOUSES, z, draw_bush, stage.rng, x, z, 11.0, 7.0)


def place_bridge(stage: Stage) -> None:
    if not stage.chance(0.06):
        return
    z, clear, thick = stage.uniform(35, 80), stage.uniform(4.8, 6.0), stage.uniform(1.4, 2.4)
    tone = stage.uniform(96, 140)
    feet = stage.street.plot(-1), stage.street.plot(1)
    color = (tone, tone * 0.98, tone * 0.94)
    stage.add(HOUSES, z, _draw_bridge, z, clear, clear + thick, feet, color)


def _draw_bridge(
    canvas: Canvas, z: float, low: float, high: float, feet: tuple[float, float], color: Color
) -> None:
    """A bridge across the street: soffit, abutments from `feet` outwards, girder, railing."""
    bridge, light = IDS["bridge"], canvas.light

    def front(x0: float, x1: float, y0: float, y1: float, tint: Color) -> None:
        lit = light.shade(tint, (0, 0.1, -1))
        canvas.face([(x0, y0, z), (x0, y1, z), (x1, y1, z), (x1, y0, z)], lit, bridge, z)

    below = light.shade(color, (0, -1, 0))
    soffit = [(-FAR, low, z), (FAR, low, z), (FAR, low, z + 8), (-FAR, low, z + 8)]
    canvas.face(soffit, below, bridge, z)
    for x in feet:
        front(x, x + (-4.0 if x < 0 else 4.0), 0, low, color)
    front(-FAR, FAR, low, high, color)
    front(-FAR, FAR, high, high + 0.25, (70, 72, 74))


def draw_backdrop(stage: Stage) -> None:
    """Trees and roofs that close the horizon."""
    canvas = stage.canvas
    for z in (240.0, 190.0):
        x = -z * 0.75
        while x < z * 0.75:
            width, height = stage.uniform(8, 24), stage.uniform(5, 13)
            center = x + width / 2 - canvas.camera.shift(z)
            if stage.chance(0.35 + 0.4 * stage.town.greenery):
                draw_bush(canvas, stage.rng, center, z, width * 1.5, height)
            else:
                tone = stage.uniform(90, 170)
                lit = canvas.light.shade((tone, tone * 0.95, tone * 0.9), (0, 0.2, -0.9))
                left, right = center - width / 2, center + width / 2
                gable = (center, height * 1.15, z)
                outline = [
                    (left, 0, z),
                    (left, height, z),
                    gable,
                    (right, height, z),
                    (right, 0, z),
                ]
                canvas.face(outline, lit, IDS["building"], z)
            x += width * 0.8
