"""Solids lofted from octagonal rings, with panels and wheels, in a vehicle's own axes."""

import math
from dataclasses import dataclass
from itertools import pairwise

from segcore.data.sources.streets.camera import Vertex
from segcore.data.sources.streets.canvas import Canvas, mix
from segcore.data.sources.streets.geometry import hull
from segcore.data.sources.streets.style import Color

TYRE: Color = (22, 22, 24)
Ring = tuple[float, float, float, float]  # y, rear z, front z, half width


@dataclass(frozen=True)
class Pose:
    x: float
    z: float  # of the vehicle's middle
    yaw: float  # 0: seen from behind, pi: oncoming, +-pi/2: crossing


class Modeller:
    """Draws lofted solids in a vehicle's own axes: across, up, along."""

    def __init__(self, canvas: Canvas, pose: Pose, length: float, label: int) -> None:
        self.canvas = canvas
        self.pose = pose
        self.length = length
        self.label = label
        self.cos, self.sin = math.cos(pose.yaw), math.sin(pose.yaw)
        # The eye in the vehicle's axes decides which faces are seen.
        camera = canvas.camera
        dx, dz = -camera.shift(pose.z) - pose.x, -pose.z
        self.eye = (dx * self.cos - dz * self.sin, camera.y, dx * self.sin + dz * self.cos)

    def place(self, vertex: Vertex) -> Vertex:
        across, up, along = vertex[0], vertex[1], vertex[2] - self.length / 2
        bend = self.canvas.camera.shift(self.pose.z)
        z = self.pose.z + along * self.cos - across * self.sin
        # Undo the bend within the vehicle, which is straight.
        own = bend - self.canvas.camera.shift(z)
        return self.pose.x + across * self.cos + along * self.sin + own, up, z

    def turn(self, normal: Vertex) -> Vertex:
        """A direction of the vehicle's axes in the world's."""
        across, up, along = normal
        return across * self.cos + along * self.sin, up, along * self.cos - across * self.sin

    def facet(self, vertices: list[Vertex], color: Color, gloss: float = 0.0) -> None:
        """A face of the solid, wound so that its normal points outwards; hidden from behind."""
        a, b, c = vertices[0], vertices[1], vertices[2]
        u = (b[0] - a[0], b[1] - a[1], b[2] - a[2])
        v = (c[0] - a[0], c[1] - a[1], c[2] - a[2])
        normal = (u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0])
        eye = (self.eye[0] - a[0], self.eye[1] - a[1], self.eye[2] + self.length / 2 - a[2])
        size = math.sqrt(sum(n * n for n in normal))
        if size < 1e-9 or sum(n * e for n, e in zip(normal, eye, strict=True)) <= 0:
            return
        unit = (normal[0] / size, normal[1] / size, normal[2] / size)
        lit = self.canvas.light.shade(color, self.turn(unit))
        if gloss:
            lit = mix(lit, self.canvas.light.zenith, gloss * max(0.0, 0.25 + 0.75 * unit[1]))
        self.canvas.face([self.place(p) for p in vertices], lit, self.label, self.pose.z)

    def glow(self, vertices: list[Vertex], color: Color) -> None:
        """A lamp: its colour does not depend on the light outside."""
        self.canvas.face([self.place(p) for p in vertices], color, self.label, self.pose.z)

    def loft(
        self,
        rings: tuple[Ring, ...],
        color: Color,
        top: Color,
        gloss: float,
        chamfer: float,
        glass: bool = False,
    ) -> None:
        outlines = [_octagon(ring, chamfer) for ring in rings]
        for low, high in pairwise(outlines):
            for i in range(8):
                j = (i + 1) % 8
                quad = [low[j], high[j], high[i], low[i]]
                self.facet(quad, color, gloss * (2.0 if glass else 1.0))
        self.facet(outlines[-1], top, gloss)

    def side_panel(
        self,
        half: float,
        z0: float,
        z1: float,
        y0: float,
        y1: float,
        color: Color,
        gloss: float = 0.0,
    ) -> None:
        for side in (-1, 1):
            x = side * (half + 0.01)
            quad = [(x, y0, z0), (x, y1, z0), (x, y1, z1), (x, y0, z1)]
            self.facet(quad if side > 0 else quad[::-1], color, gloss)

    def end_panel(
        self,
        z: float,
        x0: float,
        x1: float,
        y0: float,
        y1: float,
        color: Color,
        *,
        rear: bool,
        lamp: bool = False,
        gloss: float = 0.0,
    ) -> None:
        quad = [(x0, y0, z), (x1, y0, z), (x1, y1, z), (x0, y1, z)]
        quad = quad[::-1] if rear else quad
        if lamp:
            faces = (
                (self.eye[2] + self.length / 2 < z) if rear else (self.eye[2] + self.length / 2 > z)
            )
            if faces:
                self.glow(quad, color)
        else:
            self.facet(quad, color, gloss)

    def wheel(self, half: float, z: float, radius: float) -> None:
        for side in (-1, 1):
            x = side * (half + 0.015)
            if (self.eye[0] - x) * side <= 0:
                continue
            for scale, color in (
                (1.2, (14.0, 14.0, 15.0)),
                (1.0, TYRE),
                (0.64, (120.0, 122.0, 124.0)),
                (0.22, (40.0, 40.0, 42.0)),
            ):
                r = radius * scale
                rim: list[Vertex] = [
                    (
                        x,
                        max(radius + r * math.sin(k * math.pi / 7), 0.0),
                        z + r * math.cos(k * math.pi / 7),
                    )
                    for k in range(14)
                ]
                lit = self.canvas.light.shade(color, (0, 0.5, 0))
                self.canvas.face([self.place(p) for p in rim], lit, self.label, self.pose.z)

    def shadow(self, width: float, height: float) -> None:
        half, light = width / 2, self.canvas.light
        under: list[Vertex] = [
            (-half, 0, 0),
            (half, 0, 0),
            (half, 0, self.length),
            (-half, 0, self.length),
        ]
        foot = [self.place(p) for p in under]
        if light.casts_shadows:
            ox, oz = light.shadow_offset(height, 12.0)
            moved = [(x + ox, 0.0, z + oz) for x, _, z in foot]
            self.canvas.cast(hull(foot + moved), 0.9)
        self.canvas.cast(foot, 1.0)


def _octagon(ring: Ring, chamfer: float) -> list[Vertex]:
    y, rear, front, half = ring
    c = min(chamfer, half * 0.5, (front - rear) * 0.4)
    return [
        (-half + c, y, rear),
        (-half, y, rear + c),
        (-half, y, front - c),
        (-half + c, y, front),
        (half - c, y, front),
        (half, y, front - c),
        (half, y, rear + c),
        (half - c, y, rear),
    ]
