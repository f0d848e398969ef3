"""On the sidewalks and along the kerb: street furniture, walkers, parked two-wheelers, clutter."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec

import numpy as np

from segcore.data.sources.streets import people, posts
from segcore.data.sources.streets.camera import Vertex
from segcore.data.sources.streets.canvas import Canvas
from segcore.data.sources.streets.plots import place_tree
from segcore.data.sources.streets.stage import KERBSIDE, Stage
from segcore.data.sources.streets.style import Color
from segcore.data.sources.streets.vehicles import PAINTS
from segcore.labels import IDS

BOXES: tuple[Color, ...] = ((60, 74, 62), (120, 122, 120), (150, 36, 34), (70, 74, 80))

Arguments = ParamSpec("Arguments")


def place_furniture(stage: Stage, side: int) -> None:
    """Trees, lamps, lights, signs and small things near the kerb."""
    rng, street = stage.rng, stage.street
    kerb = street.kerb(side) + side * 0.5
    steel = int(rng.integers(4))
    if stage.chance(0.25 + stage.town.greenery * stage.character.trees * 0.75):
        has_verge = street.verge[side > 0] > 0
        row = street.walk_edge(side) + side * 0.7 if has_verge else kerb + side * 0.4
        start, spacing = stage.uniform(5, 16), stage.uniform(8, 16)
        for z in np.arange(start, 130, spacing):
            if stage.chance(0.85):
                place_tree(stage, row + stage.uniform(-0.2, 0.2), float(z), KERBSIDE)
    start, spacing = stage.uniform(6, 25), stage.uniform(24, 38)
    for z in np.arange(start, 85, spacing):
        _post(stage, kerb, float(z), posts.draw_lamp, 7.0, steel)
    for _ in range(int(rng.poisson(1.7))):
        _post(stage, kerb, stage.uniform(6, 50), posts.draw_sign, rng)
    for _ in range(int(rng.poisson(0.85))):
        z, height = stage.uniform(6, 60), stage.uniform(3, 8)
        _post(stage, kerb + side * 0.5, z, posts.draw_pole, height, steel)
    stop = street.crossing[0] - 1.0 if street.crossing else street.zebra
    if stop is not None and stage.chance(0.7):
        _post(stage, kerb - side * 0.1, stop, posts.draw_traffic_light, rng)
        if street.crossing and stage.chance(0.7):
            _post(stage, kerb, street.crossing[1] + 1.0, posts.draw_traffic_light, rng)
    if stage.chance(0.2):
        start, end = stage.uniform(5, 15), stage.uniform(20, 45)
        for z in np.arange(start, end, 2.0):
            _post(stage, kerb, float(z), posts.draw_bollard, steel)
    for _ in range(int(rng.poisson(1.6))):
        _place_clutter(stage, side, stage.uniform(6, 45))


def _post(
    stage: Stage,
    x: float,
    z: float,
    draw: Callable[Concatenate[Canvas, float, float, Arguments], None],
    *args: Arguments.args,
    **kwargs: Arguments.kwargs,
) -> None:
    if not stage.in_crossing(z, 0.0):
        stage.cast_upright(x, z, 0.12, 4.0, 0.7)
        stage.add(KERBSIDE, z, draw, x, z, *args, **kwargs)


def _place_clutter(stage: Stage, side: int, z: float) -> None:
    if stage.in_crossing(z):
        return
    x = stage.street.walk_edge(side) - side * stage.uniform(0.4, 0.7)
    if stage.chance(0.35):  # a board, a bag, a cart: what someone will move again
        color = PAINTS[int(stage.rng.integers(len(PAINTS)))]
        size = stage.uniform(0.4, 0.8), stage.uniform(0.4, 1.1), 0.4
        label = IDS["dynamic"]
    else:  # a cabinet, a bin, a post box
        color = BOXES[int(stage.rng.integers(len(BOXES)))]
        size = stage.uniform(0.45, 1.1), stage.uniform(0.8, 1.6), 0.5
        label = IDS["static"]
    left, right = x - 0.4, x + 0.4
    foot: list[Vertex] = [
        (left, 0, z - 0.2),
        (right, 0, z - 0.2),
        (right, 0, z + 0.6),
        (left, 0, z + 0.6),
    ]
    stage.canvas.cast(foot, 0.8)
    stage.add(KERBSIDE, z, posts.draw_box, x, z, size, color, label)


def place_two_wheelers(stage: Stage, side: int) -> None:
    """Groups of parked bicycles, now and then a motorcycle."""
    rng, street = stage.rng, stage.street
    for _ in range(int(rng.poisson(0.62))):
        z = stage.uniform(7, 35)
        for _ in range(int(rng.integers(1, 6))):
            z += stage.uniform(0.4, 1.3)
            sideways, facing = stage.chance(0.6), 1 if stage.chance(0.5) else -1
            motor, offset = stage.chance(0.13), stage.uniform(0.5, 0.9)
            if stage.in_crossing(z):
                continue
            if motor:
                x = street.kerb(side) - side * 0.5
                stage.add(
                    KERBSIDE,
                    z,
                    people.draw_motorcycle,
                    rng,
                    x,
                    z,
                    sideways=stage.chance(0.2),
                    facing=facing,
                )
            else:
                x = street.walk_edge(side) - side * offset
                stage.add(
                    KERBSIDE,
                    z,
                    people.draw_bicycle,
                    rng,
                    x,
                    z,
                    0.1,
                    sideways=sideways,
                    facing=facing,
                )


def place_walkers(stage: Stage, side: int) -> None:
    """People on the sidewalk, alone and in groups; some cross the road."""
    rng, street = stage.rng, stage.street
    low, high = sorted((street.walk_start(side), street.walk_edge(side)))
    for _ in range(int(rng.poisson(3.6 * stage.town.people))):
        z = float(6 + rng.gamma(2.0, 11.0))
        for _ in range(1 + int(stage.chance(0.35)) + int(stage.chance(0.1))):
            x = stage.uniform(low + 0.4, high - 0.4)
            _place_person(stage, x, z + stage.uniform(-0.3, 0.3), 0.1)
    if stage.chance(0.28 * stage.town.people):  # close by, often cut by the picture's edge
        z = max(2.6, stage.canvas.camera.entry(low if side > 0 else high) * stage.uniform(0.9, 1.5))
        for _ in range(int(rng.choice((1, 2, 4), p=(0.5, 0.3, 0.2)))):
            x = stage.uniform(low + 0.3, high - 0.3)
            if not stage.in_crossing(z):
                _place_person(stage, x, z + stage.uniform(-0.4, 0.8), 0.1)
    if stage.chance(0.16):
        z = street.zebra + 1.5 if street.zebra else stage.uniform(7, 35)
        for _ in range(int(rng.integers(1, 4))):
            _place_person(stage, stage.uniform(*street.road), z + stage.uniform(-1, 1), 0.0)


def _place_person(stage: Stage, x: float, z: float, lift: float) -> None:
    stage.cast_figure(x, z, 0.35)
    stage.add(KERBSIDE, z, people.draw_person, stage.rng, x, z, lift)
