"""Cars, riders, trucks, buses and trams: moving, parked and crossing."""

import math

from segcore.data.sources.streets import people, vehicles
from segcore.data.sources.streets.modeller import Modeller, Pose
from segcore.data.sources.streets.stage import GARDEN, KERBSIDE, Stage
from segcore.data.sources.streets.vehicles import CARS, COACH_PAINTS, PAINTS
from segcore.labels import IDS

TRACK = 1.9
"""Distance of a tram track's middle from the centre line."""


def place_parked(stage: Stage, side: int) -> None:
    """Cars in the parking strip or along the kerb."""
    street = stage.street
    strip = street.parking[side > 0] > 0
    if not strip and (not stage.chance(0.38 * stage.town.traffic) or street.road[1] < 3.4):
        return
    heading = 0.0 if (side > 0) != stage.town.left_hand else math.pi
    x, step = street.kerb(side) - side * 1.1, (5.4, 7.0)
    across = street.parking[side > 0] > 3
    if across:
        x, step = street.kerb(side) - side * 2.4, (2.6, 3.2)
        turn = stage.uniform(0.9, math.pi / 2)
        heading = side * (turn if stage.chance(0.6) else turn - math.pi)
    z = stage.uniform(2, 14)
    if abs(x - stage.canvas.camera.x) < 2.2:
        z += 5.0  # the camera's own place is not taken
    while z < (60 if across else 90):
        if stage.chance(0.25 + 0.5 * stage.town.traffic) and not stage.in_crossing(z, 4):
            _place_car(stage, Pose(x, z, heading + float(stage.rng.normal(0, 0.03))))
        z += stage.uniform(*step)


def place_in_gardens(stage: Stage, side: int) -> None:
    """Cars in front of houses that stand back from the street."""
    if stage.character.setback < 4:
        return
    x = stage.street.plot(side) + side * stage.uniform(2.6, 3.4)
    for z in (stage.uniform(8, 22), stage.uniform(26, 45)):
        if stage.chance(0.4) and not stage.in_crossing(z, 4):
            yaw = math.pi / 2 * (1 if stage.chance(0.5) else -1)
            _place_car(stage, Pose(x, z, yaw + float(stage.rng.normal(0, 0.15))), GARDEN)


def place_traffic(stage: Stage) -> None:
    for oncoming in (False, True):
        for _ in range(2 if stage.street.lanes > 2 else 1):
            _fill_lane(stage, _lane(stage, oncoming=oncoming), math.pi if oncoming else 0.0)
    if stage.chance(0.14 * stage.town.traffic):
        _place_turning(stage)
    for _ in range(int(stage.rng.poisson(0.6))):
        _place_rider(stage)
    if stage.street.rails and stage.chance(0.95):
        _place_tram(stage)
    _fill_side_street(stage)


def _side(stage: Stage, *, oncoming: bool) -> int:
    """The side of the road on which that direction drives: -1 left, 1 right."""
    return -1 if oncoming != stage.town.left_hand else 1


def _lane(stage: Stage, *, oncoming: bool) -> float:
    """x of a lane's middle."""
    half, side = stage.street.road[1], _side(stage, oncoming=oncoming)
    if stage.street.rails:
        return side * (half + TRACK + 1.2) / 2
    if stage.street.lanes > 2:
        return side * half * (0.25 if stage.chance(0.5) else 0.75)
    return side * half * 0.5


def _fill_lane(stage: Stage, x: float, yaw: float) -> None:
    canvas, rng = stage.canvas, stage.rng
    beside = abs(x - canvas.camera.x) > 2.4  # such a lane may have cars abreast, cut by the edge
    z = stage.uniform(1.5, 26) if beside else stage.uniform(6.5, 34)
    while z < 120:
        kind = rng.random()
        if kind < 0.027:
            paint = PAINTS[int(rng.integers(len(PAINTS)))]
            pose = Pose(x, z + 3, yaw)
            Modeller(canvas, pose, 8.0, IDS["truck"]).shadow(2.4, 3.0)
            stage.add(KERBSIDE, z - 1, vehicles.draw_truck, rng, pose, paint)
        elif kind < 0.046:
            paint = COACH_PAINTS[int(rng.integers(len(COACH_PAINTS)))]
            pose, decks = Pose(x, z + 4, yaw), 2 if stage.chance(0.3) else 1
            Modeller(canvas, pose, 11.0, IDS["bus"]).shadow(2.5, 3.0)
            stage.add(KERBSIDE, z - 1.5, vehicles.draw_bus, rng, pose, paint, decks=decks)
        elif kind < 0.052:
            label = IDS["caravan" if stage.chance(0.5) else "trailer"]
            stage.add(KERBSIDE, z, vehicles.draw_caravan, Pose(x, z, yaw), label=label)
        elif kind < 0.052 + 0.66 * stage.town.traffic:
            _place_car(stage, Pose(x + float(rng.normal(0, 0.12)), z, yaw))
        z += float(7 + rng.gamma(1.6, 12.0))


def _place_turning(stage: Stage) -> None:
    """A car that turns, or leaves a drive, anywhere on the road and at any angle."""
    span, (left, right) = stage.street.crossing, stage.street.road
    z = stage.uniform(*span) if span and stage.chance(0.6) else stage.uniform(7, 22)
    x = stage.uniform(left + 1.0, right - 1.0)
    _place_car(stage, Pose(x, z, stage.uniform(-math.pi, math.pi)))


def _place_car(stage: Stage, pose: Pose, zone: int = KERBSIDE) -> None:
    shape = CARS[int(stage.rng.integers(len(CARS)))]
    paint = PAINTS[int(stage.rng.integers(len(PAINTS)))]
    Modeller(stage.canvas, pose, shape.length, IDS["car"]).shadow(shape.width, 1.4)
    stage.add(zone, pose.z, vehicles.draw_car, stage.rng, pose, shape, paint)


def _place_rider(stage: Stage) -> None:
    road, side = stage.street.road, 1 if stage.chance(0.5) else -1
    x, z = road[side > 0] - side * 0.7, stage.uniform(3.5, 32)
    sideways, motor = stage.chance(0.3), stage.chance(0.27)
    facing = 1 if stage.chance(0.5) else -1
    if sideways:
        x, z = stage.uniform(*road), z + 3.0
    stage.cast_figure(x, z, 0.5)
    stage.add(
        KERBSIDE,
        z,
        people.draw_rider,
        stage.rng,
        x,
        z,
        sideways=sideways,
        motor=motor,
        facing=facing,
    )


def _place_tram(stage: Stage) -> None:
    oncoming, z = stage.chance(0.5), stage.uniform(20, 66)
    pose = Pose(TRACK * _side(stage, oncoming=oncoming), z, math.pi if oncoming else 0.0)
    paint = COACH_PAINTS[int(stage.rng.integers(len(COACH_PAINTS)))]
    Modeller(stage.canvas, pose, 26.0, IDS["train"]).shadow(2.5, 3.0)
    stage.add(KERBSIDE, z - 13, vehicles.draw_tram, stage.rng, pose, paint)


def _fill_side_street(stage: Stage) -> None:
    """Cars that wait in the side street or leave by it."""
    span = stage.street.crossing
    if span is None:
        return
    for side in (-1, 1):
        for _ in range(int(stage.rng.poisson(0.9 * stage.town.traffic))):
            x = side * stage.uniform(stage.street.road[1] + 1.0, 30)
            z = sum(span) / 2 + float(stage.rng.choice((-1.8, 1.8)))
            _place_car(stage, Pose(x, z, float(stage.rng.choice((-1, 1))) * math.pi / 2))
