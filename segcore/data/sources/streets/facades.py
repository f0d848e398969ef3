"""Houses: flat facade textures in metres, put into the world as upright planes with roofs."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from segcore.data.sources.streets.canvas import Canvas, lit_texture, mix, rgb
from segcore.data.sources.streets.noise import grain
from segcore.data.sources.streets.style import BRICKS, ROOFS, Color, Light, Town
from segcore.labels import IDS

SIGNS: tuple[Color, ...] = (
    (160, 40, 40),
    (40, 60, 120),
    (40, 96, 64),
    (30, 30, 34),
    (190, 150, 60),
    (220, 216, 208),
    (120, 50, 96),
    (70, 110, 140),
)


@dataclass(frozen=True)
class House:
    x: float  # of the street facade; negative on the left
    z0: float
    z1: float
    height: float  # eaves
    depth: float
    ridge: float  # height of the ridge over the eaves, 0 for a flat roof
    wall: Color
    roof: Color
    facade: Image.Image
    gable: Image.Image

    @property
    def side(self) -> int:
        return -1 if self.x < 0 else 1


class FacadePainter:
    """Draws one facade, `scale` pixels to the metre."""

    def __init__(self, rng: np.random.Generator, town: Town, light: Light, scale: float) -> None:
        self.rng = rng
        self.town = town
        self.light = light
        self.scale = scale

    def texture(
        self, width: float, height: float, wall: Color, *, shop: bool, plain: bool
    ) -> Image.Image:
        s = self.scale
        image = Image.new("RGB", (max(4, round(width * s)), max(4, round(height * s))), rgb(wall))
        self.draw = ImageDraw.Draw(image)
        rng = self.rng
        floor = float(rng.uniform(2.8, 3.5))
        floors = max(1, int(height / floor))
        floor = height / floors
        ground = floor
        if not plain and height > 9 and rng.random() < 0.12:
            self._curtain_wall(width, height, floors, floor)
        elif plain:
            if rng.random() < 0.6:
                self._row(width, height, 1, floors, floor, wall, sparse=True)
        else:
            self._row(width, height, 1, floors, floor, wall, sparse=False)
            if shop:
                self._shop(width, height, ground)
            else:
                self._row(width, height, 0, 1, floor, wall, sparse=False)
                self._door(rng.uniform(0.1, 0.8) * width, height)
                self._rect(0, 0, width, 0.5, height, mix(wall, (70, 68, 66), 0.5))
            for level in range(1, floors):
                if rng.random() < 0.35:
                    self._rect(
                        0,
                        level * floor - 0.12,
                        width,
                        0.16,
                        height,
                        mix(wall, (235, 232, 225), 0.4),
                    )
            self._rect(0, height - 0.35, width, 0.35, height, mix(wall, (60, 56, 52), 0.35))
            if rng.random() < 0.5:
                self._rect(rng.uniform(0, width), 0, 0.12, height, height, (52, 52, 54))
        rough = grain(165 + 15 * int(rng.integers(4)))
        return ImageChops.multiply(image, rough.crop((0, 0, *image.size)))

    def _rect(self, x: float, y: float, w: float, h: float, height: float, color: Color) -> None:
        s = self.scale
        self.draw.rectangle(
            (x * s, (height - y - h) * s, max(x, x + w) * s, (height - y) * s), fill=rgb(color)
        )

    def _row(
        self,
        width: float,
        height: float,
        first: int,
        last: int,
        floor: float,
        wall: Color,
        *,
        sparse: bool,
    ) -> None:
        """Windows on the floors from first to last; one style for the facade."""
        rng = self.rng
        modern = rng.random() < 0.25
        w = float(rng.uniform(1.6, 3.0) if modern else rng.uniform(0.9, 1.4))
        h = floor * float(rng.uniform(0.45, 0.6))
        pitch = w + float(rng.uniform(0.4, 1.0) if modern else rng.uniform(0.9, 2.0))
        if sparse:
            pitch *= 2.2
        count = max(1, int((width - 0.6) / pitch))
        start = (width - count * pitch + pitch - w) / 2
        frame: Color = (226, 224, 218) if rng.random() < 0.65 else (70, 66, 62)
        trim = mix(wall, (232, 228, 218), 0.55) if rng.random() < 0.5 else None
        balconies = first > 0 and not sparse and rng.random() < 0.3
        every = int(rng.integers(1, 4))
        panel = mix(wall, (226, 224, 220) if rng.random() < 0.5 else (60, 62, 66), 0.7)
        for level in range(first, last):
            y = level * floor + floor * 0.28
            for i in range(count):
                if sparse and rng.random() < 0.4:
                    continue
                x = start + i * pitch
                if trim:
                    self._rect(x - 0.18, y - 0.18, w + 0.36, h + 0.4, height, trim)
                self._rect(x - 0.06, y - 0.06, w + 0.12, h + 0.12, height, frame)
                self._pane(x, y, w, h, height)
                if w * self.scale > 10:
                    self._rect(x + w / 2 - 0.03, y, 0.06, h, height, frame)
                    self._rect(x, y + h / 2, w, 0.05, height, frame)
                self._rect(x - 0.1, y - 0.16, w + 0.2, 0.1, height, mix(wall, (205, 202, 196), 0.5))
                self._rect(x, y + h - 0.12, w, 0.12, height, (24, 26, 30))
                if balconies and i % every == 0:
                    self._balcony(x - 0.5, level * floor, w + 1.0, height, panel)

    def _balcony(self, x: float, y: float, w: float, height: float, panel: Color) -> None:
        """Slab and railing before a window, and the shade that they throw."""
        self._rect(x, y - 0.55, w, 0.5, height, (58, 58, 60))
        bars = self.rng.random() < 0.5 and self.scale > 8
        if bars:
            for bar in np.arange(x, x + w, 0.25):
                self._rect(float(bar), y, 0.06, 0.95, height, panel)
            self._rect(x, y + 0.9, w, 0.1, height, panel)
        else:
            self._rect(x, y, w, 1.0, height, panel)
        self._rect(x, y - 0.12, w, 0.2, height, mix(panel, (190, 188, 184), 0.6))

    def _curtain_wall(self, width: float, height: float, floors: int, floor: float) -> None:
        """An office front of glass, which mirrors the sky or the dark across the street."""
        rng, pane = self.rng, float(self.rng.uniform(1.2, 2.4))
        bright = float(rng.uniform(0.1, 0.75))
        frame = mix((70, 74, 78), (210, 212, 214), float(rng.random()))
        for level in range(floors):
            x = 0.0
            while x < width:
                shine = bright * (0.4 + 0.6 * level / floors) * float(rng.uniform(0.75, 1.1))
                glass = mix((38, 46, 50), self.light.skyline, shine)
                y = level * floor
                self._rect(x + 0.06, y + 0.3, pane - 0.12, floor - 0.36, height, glass)
                self._rect(x, y, 0.06, floor, height, frame)
                x += pane
            self._rect(0, level * floor, width, 0.3, height, frame)

    def _pane(self, x: float, y: float, w: float, h: float, height: float) -> None:
        rng = self.rng
        if self.light.lamps and rng.random() < 0.3:
            self._rect(x, y, w, h, height, (250, 214, 150))
            return
        mirrored = self.light.zenith if rng.random() < 0.5 else self.light.skyline
        sky = mix((34, 38, 44), mirrored, float(rng.uniform(0.0, 0.6)))
        self._rect(x, y, w, h, height, sky)
        if rng.random() < 0.35:
            curtain: Color = (176, 172, 164) if rng.random() < 0.6 else (96, 86, 80)
            self._rect(x, y + h * 0.45, w, h * 0.55, height, mix(sky, curtain, 0.55))

    def _door(self, x: float, height: float) -> None:
        rng = self.rng
        color = SIGNS[int(rng.integers(len(SIGNS)))]
        self._rect(x - 0.15, 0, 1.4, 2.5, height, (206, 202, 194))
        self._rect(x, 0, 1.1, 2.2, height, mix(color, (40, 34, 30), 0.45))
        self._rect(x + 0.2, 1.3, 0.7, 0.6, height, (40, 44, 50))

    def _shop(self, width: float, height: float, ground: float) -> None:
        rng = self.rng
        x = 0.0
        while x < width - 1.5:
            w = min(width - x, float(rng.uniform(4, 9)))
            sign = SIGNS[int(rng.integers(len(SIGNS)))]
            board = mix(sign, (40, 40, 40), float(rng.uniform(0, 0.5)))
            self._rect(x, 0, w, ground, height, mix(board, (90, 86, 80), 0.5))
            glass_height = ground - 1.2
            panes = max(1, int(w / float(rng.uniform(1.4, 2.6))))
            pane = (w - 0.4) / panes
            door = int(rng.integers(panes))
            for i in range(panes):
                glow: Color = (240, 214, 160) if self.light.lamps else (150, 142, 130)
                glass = mix((34, 37, 42), glow, float(rng.uniform(0.0, 0.6)))
                bottom = 0.1 if i == door else 0.55
                self._rect(
                    x + 0.2 + i * pane,
                    bottom,
                    pane - 0.12,
                    glass_height - bottom + 0.2,
                    height,
                    glass,
                )
                for _ in range(4):
                    red, green, blue = rng.uniform(30, 210, 3).tolist()
                    gx = x + 0.3 + i * pane + rng.uniform(0, max(0.1, pane - 0.7))
                    self._rect(
                        gx,
                        rng.uniform(0.6, 1.4),
                        rng.uniform(0.15, 0.5),
                        rng.uniform(0.2, 0.7),
                        height,
                        mix(glass, (red, green, blue), 0.4),
                    )
            self._rect(x, ground - 0.95, w, 0.75, height, board)
            letters: Color = (238, 234, 224) if sum(board) < 330 else (40, 36, 34)
            lx = x + w * 0.2
            while lx < x + w * 0.8:
                lw = float(rng.uniform(0.12, 0.3))
                self._rect(lx, ground - 0.75, lw, float(rng.uniform(0.22, 0.36)), height, letters)
                lx += lw + 0.1
            if rng.random() < 0.35:
                cloth = SIGNS[int(rng.integers(len(SIGNS)))]
                striped = rng.random() < 0.5
                self._rect(x, ground - 1.9, w, 0.3, height, (36, 36, 38))
                for i in range(int(w / 0.5)):
                    stripe = cloth if i % 2 or not striped else (228, 224, 216)
                    self._rect(x + i * 0.5, ground - 1.65, 0.5, 0.75, height, stripe)
            x += w + 0.25


def make_house(
    rng: np.random.Generator,
    town: Town,
    light: Light,
    x: float,
    span: tuple[float, float],
    height: float,
    scale: float,
    *,
    exposed: bool,
) -> House:
    """A house with its facade at x from span[0] to span[1]; exposed: its near flank stands free."""
    z0, z1 = span
    walls = BRICKS[town.materials[int(rng.choice(3, p=(0.55, 0.3, 0.15)))]]
    wall = walls[int(rng.integers(len(walls)))]
    tone = float(rng.uniform(0.8, 1.5))
    red, green, blue = (np.asarray(wall) * tone + rng.uniform(-9, 9, 3)).tolist()
    wall = (red, green, blue)
    depth = float(rng.uniform(8, 14))
    pitched = height < 16 and rng.random() < 0.75
    painter = FacadePainter(rng, town, light, scale)
    shop = bool(rng.random() < town.shops) and height > 5
    facade = painter.texture(z1 - z0, height, wall, shop=shop, plain=False)
    flank = mix(wall, (110, 104, 98), 0.15)
    if not exposed:  # the neighbour hides the flank but for its top
        painter = FacadePainter(rng, town, light, 2.0)
    gable = painter.texture(depth, height, flank, shop=False, plain=bool(rng.random() < 0.6))
    return House(
        x=x,
        z0=z0,
        z1=z1,
        height=height,
        depth=depth,
        ridge=float(rng.uniform(2.0, 4.0)) if pitched else 0.0,
        wall=wall,
        roof=ROOFS[int(rng.integers(len(ROOFS)))],
        facade=lit_texture(facade, light.shade((1, 1, 1), (-1.0 if x > 0 else 1.0, 0.0, 0.0))),
        gable=lit_texture(gable, light.shade((1, 1, 1), (0.0, 0.0, -1.0))),
    )


def draw_house(canvas: Canvas, house: House, z0: float, z1: float) -> None:
    """Draw the part of the house between z0 and z1."""
    light, side, building = canvas.light, house.side, IDS["building"]
    visible = canvas.camera.entry(house.x) * 0.96
    back = house.x + side * house.depth
    top = house.height
    if z0 <= house.z0 and house.z0 > 1.0:
        canvas.plane(house.gable, (house.x, house.z0, back, house.z0), (0, 1), (0, top), building)
        if house.ridge:
            middle = (house.x + back) / 2
            canvas.face(
                [
                    (house.x, top, house.z0),
                    (middle, top + house.ridge, house.z0),
                    (back, top, house.z0),
                ],
                light.shade(house.wall, (0, 0, -1)),
                building,
                house.z0,
            )
    near = max(z0, min(visible, z1 - 0.1), 1.0)
    if near >= z1:
        return
    if house.ridge:
        middle = (house.x + back) / 2
        normal = (-side * 0.5, 0.86, 0.0)
        canvas.face(
            [
                (house.x - side * 0.3, top - 0.1, near),
                (house.x - side * 0.3, top - 0.1, z1),
                (middle, top + house.ridge, z1),
                (middle, top + house.ridge, near),
            ],
            light.shade(house.roof, normal),
            building,
            (near + z1) / 2,
        )
    length = house.z1 - house.z0
    span = (near - house.z0) / length, (z1 - house.z0) / length
    canvas.plane(house.facade, (house.x, house.z0, house.x, house.z1), span, (0, top), building)


def draw_chimneys(canvas: Canvas, house: House, rng: np.random.Generator) -> None:
    if not house.ridge:
        return
    x = house.x + house.side * house.depth / 2
    for z in rng.uniform(house.z0, house.z1, int(rng.integers(0, 3))):
        y = house.height + house.ridge
        canvas.face(
            [
                (x - 0.5, y - 1, z),
                (x + 0.5, y - 1, z),
                (x + 0.5, y + 1.2, z),
                (x - 0.5, y + 1.2, z),
            ],
            canvas.light.shade(mix(house.wall, (120, 80, 64), 0.5), (0, 0, -1)),
            IDS["building"],
            z,
        )
