"""Plane geometry on the ground."""

from segcore.data.sources.streets.camera import Vertex


def hull(points: list[Vertex]) -> list[Vertex]:
    """Convex hull on the ground (Andrew's monotone chain)."""
    ordered = sorted(points, key=lambda p: (p[0], p[2]))
    chain: list[Vertex] = []
    for sweep in (ordered, ordered[::-1]):
        start = len(chain)
        for p in sweep:
            while (
                len(chain) >= start + 2
                and (
                    (chain[-1][0] - chain[-2][0]) * (p[2] - chain[-2][2])
                    - (chain[-1][2] - chain[-2][2]) * (p[0] - chain[-2][0])
                )
                <= 0
            ):
                chain.pop()
            chain.append(p)
        chain.pop()
    return chain
