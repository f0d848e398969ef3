"""The image and its label ids, drawn together at twice the final size.

Every shape lands on both layers through the same outline, so that a label pixel is exact; the
labels are later taken at every second pixel, never averaged, and the image is averaged about
those same pixels.
"""

import math

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from segcore.data.sources.streets.camera import Camera, Point, Vertex
from segcore.data.sources.streets.style import Color, Light

SUPERSAMPLING = 2


def rgb(color: Color) -> tuple[int, int, int]:
    red, green, blue = color
    return (min(255, max(0, int(red))), min(255, max(0, int(green))), min(255, max(0, int(blue))))


def mix(a: Color, b: Color, t: float) -> Color:
    return a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t


def lit_texture(texture: Image.Image, light: Color) -> Image.Image:
    """The RGB or RGBA texture with its colours multiplied by `light`, a factor per channel."""
    table = np.minimum(255, np.outer(light, range(256)).astype(int)).ravel().tolist()
    return texture.point(table + list(range(256)) if texture.mode == "RGBA" else table)


def tinted(shade: Image.Image, dark: Color, bright: Color) -> Image.Image:
    """RGB image whose colours run from `dark` where the L image is 0 to `bright` at 255."""
    steps = np.arange(256)[:, None] / 255
    ramp = np.asarray(dark) * (1 - steps) + np.asarray(bright) * steps
    indexed = Image.frombytes("P", shade.size, shade.tobytes())
    indexed.putpalette(np.clip(ramp, 0, 255).astype(np.uint8).tobytes())
    return indexed.convert("RGB")


class Canvas:
    """A painter's canvas: what is drawn later hides what was drawn before."""

    def __init__(self, camera: Camera, light: Light) -> None:
        size = camera.width, camera.height
        self.camera = camera
        self.light = light
        self.image = Image.new("RGB", size)
        self.labels = Image.new("L", size)
        self.shadow = Image.new("L", size)
        self._draw = ImageDraw.Draw(self.image)
        self._ids = ImageDraw.Draw(self.labels)
        self._shade = ImageDraw.Draw(self.shadow)

    def polygon(self, points: list[Point], color: Color, label: int | None) -> None:
        """Fill an outline; a label of None, for a detail of what is there, leaves the ids be."""
        if len(points) < 3:
            return
        self._draw.polygon(points, fill=rgb(color))
        if label is not None:
            self._ids.polygon(points, fill=label)

    def mark(self, points: list[Point], label: int) -> None:
        """Label an outline without painting it: the spokes of a wheel, the gaps of a crown."""
        self._ids.polygon(points, fill=label)

    def face(self, vertices: list[Vertex], color: Color, label: int | None, z: float) -> None:
        """Fill a planar polygon of the world; `color` is already lit, haze is added for z."""
        self.polygon(self.camera.polygon(vertices), self.light.fade(color, z), label)

    def ellipse(
        self, box: tuple[float, float, float, float], color: Color, label: int | None
    ) -> None:
        if box[2] - box[0] < 1 or box[3] - box[1] < 1:
            return
        self._draw.ellipse(box, fill=rgb(color))
        if label is not None:
            self._ids.ellipse(box, fill=label)

    def line(self, a: Point, b: Point, color: Color, width: float, label: int | None) -> None:
        """A stroke of `width` pixels, never thinner than one pixel of the final image."""
        half = max(width, SUPERSAMPLING) / 2
        du, dv = b[0] - a[0], b[1] - a[1]
        length = math.sqrt(du * du + dv * dv) or 1.0
        nu, nv = -dv / length * half, du / length * half
        self.polygon(
            [
                (a[0] + nu, a[1] + nv),
                (b[0] + nu, b[1] + nv),
                (b[0] - nu, b[1] - nv),
                (a[0] - nu, a[1] - nv),
            ],
            color,
            label,
        )

    def sprite(
        self,
        box: tuple[float, float, float, float],
        alpha: Image.Image,
        shade: Image.Image | None,
        colors: tuple[Color, Color],
        hull: Image.Image,
        label: int,
    ) -> None:
        """Paste a cut-out, scaled to box: paint through `alpha`, the label through `hull`.

        alpha, hull (0 or 255) and shade are L images of one size; the paint runs from the first
        colour where shade is 0 to the second, or is the first one all over without a shade.
        """
        left, top, right, bottom = (round(value) for value in box)
        if right - left < 2 or bottom - top < 2:
            return
        shown = (
            max(left, 0),
            max(top, 0),
            min(right, self.camera.width),
            min(bottom, self.camera.height),
        )
        size = shown[2] - shown[0], shown[3] - shown[1]
        if size[0] < 1 or size[1] < 1:
            return
        x_scale, y_scale = alpha.width / (right - left), alpha.height / (bottom - top)
        part = (
            (shown[0] - left) * x_scale,
            (shown[1] - top) * y_scale,
            (shown[2] - left) * x_scale,
            (shown[3] - top) * y_scale,
        )
        smooth, nearest = Image.Resampling.BILINEAR, Image.Resampling.NEAREST
        stencil = alpha.resize(size, smooth, part)
        if shade is None:
            self.image.paste(rgb(colors[0]), shown, stencil)
        else:
            self.image.paste(tinted(shade.resize(size, smooth, part), *colors), shown, stencil)
        self.labels.paste(label, shown, hull.resize(size, nearest, part))

    def cast(self, vertices: list[Vertex], strength: float = 1.0) -> None:
        """Darken a patch of the ground; soft edges come from `settle_shadows`."""
        points = self.camera.polygon(vertices)
        if len(points) > 2:
            self._shade.polygon(points, fill=int(255 * strength))

    def settle_shadows(self, darkness: float) -> None:
        """Multiply what is drawn so far (the ground) by the shadows cast until now."""
        soft = self.shadow.filter(ImageFilter.BoxBlur(self.camera.width / 500))
        dark = self.image.point(
            [int(v * (1 - darkness)) for v in range(256)]
            + [int(v * (1 - darkness * 0.97)) for v in range(256)]
            + [int(v * (1 - darkness * 0.9)) for v in range(256)]
        )
        self.image.paste(dark, (0, 0), soft)

    def plane(
        self,
        texture: Image.Image,
        base: tuple[float, float, float, float],
        span: tuple[float, float],
        height: tuple[float, float],
        label: int,
    ) -> None:
        """Draw an upright textured rectangle.

        texture: RGB or RGBA, already lit. Its width is the way along `base` = (x0, z0, x1, z1) on
        the ground, its height goes from `height[1]` at the top down to `height[0]`, in metres.
        span: the part of the way to draw, in 0-1. Alpha thins the image only: the label covers
        the whole rectangle, gaps included, as annotators do with fences.
        """
        camera = self.camera
        x0, z0, x1, z1 = base
        x0, x1 = x0 + camera.shift(z0), x1 + camera.shift(z1)
        dx, dz = x1 - x0, z1 - z0
        ends = [(x0 + dx * t, z0 + dz * t) for t in span]
        if min(z for _, z in ends) < 0.5:
            return
        columns = [camera.center + camera.focal * x / z for x, z in ends]
        outline = [
            (column, camera.horizon + camera.focal * (camera.y - y) / z)
            for (column, (_, z)), rows in zip(
                zip(columns, ends, strict=True), (height, height[::-1]), strict=True
            )
            for y in rows
        ]
        left = max(0, math.floor(min(columns)))
        right = min(camera.width, math.ceil(max(columns)) + 1)
        top = max(0, math.floor(min(v for _, v in outline)))
        bottom = min(camera.height, math.ceil(max(v for _, v in outline)) + 1)
        if right - left < 1 or bottom - top < 1:
            return
        # A pixel's ray meets the plane at s along the base and at height y; with
        # a = (u - center) / focal and b = (v - horizon) / focal:
        #   s = (x0 - a z0) / (a dz - dx),   y = camera.y - b (x0 dz - z0 dx) / (a dz - dx)
        f, cu, cv = camera.focal, camera.center - left, camera.horizon - top
        den = (dz / f, 0.0, -dx - cu * dz / f)
        k = x0 * dz - z0 * dx
        wide, tall = texture.width, texture.height / (height[1] - height[0])
        rise = height[1] - camera.y
        s = (-z0 / f * wide, 0.0, (x0 + cu * z0 / f) * wide)
        y = (rise * den[0] * tall, k / f * tall, (rise * den[2] - cv * k / f) * tall)
        if abs(den[2]) < 1e-9:
            return
        coefficients = [value / den[2] for value in (*s, *y, den[0], den[1])]
        size = right - left, bottom - top
        warped = texture.transform(
            size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BILINEAR
        )
        stencil = Image.new("L", size)
        ImageDraw.Draw(stencil).polygon([(u - left, v - top) for u, v in outline], fill=255)
        self.labels.paste(label, (left, top), stencil)
        if warped.mode == "RGBA":
            stencil = ImageChops.darker(stencil, warped.getchannel("A"))
            warped = warped.convert("RGB")
        distance = (ends[0][1] + ends[1][1]) / 2
        air = Image.new("RGB", size, rgb(self.light.skyline))
        hazy = Image.blend(warped, air, 1 - math.exp(-distance / self.light.haze))
        self.image.paste(hazy, (left, top), stencil)

    def image_array(self) -> np.ndarray:
        """(H, W, 3) uint8 colours at the final size, each a mean centred on its label's pixel.

        A tent of (1, 2, 1) / 4 both ways: a mean of two by two would lie half a pixel beside it.
        """
        full = np.asarray(self.image).astype(np.uint16)
        rows = full[::SUPERSAMPLING]
        above = np.concatenate((full[:1], full[1:-1:SUPERSAMPLING]))
        rows = above + 2 * rows + full[1::SUPERSAMPLING]
        left = np.concatenate((rows[:, :1], rows[:, 1:-1:SUPERSAMPLING]), axis=1)
        total = left + 2 * rows[:, ::SUPERSAMPLING] + rows[:, 1::SUPERSAMPLING]
        return ((total + 8) >> 4).astype(np.uint8)

    def label_array(self) -> np.ndarray:
        """(H, W) uint8 ids at the final size."""
        return np.asarray(self.labels)[::SUPERSAMPLING, ::SUPERSAMPLING].copy()
