"""The street of one scene: its cross-section and what kind of street it is."""

from dataclasses import dataclass, replace

import numpy as np

from segcore.data.sources.streets.style import Color, Town


@dataclass(frozen=True)
class Street:
    """Cross-section of the street, in metres from the centre line; left is negative."""

    road: tuple[float, float]
    parking: tuple[float, float]  # width of the strip left and right, 0 without
    lawn: tuple[float, float]  # grass between kerb and sidewalk
    walk: tuple[float, float]  # width of the sidewalks
    verge: tuple[float, float]  # grass between sidewalk and plots
    lanes: int
    crossing: tuple[float, float] | None  # z range of a side street
    zebra: float | None
    rails: bool
    yellow: bool  # the centre line is yellow
    road_surface: str  # asphalt, concrete or setts
    walk_surface: str  # slabs, brick, setts or asphalt
    asphalt: Color
    paving: Color
    grass: Color

    def kerb(self, side: int) -> float:
        """x of the kerb; side is -1 or 1."""
        i = side > 0
        return self.road[i] + side * self.parking[i]

    def walk_start(self, side: int) -> float:
        return self.kerb(side) + side * self.lawn[side > 0]

    def walk_edge(self, side: int) -> float:
        return self.walk_start(side) + side * self.walk[side > 0]

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

    road_surface = str(rng.choice(("asphalt", "concrete", "setts"), p=(0.83, 0.08, 0.09)))
    asphalt = _road_color(rng, road_surface)
    walk_surface = str(
        rng.choice(("slabs", "brick", "setts", "asphalt"), p=(0.5, 0.14, 0.08, 0.28))
    )
    lawns = {"dense": 0.0, "boulevard": 0.16, "residential": 0.3, "open": 0.3}[kind]
    street = Street(
        road=(-half, half),
        parking=(_parking(rng), _parking(rng)),
        lawn=pair(lawns, 0.9, 2.4),
        walk=pair(1.0, 1.5, 3.6),
        verge=pair(
            {"dense": 0.03, "boulevard": 0.25, "residential": 0.25, "open": 0.9}[kind], 0.8, 4.5
        ),
        lanes=4 if wide else 2,
        crossing=None,
        zebra=float(rng.uniform(6, 28)) if rng.random() < 0.22 else None,
        rails=rails,
        yellow=town.yellow,
        road_surface=road_surface,
        walk_surface=walk_surface,
        asphalt=asphalt,
        paving=_walk_color(rng, walk_surface, town, asphalt),
        grass=_grass_color(rng),
    )
    if rng.random() < 0.4:
        near = float(rng.uniform(11, 45))
        street = replace(street, crossing=(near, near + float(rng.uniform(7, 12))))
    return street, CHARACTERS[kind]


def _parking(rng: np.random.Generator) -> float:
    """Width of a strip: none, for cars along the kerb, for cars across it."""
    return float(rng.choice((0.0, rng.uniform(2.0, 2.3), 4.8), p=(0.78, 0.16, 0.06)))


def _jittered(rng: np.random.Generator, color: Color, spread: float) -> Color:
    """The colour a little brighter or darker, and warmer or cooler."""
    light, warm = rng.uniform(-spread, spread), rng.uniform(-0.4, 0.6) * spread
    return color[0] + light + warm, color[1] + light, color[2] + light - warm


def _road_color(rng: np.random.Generator, surface: str) -> Color:
    if surface == "setts":
        tone = float(rng.uniform(70, 122))
        return _jittered(rng, (tone * 1.04, tone, tone * 0.94), 5)
    if surface == "concrete":
        tone = float(rng.uniform(120, 165))
        return _jittered(rng, (tone * 1.03, tone, tone * 0.94), 5)
    age = rng.random()  # new asphalt is nearly black, old asphalt pale
    tone = float(rng.uniform(46, 80) if age < 0.35 else rng.uniform(76, 132))
    warm = float(rng.uniform(-0.05, 0.06))
    return tone * (1 + warm), tone * 1.01, tone * (1.03 - warm)


def _walk_color(rng: np.random.Generator, surface: str, town: Town, asphalt: Color) -> Color:
    if surface == "brick":
        bricks: tuple[Color, ...] = ((138, 92, 76), (122, 88, 82), (152, 134, 108), (118, 112, 108))
        return _jittered(rng, bricks[int(rng.integers(len(bricks)))], 12)
    if surface == "setts":
        return _jittered(rng, (112, 108, 102), 18)
    if surface == "asphalt":  # laid at another time than the road's
        scale = float(rng.uniform(0.75, 1.4))
        return _jittered(rng, (asphalt[0] * scale, asphalt[1] * scale, asphalt[2] * scale), 5)
    scale = 1.0 if rng.random() < 0.5 else float(rng.uniform(0.75, 1.4))
    stone = town.paving[0] * scale, town.paving[1] * scale, town.paving[2] * scale
    return _jittered(rng, stone, 8)


def _grass_color(rng: np.random.Generator) -> Color:
    kinds: tuple[Color, ...] = ((86, 106, 54), (100, 112, 64), (130, 126, 82), (112, 100, 76))
    return _jittered(rng, kinds[int(rng.choice(len(kinds), p=(0.34, 0.36, 0.18, 0.12)))], 12)
