"""Fills a canvas with one scene."""

import numpy as np

from segcore.data.sources.streets.canvas import Canvas
from segcore.data.sources.streets.ground import GroundPainter
from segcore.data.sources.streets.kerbside import place_furniture, place_two_wheelers, place_walkers
from segcore.data.sources.streets.markings import MarkingsPainter
from segcore.data.sources.streets.plots import (
    draw_backdrop,
    place_barriers,
    place_bridge,
    place_houses,
    place_side_street,
)
from segcore.data.sources.streets.stage import Stage
from segcore.data.sources.streets.street import Character, Street
from segcore.data.sources.streets.style import Town
from segcore.data.sources.streets.traffic import place_in_gardens, place_parked, place_traffic


def paint_scene(
    canvas: Canvas, town: Town, street: Street, character: Character, rng: np.random.Generator
) -> None:
    """Paint everything below the sky: the ground, the shadows on it, what stands on it."""
    ground = GroundPainter(canvas, street, rng)
    ground.paint()
    MarkingsPainter(ground).paint()
    stage = Stage(canvas, town, street, character, rng)
    for side in (-1, 1):
        place_houses(stage, side)
        place_barriers(stage, side)
        place_furniture(stage, side)
        place_parked(stage, side)
        place_in_gardens(stage, side)
        place_two_wheelers(stage, side)
        place_walkers(stage, side)
    place_side_street(stage)
    place_traffic(stage)
    place_bridge(stage)
    canvas.settle_shadows(0.36 + 0.42 * min(1.0, canvas.light.sun))
    draw_backdrop(stage)
    stage.paint()
