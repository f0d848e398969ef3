"""A pinhole camera on the ego car.

World axes in metres: x to the right of the road's centre line, y up from the road, z forward from
the camera. The road may bend: everything at distance z is moved sideways by `bend * z**2`.
"""

from dataclasses import dataclass

Point = tuple[float, float]  # (u, v) in canvas pixels
Vertex = tuple[float, float, float]  # (x, y, z) in metres

NEAR = 0.7
"""Nothing nearer than this, in metres, is drawn; polygons are cut there."""


@dataclass(frozen=True)
class Camera:
    width: int
    height: int
    focal: float
    center: float  # u of the vanishing point
    horizon: float  # v of the vanishing point
    x: float
    y: float
    bend: float

    def shift(self, z: float) -> float:
        """Sideways distance from the optical axis of the road's centre line at z."""
        return self.bend * z * z - self.x

    def project(self, x: float, y: float, z: float) -> Point:
        scale = self.focal / z
        return self.center + (x + self.shift(z)) * scale, self.horizon + (self.y - y) * scale

    def polygon(self, vertices: list[Vertex]) -> list[Point]:
        """Projected outline of a planar polygon, cut at the near plane; [] when behind it."""
        if all(vertex[2] >= NEAR for vertex in vertices):
            return [self.project(*vertex) for vertex in vertices]
        points = []
        for a, b in zip(vertices, vertices[1:] + vertices[:1], strict=True):
            if a[2] >= NEAR:
                points.append(self.project(*a))
            if (a[2] >= NEAR) != (b[2] >= NEAR):
                t = (NEAR - a[2]) / (b[2] - a[2])
                points.append(
                    self.project(a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]), NEAR)
                )
        return points if len(points) > 2 else []

    def entry(self, x: float) -> float:
        """Distance at which the line at x, parallel to the road, comes into view."""
        side = self.center if x < self.x else self.width - self.center
        return max(NEAR, abs(x - self.x) * self.focal / max(side, 1.0))
