"""The ground: road with markings, kerbs, sidewalks, verges, crossings, rails."""

import numpy as np

from segcore.data.sources.streets.camera import Vertex
from segcore.data.sources.streets.canvas import Canvas, mix
from segcore.data.sources.streets.street import Street
from segcore.data.sources.streets.style import Color, Light
from segcore.labels import IDS

FAR = 260.0
PAINT: Color = (200, 200, 196)
YELLOW: Color = (196, 170, 84)
UP = (0.0, 1.0, 0.0)


class GroundPainter:
    def __init__(self, canvas: Canvas, street: Street, rng: np.random.Generator) -> None:
        self.canvas = canvas
        self.street = street
        self.rng = rng
        self.light: Light = canvas.light

    def strip(
        self, x0: float, x1: float, z0: float, z1: float, color: Color, label: int | None
    ) -> None:
        """A flat strip along the road, following its bend, in pieces that haze one by one."""
        lit = self.light.shade(color, UP)
        z = max(z0, 1.2)
        while z < z1 - 1e-6:
            step = min(z1, z * 1.45 + 1.0)
            quad: list[Vertex] = [(x0, 0, z), (x1, 0, z), (x1, 0, step), (x0, 0, step)]
            self.canvas.face(quad, lit, label, (z + step) / 2)
            z = step

    def paint(self) -> None:
        street = self.street
        self.strip(-400, 400, 1.2, FAR * 4, street.grass, IDS["terrain"])
        self.strip(street.road[0], street.road[1], 1.2, FAR, street.asphalt, IDS["road"])
        for side in (-1, 1):
            self._side(side)
        if street.crossing:
            self._crossing(street.crossing)
        self._patches()
        if street.rails:
            self._rails()
        self._markings()

    def _side(self, side: int) -> None:
        street = self.street
        i = side > 0
        road, kerb, walk, plot = (
            street.road[i],
            street.kerb(side),
            street.walk_edge(side),
            street.plot(side),
        )
        if street.parking[i]:
            shade = float(self.rng.uniform(0.85, 1.12))
            tone = (street.asphalt[0] * shade, street.asphalt[1] * shade, street.asphalt[2] * shade)
            self.strip(road, kerb, 1.2, FAR, mix(tone, street.paving, 0.3), IDS["parking"])
            for z in np.arange(3.0, 70.0, 6.0):
                self.strip(road, kerb, z, z + 0.12, PAINT, None)
        self.strip(kerb, walk, 1.2, FAR, street.paving, IDS["sidewalk"])
        joint = mix(street.paving, (40, 40, 40), 0.28)
        for x in np.arange(kerb + side * 0.9, walk, side * 0.9):
            self.strip(x, x + 0.03, 3.0, 30.0, joint, None)
        slab = float(self.rng.choice((0.6, 0.9, 1.8)))
        z = 4.0
        while z < 26.0:
            self.strip(kerb, walk, z, z + 0.03, joint, None)
            z += slab * (1 if z < 12 else 2)
        # Kerb stone: bright top, darker face towards the road.
        self.strip(
            kerb,
            kerb + side * 0.16,
            1.2,
            160,
            mix(street.paving, (220, 220, 216), 0.4),
            IDS["sidewalk"],
        )
        self.strip(
            kerb - side * 0.07,
            kerb,
            1.2,
            120,
            mix(street.paving, (20, 20, 20), 0.55),
            IDS["sidewalk"],
        )
        if street.verge[i]:
            self.strip(walk, plot, 1.2, FAR, street.grass, IDS["terrain"])
        if self.rng.random() < 0.5:
            for offset in (0.25, 0.45) if self.rng.random() < 0.6 else (0.3,):
                x = road - side * offset
                self.strip(x, x + 0.09, 1.2, 90, YELLOW if not i else PAINT, None)

    def _crossing(self, span: tuple[float, float]) -> None:
        street = self.street
        near, far = span
        for z0, z1 in ((near - 2.5, near), (far, far + 2.5)):
            for side in (-1, 1):
                edge = street.walk_edge(side)
                self.strip(edge, side * 90.0, z0, z1, street.paving, IDS["sidewalk"])
        for side in (-1, 1):
            self.strip(street.road[side > 0], side * 90.0, near, far, street.asphalt, IDS["road"])
            self.strip(
                street.kerb(side), side * 90.0, far, far + 0.2, (168, 168, 164), IDS["sidewalk"]
            )
            middle = (near + far) / 2
            for x in np.arange(10.0, 60.0, 5.0):
                self.strip(side * x, side * (x + 2.5), middle, middle + 0.15, PAINT, None)
        self.strip(street.road[0], 0.0, far + 0.5, far + 0.9, PAINT, None)
        self.strip(0.0, street.road[1], near - 0.9, near - 0.5, PAINT, None)

    def _patches(self) -> None:
        street, rng = self.street, self.rng
        for _ in range(int(rng.integers(2, 9))):
            z, x = (rng.uniform(3.5, 40), rng.uniform(street.road[0], street.road[1] - 1.5))
            width, length = rng.uniform(0.4, 2.0), rng.uniform(0.5, 14)
            tone = mix(street.asphalt, (30, 30, 32) if rng.random() < 0.7 else (170, 170, 168), 0.2)
            self.strip(x, min(x + width, street.road[1]), z, z + length, tone, None)
        for _ in range(int(rng.integers(0, 3))):
            z, x = (rng.uniform(4, 25), rng.uniform(street.road[0] + 0.5, street.road[1] - 1))
            self.strip(x, x + 0.6, z, z + 0.6, mix(street.asphalt, (20, 20, 20), 0.45), None)

    def _markings(self) -> None:
        street, rng = self.street, self.rng
        paint = mix(street.asphalt, PAINT, float(rng.uniform(0.45, 0.95)))
        left, right = street.road
        lines = [0.0]
        if street.lanes > 2:
            lines += [left / 2, right / 2]
        skip = street.crossing or (0.0, 0.0)
        for x in lines if not street.rails else []:
            solid = x == 0.0 and rng.random() < 0.25
            dash, gap = (9.0, 0.0) if solid else (float(rng.choice((2.0, 3.0, 4.0))), 4.0)
            z = float(rng.uniform(1.5, 6.0))
            while z < 110:
                if not skip[0] - 2 < z < skip[1]:
                    self.strip(x - 0.06, x + 0.06, z, z + dash, paint, None)
                z += dash + gap
        if rng.random() < 0.35:
            for x in (left + 0.3, right - 0.3):
                self.strip(x - 0.06, x + 0.06, 1.5, 110, paint, None)
        if street.zebra is not None:
            bars = int((right - left) / 1.0)
            for i in range(bars):
                x = left + 0.3 + i * 1.0
                self.strip(x, x + 0.5, street.zebra, street.zebra + 3.0, paint, None)
        elif rng.random() < 0.3:
            z, x = (float(rng.uniform(6, 20)), (left + right) / 2 + rng.choice((-1, 1)) * right / 2)
            head = [(x - 0.45, 0.0, z + 2.4), (x, 0.0, z + 4.2), (x + 0.45, 0.0, z + 2.4)]
            self.canvas.face(head, self.light.shade(paint, UP), None, z)
            self.strip(x - 0.1, x + 0.1, z, z + 2.5, paint, None)

    def _rails(self) -> None:
        street = self.street
        for middle in (-1.9, 1.9):
            bed = mix(street.asphalt, (158, 146, 128), 0.42)
            self.strip(middle - 0.95, middle + 0.95, 1.2, FAR, bed, IDS["rail track"])
            for x in (middle - 0.72, middle + 0.72):
                self.strip(x - 0.09, x + 0.12, 1.2, 140, mix(bed, (30, 30, 30), 0.6), None)
                self.strip(x - 0.03, x + 0.05, 1.2, 140, (176, 172, 166), None)
