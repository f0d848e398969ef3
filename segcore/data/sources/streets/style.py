"""What scenes of one town share, and the light of one scene."""

import math
from dataclasses import dataclass

import numpy as np

Color = tuple[float, float, float]  # RGB, 0-255

BRICKS: dict[str, tuple[Color, ...]] = {
    "yellow brick": ((176, 158, 122), (160, 142, 108), (188, 172, 140), (142, 128, 104)),
    "red brick": ((132, 82, 66), (118, 72, 60), (146, 96, 78), (108, 74, 66)),
    "render": ((212, 206, 194), (198, 186, 164), (222, 218, 210), (186, 178, 166)),
    "pastel": ((206, 184, 146), (190, 164, 138), (178, 184, 170), (200, 170, 150), (212, 202, 170)),
    "concrete": ((146, 146, 144), (128, 130, 132), (164, 160, 154), (112, 114, 118)),
}
ROOFS: tuple[Color, ...] = ((92, 70, 62), (78, 78, 84), (66, 64, 66), (112, 82, 68), (96, 94, 94))
GREENS: tuple[Color, ...] = (
    (92, 118, 56),
    (80, 108, 56),
    (116, 128, 66),
    (70, 96, 60),
    (122, 112, 60),
    (54, 72, 48),
    (128, 138, 66),
    (98, 112, 86),
    (146, 108, 54),
)
STEEL: tuple[Color, ...] = ((116, 118, 120), (72, 76, 76), (150, 152, 150), (58, 76, 66))


@dataclass(frozen=True)
class Town:
    materials: tuple[str, ...]
    floors: float  # mean number of storeys
    left_hand: bool  # traffic keeps left
    greenery: float  # 0-1
    bareness: float  # share of leafless trees
    traffic: float  # 0-1
    people: float  # 0-1
    shops: float  # share of houses with a shop in the ground floor
    rails: bool
    paving: Color
    yellow: bool  # centre lines are yellow


@dataclass(frozen=True)
class Light:
    to_sun: tuple[float, float, float]  # unit vector
    sun: float  # strength of the direct light on a surface facing it
    ambient: float
    warmth: float  # direct light, 0 white to 1 orange
    zenith: Color
    skyline: Color
    haze: float  # distance in metres at which haze hides 63 %
    cloud: float  # 0 clear to 1 overcast
    lamps: bool  # lights are on
    wet: float

    @property
    def casts_shadows(self) -> bool:
        return self.sun > 0.15

    def shadow_offset(self, height: float, farthest: float) -> tuple[float, float]:
        """(x, z) on the ground from the foot of something to the shadow of its top."""
        reach = min(height / max(self.to_sun[1], 0.17), farthest)
        return -self.to_sun[0] * reach, -self.to_sun[2] * reach

    def shade(self, color: Color, normal: tuple[float, float, float]) -> Color:
        """Colour of a matt surface of that albedo under sun and sky."""
        facing = sum(a * b for a, b in zip(normal, self.to_sun, strict=True))
        direct = self.sun * max(0.0, facing)
        sky = self.ambient * (0.82 + 0.18 * normal[1])
        cool = 0.06 * self.sun
        return (
            color[0] * (direct + sky * (1 - cool)),
            color[1] * (direct * (1 - 0.12 * self.warmth) + sky),
            color[2] * (direct * (1 - 0.34 * self.warmth) + sky * (1 + cool)),
        )

    def fade(self, color: Color, z: float) -> Color:
        """The colour seen through z metres of air."""
        clear = math.exp(-z / self.haze)
        red, green, blue = (
            c * clear + h * (1 - clear) for c, h in zip(color, self.skyline, strict=True)
        )
        return red, green, blue


def _stone(rng: np.random.Generator) -> Color:
    tone, warm = float(rng.uniform(100, 150)), float(rng.uniform(-4, 9))
    return tone + warm, tone, tone - warm


def make_town(seed: int) -> Town:
    rng = np.random.Generator(np.random.PCG64([17, seed]))
    names = list(BRICKS)
    return Town(
        materials=tuple(names[i] for i in rng.choice(len(names), size=3, replace=False)),
        floors=float(rng.uniform(2.2, 5.2)),
        left_hand=bool(rng.random() < 0.45),
        greenery=float(rng.uniform(0.25, 0.9)),
        bareness=float(rng.choice((0.1, 0.4, 0.85))),
        traffic=float(rng.uniform(0.35, 1.0)),
        people=float(rng.uniform(0.3, 1.0)),
        shops=float(rng.uniform(0.15, 0.75)),
        rails=bool(rng.random() < 0.35),
        paving=_stone(rng),
        yellow=bool(rng.random() < 0.3),
    )


def make_light(rng: np.random.Generator) -> Light:
    kind = str(
        rng.choice(
            ("sun", "cloudy", "overcast", "low sun", "dim", "dusk", "rain"),
            p=(0.28, 0.18, 0.23, 0.14, 0.06, 0.05, 0.06),
        )
    )
    azimuth = rng.uniform(-math.pi, math.pi)
    if kind == "low sun" and rng.random() < 0.45:
        azimuth = rng.uniform(-0.5, 0.5)  # ahead, into the camera
    elevation = {"low sun": rng.uniform(0.12, 0.34), "dusk": 0.1}.get(kind, rng.uniform(0.4, 1.1))
    to_sun = (
        math.sin(azimuth) * math.cos(elevation),
        math.sin(elevation),
        math.cos(azimuth) * math.cos(elevation),
    )
    zenith: Color
    skyline: Color
    if kind == "sun":
        zenith, skyline = (128, 176, 232), (228, 240, 250)
        sun, ambient, warmth, cloud, haze = rng.uniform(0.5, 0.8), 0.5, 0.25, 0.3, 420
    elif kind == "cloudy":
        zenith, skyline = (176, 204, 232), (240, 245, 250)
        sun, ambient, warmth, cloud, haze = rng.uniform(0.2, 0.5), 0.62, 0.15, 0.7, 340
    elif kind == "low sun":
        zenith, skyline = (128, 158, 200), (250, 226, 190)
        sun, ambient, warmth, cloud, haze = 0.7, 0.42, 0.8, 0.4, 260
    elif kind == "dusk":
        zenith, skyline = (70, 88, 128), (226, 158, 122)
        sun, ambient, warmth, cloud, haze = 0.1, 0.5, 1.0, 0.6, 260
    elif kind == "dim":  # the sky is all the light there is, and the exposure follows it
        zenith, skyline = (104, 116, 124), (206, 212, 212)
        sun, ambient, warmth, cloud, haze = 0.0, rng.uniform(0.3, 0.46), 0.0, 0.8, 500
    else:
        grey = rng.uniform(205, 255)
        zenith, skyline = (grey * 0.93, grey * 0.96, grey), (grey, grey, grey)
        sun, ambient, warmth, cloud, haze = 0.0, rng.uniform(0.68, 0.88), 0.0, 1.0, 300
    if kind == "rain":
        zenith, skyline = (150, 156, 164), (184, 188, 192)
        ambient, haze = 0.58, 130
    if kind in ("sun", "cloudy", "low sun") and rng.random() < 0.25:
        zenith = (240.0, 244.0, 250.0)  # exposed for the street, the sky has no colour left
    return Light(
        to_sun=to_sun,
        sun=float(sun),
        ambient=float(ambient),
        warmth=warmth,
        zenith=zenith,
        skyline=skyline,
        haze=float(haze * rng.uniform(0.8, 1.9)),
        cloud=cloud,
        lamps=kind in ("dim", "dusk", "rain"),
        wet=float(rng.uniform(0.5, 1.0)) if kind == "rain" else 0.0,
    )
