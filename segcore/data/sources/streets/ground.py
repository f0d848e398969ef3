"""The ground: road, kerbs, sidewalks, verges, crossings, rails, and what wears them."""

import numpy as np

from segcore.data.sources.streets.camera import NEAR, Vertex
from segcore.data.sources.streets.canvas import Canvas, mix
from segcore.data.sources.streets.street import Street
from segcore.data.sources.streets.style import Color, Light
from segcore.labels import IDS

FAR = 260.0
PAINT: Color = (200, 200, 196)
YELLOW: Color = (196, 170, 84)
UP = (0.0, 1.0, 0.0)
TAR: Color = (24, 24, 26)


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
        z = max(z0, NEAR)
        while z < z1 - 1e-6:
            step = min(z1, z * 1.45 + 1.0)
            quad: list[Vertex] = [(x0, 0, z), (x1, 0, z), (x1, 0, step), (x0, 0, step)]
            self.canvas.face(quad, lit, label, (z + step) / 2)
            z = step

    def shape(self, points: list[tuple[float, float]], color: Color) -> None:
        """A small flat figure painted on the ground, from its (x, z)."""
        vertices: list[Vertex] = [(x, 0.0, z) for x, z in points]
        middle = sum(z for _, z in points) / len(points)
        self.canvas.face(vertices, self.light.shade(color, UP), None, middle)

    def paint(self) -> None:
        """Everything but the markings."""
        street = self.street
        self.strip(-4000, 4000, NEAR, FAR * 4, street.grass, IDS["terrain"])
        self.strip(street.road[0], street.road[1], NEAR, FAR, street.asphalt, IDS["road"])
        for side in (-1, 1):
            self._side(side)
        if street.crossing:
            self._crossing(street.crossing)
        self._lengthwise_wear()
        self._patches()
        if street.road_surface == "asphalt":
            self._cracks()
        self._covers()
        if street.rails:
            self._rails()

    def _side(self, side: int) -> None:
        street = self.street
        i = side > 0
        road, kerb, start, walk, plot = (
            street.road[i],
            street.kerb(side),
            street.walk_start(side),
            street.walk_edge(side),
            street.plot(side),
        )
        if street.parking[i]:
            self._parking(side)
        if street.lawn[i]:
            self.strip(kerb, start, NEAR, FAR, street.grass, IDS["terrain"])
        self.strip(start, walk, NEAR, FAR, street.paving, IDS["sidewalk"])
        if street.walk_surface in ("slabs", "asphalt"):
            self._joints(start, walk, side)
        self._kerb_stone(side)
        if street.verge[i]:
            self.strip(walk, plot, NEAR, FAR, street.grass, IDS["terrain"])
        if self.rng.random() < 0.4:
            for offset in (0.25, 0.45) if self.rng.random() < 0.6 else (0.3,):
                x = road - side * offset
                self.strip(x, x + 0.09, NEAR, 90, YELLOW if not i else PAINT, None)

    def _parking(self, side: int) -> None:
        street = self.street
        road, kerb = street.road[side > 0], street.kerb(side)
        shade = float(self.rng.uniform(0.85, 1.12))
        tone = (street.asphalt[0] * shade, street.asphalt[1] * shade, street.asphalt[2] * shade)
        self.strip(road, kerb, NEAR, FAR, mix(tone, street.paving, 0.3), IDS["parking"])
        spacing = 6.0 if street.parking[side > 0] < 3 else 2.7
        for z in np.arange(3.0, 70.0, spacing):
            self.strip(road, kerb, z, z + 0.12, PAINT, None)

    def _joints(self, start: float, walk: float, side: int) -> None:
        """Between large slabs, or where tarmac was laid in pieces."""
        street = self.street
        slabs = street.walk_surface == "slabs"
        joint = mix(street.paving, (40, 40, 40), float(self.rng.uniform(0.04, 0.28)))
        if slabs:
            for x in np.arange(start + side * 0.9, walk, side * 0.9):
                self.strip(x, x + 0.03, 2.0, 30.0, joint, None)
        length = float(self.rng.choice((0.6, 0.9, 1.8) if slabs else (3.0, 5.0, 9.0)))
        z = float(self.rng.uniform(1.0, 4.0))
        while z < 26.0:
            self.strip(start, walk, z, z + 0.03, joint, None)
            z += length * (1 if z < 12 else 2)

    def _kerb_stone(self, side: int) -> None:
        """Bright top, darker face towards the road; old ones are as grey as the paving."""
        kerb, paving = self.street.kerb(side), self.street.paving
        new = float(self.rng.uniform(0.1, 0.5))
        top, face = mix(paving, (214, 214, 210), new), mix(paving, (20, 20, 20), 0.55)
        self.strip(kerb, kerb + side * 0.16, NEAR, 160, top, IDS["sidewalk"])
        self.strip(kerb - side * 0.07, kerb, NEAR, 120, face, IDS["sidewalk"])

    def _crossing(self, span: tuple[float, float]) -> None:
        street = self.street
        near, far = span
        for z0, z1 in ((near - 2.5, near), (far, far + 2.5)):
            for side in (-1, 1):
                start = street.walk_start(side)
                self.strip(start, side * 90.0, z0, z1, street.paving, IDS["sidewalk"])
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

    def _lengthwise_wear(self) -> None:
        """Tyres polish or darken their tracks; one half of a road is often resurfaced."""
        street, rng = self.street, self.rng
        left, right = street.road
        if rng.random() < 0.2:
            tone = mix(street.asphalt, TAR if rng.random() < 0.6 else (170, 170, 168), 0.22)
            edge = float(rng.choice((left, right)))
            self.strip(0.0, edge, rng.uniform(NEAR, 20), FAR, tone, None)
        amount = float(rng.uniform(0.0, 0.14))
        tone = mix(street.asphalt, TAR if rng.random() < 0.6 else (190, 190, 186), amount)
        lane = (right - left) / street.lanes
        for k in range(street.lanes):
            for offset in (-0.75, 0.75):
                x = left + (k + 0.5) * lane + offset
                self.strip(x - 0.25, x + 0.25, NEAR, 60, tone, None)

    def _patches(self) -> None:
        street, rng = self.street, self.rng
        left, right = street.road
        for _ in range(int(rng.integers(1, 9))):
            z, x = rng.uniform(1.5, 40), rng.uniform(left, right - 1.0)
            width, length = rng.uniform(0.4, 2.4), rng.uniform(0.5, 14)
            if rng.random() < 0.2:  # a trench across the road
                x, width, length = left, right - left, rng.uniform(0.5, 1.4)
            tone = TAR if rng.random() < 0.7 else (170.0, 170.0, 168.0)
            tone = mix(street.asphalt, tone, float(rng.uniform(0.12, 0.4)))
            self.strip(x, min(x + width, right), z, z + length, tone, None)

    def _cracks(self) -> None:
        """Wandering lines, open or sealed with tar."""
        street, rng, camera = self.street, self.rng, self.canvas.camera
        tone = self.light.shade(mix(street.asphalt, TAR, float(rng.uniform(0.3, 0.8))), UP)
        for _ in range(int(rng.integers(0, 6))):
            x, z = float(rng.uniform(*street.road)), float(rng.uniform(1.5, 12))
            lengthwise = rng.random() < 0.6
            for _ in range(int(rng.integers(3, 9))):
                along, across = rng.uniform(0.3, 1.4), rng.normal(0, 0.25)
                dx, dz = (across, along) if lengthwise else (along, across)
                a, x, z = (x, z), x + float(dx), z + float(dz)
                if not street.road[0] < x < street.road[1] or z < NEAR:
                    break
                ends = camera.project(a[0], 0.0, a[1]), camera.project(x, 0.0, z)
                self.canvas.line(*ends, tone, 0.02 * camera.focal / z, None)

    def _covers(self) -> None:
        """Manholes and the covers of drains, round or square."""
        street, rng = self.street, self.rng
        iron = mix(street.asphalt, TAR, float(rng.uniform(0.25, 0.6)))
        for _ in range(int(rng.integers(0, 4))):
            z, x = float(rng.uniform(2.5, 25)), float(rng.uniform(*street.road)) * 0.9
            if rng.random() < 0.4:
                self.strip(x - 0.3, x + 0.3, z, z + 0.6, iron, None)
                continue
            for radius, tone in ((0.42, mix(iron, (150, 150, 148), 0.3)), (0.33, iron)):
                ring = ((0, 1), (0.7, 0.7), (1, 0), (0.7, -0.7), (0, -1), (-0.7, -0.7), (-1, 0))
                self.shape(
                    [(x + radius * a, z + radius * b) for a, b in (*ring, (-0.7, 0.7))], tone
                )

    def _rails(self) -> None:
        street = self.street
        for middle in (-1.9, 1.9):
            bed = mix(street.asphalt, (158, 146, 128), 0.42)
            self.strip(middle - 0.95, middle + 0.95, NEAR, FAR, bed, IDS["rail track"])
            for x in (middle - 0.72, middle + 0.72):
                self.strip(x - 0.09, x + 0.12, NEAR, 140, mix(bed, (30, 30, 30), 0.6), None)
                self.strip(x - 0.03, x + 0.05, NEAR, 140, (176, 172, 166), None)
