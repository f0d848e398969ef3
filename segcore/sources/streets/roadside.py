"""What stands along the street: trees, hedges, fences, walls, poles, lights, signs, clutter."""

import math
from functools import lru_cache

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageOps

from segcore.labels import IDS
from segcore.sources.streets.camera import Point, Vertex
from segcore.sources.streets.canvas import Canvas, lit_texture, mix, rgb, tinted
from segcore.sources.streets.noise import (
    BARE_KINDS,
    FOLIAGE_KINDS,
    SPRITE,
    bare_crown,
    foliage,
    grain,
    tile,
)
from segcore.sources.streets.style import BRICKS, Color

GREENS: tuple[Color, ...] = (
    (92, 118, 56),
    (80, 108, 56),
    (116, 128, 66),
    (70, 96, 60),
    (122, 112, 60),
)
BARK: Color = (74, 64, 54)
STEEL: tuple[Color, ...] = ((116, 118, 120), (72, 76, 76), (150, 152, 150), (58, 76, 66))
DOWN_ROAD = (0.0, 0.0, -1.0)


def _leaf_colors(canvas: Canvas, green: Color, z: float) -> tuple[Color, Color]:
    """Colour of the leaves in the crown's depth and at its lit top."""
    light = canvas.light
    facing = 0.35 + 0.65 * max(0.0, -light.to_sun[2]) + 0.3 * light.to_sun[1]
    bright = light.shade(mix(green, (204, 212, 150), 0.56), (0, 0.6 * facing, -0.8 * facing))
    dark = light.shade(mix(green, (16, 20, 14), 0.72), (0, 0, 0))
    return light.fade(dark, z), light.fade(bright, z)


def draw_tree(
    canvas: Canvas, rng: np.random.Generator, x: float, z: float, height: float, *, bare: bool
) -> None:
    """A street tree; trunk, branches and leaves are all vegetation."""
    camera, vegetation = canvas.camera, IDS["vegetation"]
    scale = camera.focal / z
    u, v = camera.project(x, 0.0, z)
    bark = canvas.light.fade(
        canvas.light.shade(mix(BARK, (110, 104, 92), float(rng.uniform(0, 0.7))), (0.3, 0, -0.8)), z
    )
    if bare:
        alpha, hull = bare_crown(int(rng.integers(BARE_KINDS)))
        half = height * 0.42 * scale
        box = (u - half, v - height * scale, u + half, v)
        canvas.sprite(box, alpha, None, (bark, bark), hull, vegetation)
        canvas.line(
            (u, v), (u, v - height * 0.3 * scale), bark, max(2.0, height * 0.03 * scale), vegetation
        )
        return
    crown = height * float(rng.uniform(0.55, 0.75))
    canvas.line(
        (u, v),
        (u, v - (height - crown * 0.6) * scale),
        bark,
        max(2.0, height * 0.035 * scale),
        vegetation,
    )
    green = GREENS[int(rng.integers(len(GREENS)))]
    # Seen from close by a crown is a cloud of smaller ones, so that its leaves stay small.
    parts = 1 if crown * scale < 90 else 4 if crown * scale < 260 else 9
    size = crown * (1.0 if parts == 1 else 0.68 if parts == 4 else 0.5)
    for i in range(parts):
        kind = int(rng.integers(FOLIAGE_KINDS))
        dx = dy = 0.0
        if parts > 1:
            angle = 2 * math.pi * i / parts + float(rng.uniform(-0.4, 0.4))
            dx, dy = 0.3 * crown * math.cos(angle), 0.26 * crown * math.sin(angle)
        cu, cv = u + dx * scale, v - (height - crown / 2 + dy) * scale
        half = size / 2 * scale * float(rng.uniform(0.95, 1.2))
        alpha, shade = foliage(kind)
        colors = _leaf_colors(canvas, mix(green, (20, 26, 16), 0.12 * (dy < 0)), z)
        if rng.random() < 0.5:
            alpha, shade = ImageOps.mirror(alpha), ImageOps.mirror(shade)
        canvas.sprite(
            (cu - half, cv - half, cu + half, cv + half), alpha, shade, colors, alpha, vegetation
        )


def cast_tree(
    canvas: Canvas, rng: np.random.Generator, x: float, z: float, height: float, bare: bool
) -> None:
    light = canvas.light
    if light.casts_shadows:
        ox, oz = light.shadow_offset(height * 0.65, 25.0)
        w = 0.2
        canvas.cast(
            [(x - w, 0, z), (x + w, 0, z), (x + ox + w, 0, z + oz), (x + ox - w, 0, z + oz)], 0.7
        )
        if not bare:
            for _ in range(14):
                r, a = (height * 0.3 * math.sqrt(rng.uniform()), rng.uniform(0, 2 * math.pi))
                cx, cz, size = (
                    x + ox + r * math.cos(a),
                    z + oz + r * math.sin(a),
                    height * rng.uniform(0.06, 0.15),
                )
                blob: list[Vertex] = [
                    (
                        cx + size * math.cos(k * math.pi / 5),
                        0.0,
                        cz + size * math.sin(k * math.pi / 5),
                    )
                    for k in range(10)
                ]
                canvas.cast(blob, 0.85)
    canvas.cast(
        [
            (x - 0.5, 0, z - 0.5),
            (x + 0.5, 0, z - 0.5),
            (x + 0.5, 0, z + 0.5),
            (x - 0.5, 0, z + 0.5),
        ],
        0.5,
    )


def draw_bush(
    canvas: Canvas, rng: np.random.Generator, x: float, z: float, width: float, height: float
) -> None:
    scale = canvas.camera.focal / z
    u, v = canvas.camera.project(x, 0.0, z)
    alpha, shade = foliage(int(rng.integers(FOLIAGE_KINDS)))
    crop = (SPRITE // 12, SPRITE // 8, SPRITE * 11 // 12, SPRITE * 5 // 8)
    colors = _leaf_colors(canvas, GREENS[int(rng.integers(len(GREENS)))], z)
    stencil = alpha.crop(crop)
    box = (u - width / 2 * scale, v - height * scale, u + width / 2 * scale, v + 0.05 * scale)
    canvas.sprite(box, stencil, shade.crop(crop), colors, stencil, IDS["vegetation"])


@lru_cache(maxsize=8)
def _hedge(tone: int) -> Image.Image:
    leaves = Image.fromarray(np.tile(tile(23, 16, 128, 1.2), (1, 2)))
    green = GREENS[tone]
    return tinted(leaves, mix(green, (10, 14, 8), 0.85), mix(green, (180, 190, 120), 0.3))


@lru_cache(maxsize=32)
def _fence(kind: int, color: int) -> Image.Image:
    """(512 x 128) RGBA, 8 m of fence."""
    image = Image.new("RGBA", (512, 128), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    paint = (
        *rgb(
            STEEL[color]
            if kind < 2
            else ((132, 104, 76), (150, 140, 122), (92, 74, 58), (196, 194, 188))[color]
        ),
        255,
    )
    if kind == 0:  # railings
        for x in range(0, 512, 9):
            draw.rectangle((x, 6, x + 2, 127), fill=paint)
        draw.rectangle((0, 8, 511, 13), fill=paint)
        draw.rectangle((0, 110, 511, 115), fill=paint)
    elif kind == 1:  # wire mesh
        for x in range(-128, 512, 8):
            draw.line((x, 127, x + 127, 0), fill=(*paint[:3], 150), width=1)
            draw.line((x, 0, x + 127, 127), fill=(*paint[:3], 150), width=1)
        for x in range(0, 512, 128):
            draw.rectangle((x, 0, x + 5, 127), fill=paint)
        draw.rectangle((0, 0, 511, 3), fill=paint)
    else:  # boards
        for x in range(0, 512, 12):
            shade = 0.82 + 0.18 * ((x * 7) % 13) / 12
            draw.rectangle(
                (x, 0, x + 10, 127), fill=tuple(int(c * shade) for c in paint[:3]) + (255,)
            )
            draw.rectangle((x + 11, 0, x + 11, 127), fill=(30, 26, 22, 255))
    return image


@lru_cache(maxsize=8)
def _wall(kind: int) -> Image.Image:
    """(512 x 160) RGB, 8 m of garden wall."""
    colors = list(BRICKS.values())[kind % len(BRICKS)]
    image = Image.new("RGB", (512, 160), rgb(mix(colors[0], (90, 84, 78), 0.25)))
    draw = ImageDraw.Draw(image)
    rng = np.random.Generator(np.random.PCG64(900 + kind))
    for row in range(0, 160, 7):
        for x in range(-(row % 2) * 9, 512, 18):
            tone = mix(
                colors[int(rng.integers(len(colors)))], (60, 56, 52), float(rng.uniform(0, 0.35))
            )
            draw.rectangle((x, row, x + 16, row + 5), fill=rgb(tone))
    draw.rectangle((0, 0, 511, 8), fill=rgb(mix(colors[0], (150, 146, 140), 0.6)))
    return ImageChops.multiply(image, grain(150).crop((0, 0, 512, 160)))


@lru_cache(maxsize=1)
def _guard_rail() -> Image.Image:
    image = Image.new("RGBA", (512, 96), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    for x in range(20, 512, 128):
        draw.rectangle((x, 20, x + 8, 95), fill=(96, 98, 100, 255))
    for y, tone in ((4, 176), (10, 140), (18, 108), (26, 160), (34, 190), (42, 120)):
        draw.rectangle((0, y, 511, y + 8), fill=(tone, tone, tone + 2, 255))
    return image


BARRIERS = {"fence": "fence", "wall": "wall", "hedge": "vegetation", "guard rail": "guard rail"}


def barrier_texture(canvas: Canvas, kind: str, variant: int, side: int) -> Image.Image:
    """The lit texture of 8 m of fence, wall, hedge or guard rail; side is -1 left, 1 right."""
    if kind == "fence":
        texture = _fence(variant % 3, variant % 4)
    elif kind == "wall":
        texture = _wall(variant % 8)
    elif kind == "hedge":
        texture = _hedge(variant % len(GREENS))
    else:
        texture = _guard_rail()
    return lit_texture(texture, canvas.light.shade((1, 1, 1), (-side, 0.2, 0)))


def draw_barrier(
    canvas: Canvas, kind: str, texture: Image.Image, x: float, z0: float, z1: float, height: float
) -> None:
    """A stretch of a barrier along the street."""
    near = max(z0, min(canvas.camera.entry(x) * 0.96, z1 - 0.05))
    if near >= z1:
        return
    side = -1 if x < 0 else 1
    label = IDS[BARRIERS[kind]]
    if kind in ("wall", "hedge"):
        thick = 0.9 if kind == "hedge" else 0.3
        top = canvas.light.shade((90, 108, 60) if kind == "hedge" else (150, 146, 140), (0, 1, 0))
        canvas.face(
            [
                (x, height, near),
                (x, height, z1),
                (x + side * thick, height, z1),
                (x + side * thick, height, near),
            ],
            top,
            label,
            near,
        )
    canvas.plane(
        texture, (x, z0, x, z0 + 8.0), ((near - z0) / 8.0, (z1 - z0) / 8.0), (0.0, height), label
    )


def _upright(
    canvas: Canvas,
    x: float,
    z: float,
    height: float,
    width: float,
    color: Color,
    label: int,
    foot: float = 0.0,
) -> tuple[Point, Color]:
    """A vertical post; the point at its top and its colour in the picture."""
    lit = canvas.light.fade(canvas.light.shade(color, DOWN_ROAD), z)
    a, b = canvas.camera.project(x, foot, z), canvas.camera.project(x, height, z)
    canvas.line(a, b, lit, width * canvas.camera.focal / z, label)
    return b, lit


def draw_pole(canvas: Canvas, x: float, z: float, height: float, color: int) -> None:
    _upright(canvas, x, z, height, 0.1, STEEL[color], IDS["pole"])


def draw_lamp(canvas: Canvas, x: float, z: float, height: float, color: int) -> None:
    pole, scale = IDS["pole"], canvas.camera.focal / z
    (u, v), lit = _upright(canvas, x, z, height, 0.13, STEEL[color], pole)
    reach = -1.6 if x > 0 else 1.6
    tip = (u + reach * scale, v - 0.35 * scale)
    canvas.line((u, v), tip, lit, 0.09 * scale, pole)
    glow: Color = (255, 236, 190) if canvas.light.lamps else mix(lit, (210, 210, 206), 0.5)
    w, h = 0.42 * scale, max(0.16 * scale, 1.0)
    canvas.polygon(
        [
            (tip[0] - w, tip[1] - h),
            (tip[0] + w, tip[1] - h),
            (tip[0] + w * 0.7, tip[1] + h * 0.6),
            (tip[0] - w * 0.7, tip[1] + h * 0.6),
        ],
        glow,
        pole,
    )


def draw_bollard(canvas: Canvas, x: float, z: float, color: int) -> None:
    _upright(canvas, x, z, 1.0, 0.13, STEEL[color], IDS["pole"])


def draw_traffic_light(canvas: Canvas, x: float, z: float, rng: np.random.Generator) -> None:
    scale, light = canvas.camera.focal / z, canvas.light
    height = float(rng.uniform(3.0, 3.5))
    (u, v), _ = _upright(canvas, x, z, height - 0.2, 0.12, STEEL[int(rng.integers(2))], IDS["pole"])
    label = IDS["traffic light"]
    w, h = 0.19 * scale, 0.5 * scale
    if rng.random() < 0.4:
        edge = light.fade((226, 226, 222), z)
        canvas.polygon(
            [
                (u - w * 1.7, v - h * 1.25),
                (u + w * 1.7, v - h * 1.25),
                (u + w * 1.7, v + h * 1.25),
                (u - w * 1.7, v + h * 1.25),
            ],
            edge,
            label,
        )
        w *= 1.5
    canvas.polygon(
        [
            (u - w, v - h * 1.15),
            (u + w, v - h * 1.15),
            (u + w, v + h * 1.15),
            (u - w, v + h * 1.15),
        ],
        light.fade((20, 21, 22), z),
        label,
    )
    lit = int(rng.integers(3))
    lamps: tuple[Color, ...] = ((255, 60, 40), (255, 180, 50), (70, 250, 170))
    r = 0.125 * scale
    for i, y in enumerate((-0.68, 0.0, 0.68)):
        color = lamps[i] if i == lit else light.fade(mix((16, 16, 16), lamps[i], 0.12), z)
        canvas.ellipse((u - r, v + y * h - r, u + r, v + y * h + r), color, label)


def draw_sign(canvas: Canvas, x: float, z: float, rng: np.random.Generator) -> None:
    """A traffic sign on its post: round, triangular, octagonal, square or a direction board."""
    light, scale = canvas.light, canvas.camera.focal / z
    height = float(rng.uniform(2.1, 2.7))
    (u, v), _ = _upright(canvas, x, z, height + 0.2, 0.07, STEEL[int(rng.integers(4))], IDS["pole"])
    label = IDS["traffic sign"]

    def tone(color: Color) -> Color:
        return light.fade(light.shade(color, (0.0, 0.3, -0.95)), z)

    def outline(sides: int, size: float, turn: float, color: Color, marked: bool) -> None:
        points = [
            (
                u + size * scale * math.cos(turn + 2 * math.pi * k / sides),
                v + size * scale * math.sin(turn + 2 * math.pi * k / sides),
            )
            for k in range(sides)
        ]
        canvas.polygon(points, tone(color), label if marked else None)

    red, white, blue, black, green = (
        (176, 34, 36),
        (224, 224, 220),
        (36, 74, 150),
        (30, 30, 32),
        (30, 96, 66),
    )
    kind = str(rng.choice(("limit", "blue", "warning", "stop", "yield", "square", "board"),
                          p=(0.26, 0.2, 0.16, 0.06, 0.1, 0.12, 0.1)))  # fmt: skip
    if kind == "limit":
        outline(16, 0.36, 0, red, True)
        outline(16, 0.27, 0, white, False)
        outline(4, 0.1, math.pi / 4, black, False)
    elif kind == "blue":
        outline(16, 0.36, 0, white, True)
        outline(16, 0.33, 0, blue, False)
        outline(3, 0.16, -math.pi / 2 * float(rng.integers(4)), white, False)
    elif kind in ("warning", "yield"):
        turn = -math.pi / 2 if kind == "warning" else math.pi / 2
        outline(3, 0.5, turn, red, True)
        outline(3, 0.32, turn, white, False)
        if kind == "warning":
            outline(4, 0.1, 0, black, False)
    elif kind == "stop":
        outline(8, 0.4, math.pi / 8, red, True)
        outline(4, 0.2, 0, white, False)
    else:
        w, h = (0.35, 0.35) if kind == "square" else (float(rng.uniform(0.6, 1.1)), 0.38)
        back, ink = (
            (blue, white)
            if rng.random() < 0.5
            else (green, white)
            if rng.random() < 0.4
            else (white, black)
        )
        w, h = w * scale, h * scale
        canvas.polygon(
            [(u - w, v - h), (u + w, v - h), (u + w, v + h), (u - w, v + h)], tone(back), label
        )
        for row in (-0.4, 0.1, 0.5):
            length = float(rng.uniform(0.4, 0.8))
            canvas.polygon([(u - w * 0.8, v + (row - 0.1) * h), (u + w * (length * 1.6 - 0.8), v + (row - 0.1) * h),
                            (u + w * (length * 1.6 - 0.8), v + (row + 0.12) * h), (u - w * 0.8, v + (row + 0.12) * h)], tone(ink), None)  # fmt: skip


def draw_box(
    canvas: Canvas, x: float, z: float, size: tuple[float, float, float], color: Color, label: int
) -> None:
    """A cabinet, bin, bench or crate: (width, height, depth) in metres."""
    w, h, d = size[0] / 2, size[1], size[2]
    light = canvas.light
    flank = x - w if x + canvas.camera.shift(z) > 0 else x + w
    canvas.face(
        [(flank, 0, z), (flank, h, z), (flank, h, z + d), (flank, 0, z + d)],
        light.shade(color, (-1 if flank < x else 1, 0, 0)),
        label,
        z,
    )
    canvas.face(
        [(x - w, h, z), (x + w, h, z), (x + w, h, z + d), (x - w, h, z + d)],
        light.shade(color, (0, 1, 0)),
        label,
        z,
    )
    canvas.face(
        [(x - w, 0, z), (x + w, 0, z), (x + w, h, z), (x - w, h, z)],
        light.shade(color, DOWN_ROAD),
        label,
        z,
    )
    canvas.face([(x - w * 0.8, h * 0.55, z), (x + w * 0.8, h * 0.55, z), (x + w * 0.8, h * 0.85, z), (x - w * 0.8, h * 0.85, z)],
                light.shade(mix(color, (20, 20, 20), 0.3), DOWN_ROAD), None, z)  # fmt: skip
