"""The scene while it is being filled: what stands where, and the order in which it is painted."""

from collections.abc import Callable
from functools import partial
from typing import Concatenate, ParamSpec

import numpy as np

from segcore.data.sources.streets.camera import Vertex
from segcore.data.sources.streets.canvas import Canvas
from segcore.data.sources.streets.geometry import hull
from segcore.data.sources.streets.street import Character, Street
from segcore.data.sources.streets.style import Town

BUCKET = 12.0
"""Length of a stretch of the street in metres. Stretches are painted from far to near; within one,
what stands further from the road comes first, then what is further away."""

HOUSES, GARDEN, BARRIER, KERBSIDE = range(4)

Arguments = ParamSpec("Arguments")


class Stage:
    def __init__(
        self,
        canvas: Canvas,
        town: Town,
        street: Street,
        character: Character,
        rng: np.random.Generator,
    ) -> None:
        self.canvas = canvas
        self.town = town
        self.street = street
        self.character = character
        self.rng = rng
        self._things: list[tuple[tuple[int, int, float], Callable[[], None]]] = []

    def add(
        self,
        zone: int,
        z: float,
        draw: Callable[Concatenate[Canvas, Arguments], None],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> None:
        """Paint something later, when what is behind it is there."""
        order = (-int(z // BUCKET), zone, -z)
        self._things.append((order, partial(draw, self.canvas, *args, **kwargs)))

    def paint(self) -> None:
        for _, draw in sorted(self._things, key=lambda thing: thing[0]):
            draw()

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def uniform(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def in_crossing(self, z: float, margin: float = 1.0) -> bool:
        span = self.street.crossing
        return span is not None and span[0] - margin < z < span[1] + margin

    def cast_upright(
        self, x: float, z: float, width: float, height: float, strength: float = 0.8
    ) -> None:
        """The shadow of something flat that faces the camera."""
        light, half = self.canvas.light, width / 2
        if not light.casts_shadows:
            return
        ox, oz = light.shadow_offset(height, 15.0)
        base: list[Vertex] = [(x - half, 0, z), (x + half, 0, z)]
        top: list[Vertex] = [(x + ox + half, 0, z + oz), (x + ox - half, 0, z + oz)]
        self.canvas.cast(base + top, strength)

    def cast_figure(self, x: float, z: float, width: float) -> None:
        """The shadow of a person and the dark ground at the feet."""
        self.cast_upright(x, z, width, 1.7)
        left, right, near, far = x - width / 2, x + width / 2, z - 0.15, z + 0.15
        self.canvas.cast([(left, 0, near), (right, 0, near), (right, 0, far), (left, 0, far)], 0.6)

    def cast_wall(self, x: float, z0: float, z1: float, height: float) -> None:
        """The shadow of a wall along the street."""
        light = self.canvas.light
        if not light.casts_shadows:
            return
        ox, oz = light.shadow_offset(height, 60.0)
        foot: list[Vertex] = [(x, 0, z0), (x, 0, z1), (x, 0, (z0 + z1) / 2)]
        self.canvas.cast(hull(foot + [(a + ox, 0, b + oz) for a, _, b in foot]), 0.95)
