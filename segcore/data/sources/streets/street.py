"""The street of one scene: its cross-section and what kind of street it is."""

from dataclasses import dataclass, replace

import numpy as np

from segcore.data.sources.streets.style import Color, Town


@dataclass(frozen=True)
class Street:
    """Cross-section of the street, in metres from the centre line; left is negative."""

    road: tuple[float, float]
    parking: tuple[float, float]  # width of the strip left and right, 0 without
    walk: tuple[float, float]  # width of the sidewalks
    verge: tuple[float, float]  # grass between sidewalk and plots
    lanes: int
    crossing: tuple[float, float] | None  # z range of a side street
    zebra: float | None
    rails: bool
    asphalt: Color
    paving: Color
    grass: Color

    def kerb(self, side: int) -> float:
        """x of the kerb; side is -1 or 1."""
        i = side > 0
        return self.road[i] + side * self.parking[i]

    def walk_edge(self, side: int) -> float:
        return self.kerb(side) + side * self.walk[side > 0]

    def plot(self, side: int) -> float:
        """x where the plots begin: behind sidewalk and verge."""
        return self.walk_edge(side) + side * self.verge[side > 0]


@dataclass(frozen=True)
class Character:
    """What kind of street a scene shows."""

    setback: float  # from the plot's edge to the houses
    gap: float  # chance of a gap between houses
    storeys: float  # factor on the town's
    trees: float
    barriers: float
    built: float  # chance that a plot is built on at all


CHARACTERS: dict[str, Character] = {
    "dense": Character(0.0, 0.06, 1.3, 0.45, 0.12, 0.98),
    "boulevard": Character(1.0, 0.12, 1.25, 1.3, 0.35, 0.92),
    "residential": Character(5.0, 0.6, 0.62, 1.0, 0.95, 0.9),
    "open": Character(9.0, 0.8, 0.7, 1.3, 0.8, 0.4),
}


def make_street(rng: np.random.Generator, town: Town) -> tuple[Street, Character]:
    kind = str(rng.choice(list(CHARACTERS), p=(0.38, 0.28, 0.22, 0.12)))
    rails = town.rails and kind in ("dense", "boulevard") and rng.random() < 0.42
    wide = rails or rng.random() < (0.35 if kind != "residential" else 0.05)
    half = float(rng.uniform(5.6, 7.2) if wide else rng.uniform(3.0, 4.4))

    def pair(chance: float, low: float, high: float) -> tuple[float, float]:
        left, right = (
            float(rng.uniform(low, high)) if rng.random() < chance else 0.0 for _ in range(2)
        )
        return left, right

    tone = float(rng.uniform(82, 118))
    dry = float(rng.uniform(0, 1))
    street = Street(
        road=(-half, half),
        parking=pair(0.22, 2.0, 2.3),
        walk=pair(1.0, 1.5, 3.3),
        verge=pair(
            {"dense": 0.03, "boulevard": 0.25, "residential": 0.25, "open": 0.9}[kind], 0.8, 3.5
        ),
        lanes=4 if wide else 2,
        crossing=None,
        zebra=float(rng.uniform(7, 28)) if rng.random() < 0.22 else None,
        rails=rails,
        asphalt=(tone, tone * 1.01, tone * 1.05),
        paving=town.paving,
        grass=(104 + 26 * dry, 114 + 6 * dry, 62 + 14 * dry),
    )
    if rng.random() < 0.4:
        near = float(rng.uniform(14, 45))
        street = replace(street, crossing=(near, near + float(rng.uniform(7, 12))))
    return street, CHARACTERS[kind]
