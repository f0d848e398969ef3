"""Paint on the road: lines, crossings, arrows and words, bicycle lanes, boxes to keep clear."""

import numpy as np

from segcore.data.sources.streets.canvas import mix
from segcore.data.sources.streets.ground import PAINT, YELLOW, GroundPainter
from segcore.data.sources.streets.style import Color

BICYCLE_LANES: tuple[Color, ...] = ((140, 70, 58), (86, 116, 84), (80, 104, 132))


class MarkingsPainter:
    """Paints on finished ground; every line of one street is equally worn."""

    def __init__(self, ground: GroundPainter) -> None:
        self.ground = ground
        self.street = ground.street
        self.rng = ground.rng
        asphalt, worn = self.street.asphalt, float(self.rng.uniform(0.35, 0.97))
        self.white = mix(asphalt, PAINT, worn)
        self.yellow = mix(asphalt, YELLOW, worn)

    def paint(self) -> None:
        street, rng = self.street, self.rng
        if street.lanes > 2 and not street.rails and rng.random() < 0.3:
            self._bicycle_lanes()
        if not street.rails:
            self._middle()
        left, right = street.road
        if rng.random() < 0.35:
            for x in (left + 0.3, right - 0.3):
                self._line(x, 0.7, 110.0, self.white)
        if street.crossing and rng.random() < 0.3:
            self._box(street.crossing)
        if street.zebra is not None:
            self._zebra(street.zebra)
            return
        lane = (right - left) / street.lanes
        if rng.random() < 0.35:
            z = float(rng.uniform(4, 20))
            for k in range(street.lanes):
                if rng.random() < 0.6:
                    self._arrow(left + (k + 0.5) * lane, z)
        elif rng.random() < 0.2:
            self._word(left + (int(rng.integers(street.lanes)) + 0.5) * lane)

    def _line(self, x: float, z0: float, z1: float, color: Color) -> None:
        self.ground.strip(x - 0.06, x + 0.06, z0, z1, color, None)

    def _middle(self) -> None:
        street, rng = self.street, self.rng
        left, right = street.road
        lines = [0.0] if street.lanes == 2 else [0.0, left / 2, right / 2]
        if street.lanes == 2 and rng.random() < 0.2:
            return  # a narrow street without lines
        for x in lines:
            middle = x == 0.0
            color = self.yellow if middle and street.yellow else self.white
            solid = middle and rng.random() < (0.65 if street.yellow else 0.25)
            if solid and rng.random() < 0.5:
                self._dashes(x - 0.13, 9.0, 0.0, color)
                self._dashes(x + 0.13, 9.0, 0.0, color)
            else:
                dash = 9.0 if solid else float(rng.choice((1.0, 2.0, 3.0, 4.0)))
                gap = 0.0 if solid else float(rng.choice((2.0, 4.0, 6.0)))
                self._dashes(x, dash, gap, color)

    def _dashes(self, x: float, dash: float, gap: float, color: Color) -> None:
        skip = self.street.crossing or (0.0, 0.0)
        z = 0.7 if not gap else float(self.rng.uniform(0.7, 6.0))
        while z < 110:
            if not skip[0] - 2 < z < skip[1]:
                self._line(x, z, z + dash, color)
            z += dash + gap

    def _bicycle_lanes(self) -> None:
        street, rng = self.street, self.rng
        paint = BICYCLE_LANES[int(rng.integers(len(BICYCLE_LANES)))]
        surface = mix(street.asphalt, paint, float(rng.choice((0.0, 0.8))))
        for side in (-1, 1):
            edge = street.road[side > 0] - side * 0.1
            self.ground.strip(edge - side * 1.4, edge, 0.7, 160.0, surface, None)
            self._line(edge - side * 1.45, 0.7, 110.0, self.white)

    def _box(self, span: tuple[float, float]) -> None:
        """Crossed yellow lines over a junction: do not stop here."""
        near, far = span
        left, right = self.street.road
        slope = float(self.rng.uniform(0.8, 1.3))
        for start in np.arange(left - (far - near) / slope, right, 1.8):
            a, b = float(start), float(start) + (far - near) / slope
            t0, t1 = max(0.0, (left - a) / (b - a)), min(1.0, (right - a) / (b - a))
            for z0, z1 in ((near, far), (far, near)):
                x2, x3 = a + (b - a) * t0, a + (b - a) * t1
                z2, z3 = z0 + (z1 - z0) * t0, z0 + (z1 - z0) * t1
                self.ground.shape(
                    [(x2 - 0.09, z2), (x2 + 0.09, z2), (x3 + 0.09, z3), (x3 - 0.09, z3)],
                    self.yellow,
                )

    def _zebra(self, near: float) -> None:
        street, rng = self.street, self.rng
        left, right = street.road
        far = near + 3.0
        if rng.random() < 0.75:
            for i in range(int(right - left)):
                x = left + 0.3 + i
                self.ground.strip(x, x + 0.5, near, far, self.white, None)
        else:  # two lines across
            for z in (near, far):
                self.ground.strip(left, right, z, z + 0.25, self.white, None)
        self.ground.strip(0.0, right, near - 1.2, near - 0.9, self.white, None)
        if rng.random() < 0.35:
            for x in (left + 0.5, -0.25, 0.25, right - 0.5):
                self._zigzag(x, near - 1.5, -1)
                self._zigzag(x, far + 1.0, 1)

    def _zigzag(self, x: float, z: float, direction: int) -> None:
        for k in range(4):
            a, b = z + direction * 2.0 * k, z + direction * 2.0 * (k + 1)
            if min(a, b) < 0.8:
                return
            x0, x1 = (x - 0.25, x + 0.25) if k % 2 else (x + 0.25, x - 0.25)
            self.ground.shape(
                [(x0 - 0.06, a), (x0 + 0.06, a), (x1 + 0.06, b), (x1 - 0.06, b)], self.white
            )

    def _arrow(self, x: float, z: float) -> None:
        away = 1 if x > 0 else -1  # oncoming lanes have theirs the other way round
        turn = float(self.rng.choice((-0.9, 0.0, 0.0, 0.9)))
        tip, neck = (z + 4.2, z + 2.4) if away > 0 else (z, z + 1.8)
        end = (z, neck) if away > 0 else (neck, z + 4.2)
        self.ground.strip(x - 0.1, x + 0.1, *end, self.white, None)
        head = x + turn
        self.ground.shape([(head - 0.45, neck), (head, tip), (head + 0.45, neck)], self.white)
        if turn:
            x0, x1 = sorted((x, head))
            self.ground.strip(x0, x1, neck - 0.3, neck, self.white, None)

    def _word(self, x: float) -> None:
        """Letters as tall as a person, of upright and level strokes."""
        rng = self.rng
        z = float(rng.uniform(4, 14))
        letters = int(rng.integers(3, 6))
        start = x - letters * 0.3
        for k in range(letters):
            a = start + k * 0.6
            self.ground.strip(a, a + 0.11, z, z + 1.8, self.white, None)
            if rng.random() < 0.6:
                self.ground.strip(a + 0.32, a + 0.43, z, z + 1.8, self.white, None)
            for level in (0.0, 0.8, 1.6):
                if rng.random() < 0.6:
                    self.ground.strip(a, a + 0.43, z + level, z + level + 0.2, self.white, None)
