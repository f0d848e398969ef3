"""One scene from its seed."""

import numpy as np

from segcore.data.sources.streets.camera import Camera
from segcore.data.sources.streets.canvas import SUPERSAMPLING, Canvas
from segcore.data.sources.streets.finish import photograph
from segcore.data.sources.streets.layout import paint_scene
from segcore.data.sources.streets.sky import draw_sky
from segcore.data.sources.streets.street import Street, make_street
from segcore.data.sources.streets.style import make_light, make_town
from segcore.images.resizing import Size
from segcore.labels import IDS

SCENES_PER_TOWN = 64


def render_scene(seed: int, size: Size = (256, 512)) -> tuple[np.ndarray, np.ndarray]:
    """A street scene and its exact mask, the same on every machine.

    Scenes whose seeds share `seed // SCENES_PER_TOWN` are of one town. size: (height, width).
    Returns ((H, W, 3) uint8 RGB, (H, W) uint8 label ids).
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    town = make_town(seed // SCENES_PER_TOWN)
    light = make_light(rng)
    street, character = make_street(rng, town)
    canvas = Canvas(_aim_camera(rng, size, street, town.left_hand), light)
    draw_sky(canvas, rng)
    paint_scene(canvas, town, street, character, rng)
    if rng.random() < 0.32:
        _draw_bonnet(canvas, rng)
    labels = canvas.label_array()
    return photograph(canvas, street, labels, rng), labels


def _aim_camera(rng: np.random.Generator, size: Size, street: Street, left_hand: bool) -> Camera:
    """A camera in a car or on a van's roof, now and then anywhere on the road."""
    height, width = size[0] * SUPERSAMPLING, size[1] * SUPERSAMPLING
    half_road, side = street.road[1], -1 if left_hand else 1
    lane = (half_road + 3.1) / 2 if street.rails else half_road / 2
    if rng.random() < 0.2:  # anywhere on the road
        lane = float(rng.uniform(-0.4, 0.95)) * half_road
    usual = rng.random() < 0.65
    return Camera(
        width=width,
        height=height,
        focal=width * float(rng.uniform(0.8, 1.2) if usual else rng.uniform(0.55, 1.5)),
        center=width * float(rng.uniform(0.38, 0.62) if usual else rng.uniform(0.2, 0.8)),
        horizon=height * float(rng.uniform(0.33, 0.47) if usual else rng.uniform(0.25, 0.56)),
        x=side * lane + float(rng.normal(0, 0.3)),
        y=float(rng.uniform(1.2, 1.75) if usual else rng.uniform(1.0, 2.5)),
        bend=float(rng.normal(0, 0.0018)) if rng.random() < 0.55 else 0.0,
    )


def _draw_bonnet(canvas: Canvas, rng: np.random.Generator) -> None:
    """The ego vehicle's bonnet along the lower edge."""
    width, height = canvas.camera.width, canvas.camera.height
    rise = height * float(rng.uniform(0.04, 0.11))
    tone = float(rng.uniform(14, 70))
    steps = [k / 24 for k in range(25)]
    for depth, shade in ((1.0, 1.0), (0.86, 1.5), (0.6, 1.1)):
        edge = [
            (
                width * t,
                height - rise * depth * (1 - 0.75 * (2 * t - 1) ** 4 - 0.15 * (2 * t - 1) ** 2),
            )
            for t in steps
        ]
        color = canvas.light.shade((tone * shade, tone * shade, tone * shade * 1.04), (0, 1, 0))
        outline = [*edge, (float(width), height + 2.0), (0.0, height + 2.0)]
        canvas.polygon(outline, color, IDS["ego vehicle"])
