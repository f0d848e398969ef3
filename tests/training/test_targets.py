"""Training on data sets whose classes overlap, against cases that can be done by hand."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from segcore.data.counts import class_weights
from segcore.labels import CITYSCAPES
from segcore.labels.merges import Merges, merged
from segcore.training.batch_metrics import ConfusionMatrix, IoUScore
from segcore.training.losses import build_loss
from segcore.training.targets import Targets

ROAD, BUILDING, WALL, CAR, TRUCK, BUS = 7, 11, 12, 26, 27, 28
COARSE = Merges("made-3", {ROAD: (ROAD,), BUILDING: (BUILDING, WALL), CAR: (CAR, TRUCK, BUS)})


def pixels(**counts: int) -> np.ndarray:
    ids = {
        "road": ROAD,
        "parking": 9,
        "building": BUILDING,
        "wall": WALL,
        "car": CAR,
        "truck": TRUCK,
    }
    counted = np.zeros(34, np.int64)
    for name, count in counts.items():
        counted[ids[name]] = count
    return counted


FINE = pixels(road=40, building=30, wall=10, car=15, truck=5)
OF_COARSE = pixels(road=50, building=40, car=10)


@pytest.fixture
def targets() -> Targets:
    """The coarse data set first, then one that knows every label but the bus."""
    found = Targets.of([COARSE, None], [OF_COARSE, FINE], CITYSCAPES)
    assert found is not None
    return found


def logits(probabilities: dict[int, float]) -> np.ndarray:
    values = np.full(34, -60.0, np.float32)
    for label, probability in probabilities.items():
        values[label] = np.log(probability)
    return values


def test_predictions_count_as_the_class_that_they_belong_to() -> None:
    labels = np.array([[ROAD, WALL, BUS, 21]], np.uint8)
    np.testing.assert_array_equal(merged(labels, COARSE), [[ROAD, BUILDING, CAR, 21]])
    assert merged(labels, None) is labels


def test_a_target_is_the_labels_that_another_data_set_tells_apart(targets: Targets) -> None:
    code = targets.encoders[0]
    assert set(np.flatnonzero(targets.members[code[BUILDING]])) == {BUILDING, WALL}
    assert set(np.flatnonzero(targets.members[code[CAR]])) == {CAR, TRUCK}  # nobody has a bus
    assert set(np.flatnonzero(targets.members[code[ROAD]])) == {ROAD}
    assert code[255] == 255
    np.testing.assert_array_equal(targets.encoders[1], np.arange(256))


@pytest.mark.parametrize("merges", [[None], [None, None], [COARSE]])
def test_data_that_tells_nothing_more_apart_has_plain_targets(merges: list) -> None:
    assert Targets.of(merges, [OF_COARSE] * len(merges), CITYSCAPES) is None


def test_the_probability_of_a_coarse_class_is_the_sum_over_its_labels(targets: Targets) -> None:
    code = targets.encoders[0]
    masks = np.array([[[code[CAR], code[BUILDING], CAR]]])
    scores = np.stack(
        [
            logits({CAR: 0.2, TRUCK: 0.3, ROAD: 0.5}),
            logits({WALL: 0.25, ROAD: 0.75}),
            logits({CAR: 0.2, TRUCK: 0.3, ROAD: 0.5}),
        ]
    )[None, None]
    loss = build_loss("cross_entropy", targets=targets, space=CITYSCAPES)
    expected = -(np.log(0.5) + np.log(0.25) + np.log(0.2)) / 3
    assert float(loss(masks, scores)) == pytest.approx(expected, abs=1e-5)


def test_dice_takes_pixels_of_its_own_data_set_alone(targets: Targets) -> None:
    code = targets.encoders[0]
    masks = np.array([[[code[CAR], code[ROAD], TRUCK]]])
    scores = np.stack(
        [
            logits({CAR: 0.2, TRUCK: 0.3, ROAD: 0.5}),
            logits({TRUCK: 0.4, ROAD: 0.6}),
            logits({TRUCK: 0.9, CAR: 0.1}),
        ]
    )[None, None]
    of_car = 1 - 2 * 0.5 / (1 + 0.5 + 0.4)  # of the coarse data set's two pixels
    of_road = 1 - 2 * 0.6 / (1 + 0.5 + 0.6)
    of_truck = 1 - 2 * 0.9 / (1 + 0.9)  # of the other's one
    loss = build_loss("dice", targets=targets, space=CITYSCAPES)
    assert float(loss(masks, scores)) == pytest.approx((of_car + of_road + of_truck) / 3, abs=1e-5)


@pytest.mark.parametrize("name", ["cross_entropy+dice", "focal", "lovasz"])
def test_where_no_pixel_is_coarse_every_loss_is_the_plain_one(name: str, targets: Targets) -> None:
    random = np.random.default_rng(0)
    masks = random.choice([ROAD, BUILDING, WALL, CAR, 0, 255], (2, 5, 6)).astype(np.uint8)
    scores = random.normal(size=(2, 5, 6, 34)).astype(np.float32) * 3
    joined = build_loss(name, targets=targets, space=CITYSCAPES)(masks, scores)
    assert float(joined) == pytest.approx(
        float(build_loss(name, space=CITYSCAPES)(masks, scores)), rel=1e-5
    )


def test_coarse_pixels_are_shared_as_the_other_data_set_has_them(targets: Targets) -> None:
    expected = FINE + pixels(road=50, building=30, wall=10) * 1.0
    expected[[CAR, TRUCK]] += 10 * 15 / 20, 10 * 5 / 20
    np.testing.assert_allclose(targets.pixels([OF_COARSE, FINE]), expected)


def test_weights_have_mean_one_and_follow_the_share_of_all_labels(targets: Targets) -> None:
    counted = [OF_COARSE, FINE]
    weights = targets.weights(counted, 0.5)
    assert weights is not None
    by_code = targets.count(counted)
    assert np.average(weights, weights=by_code) == pytest.approx(1)
    share = targets.pixels(counted) / 200
    code = targets.encoders[0]
    ratio = weights[code[CAR]] / weights[ROAD]
    assert ratio == pytest.approx(((share[CAR] + share[TRUCK]) / share[ROAD]) ** -0.5)
    assert targets.weights(counted, 0.0) is None


@pytest.mark.parametrize("parking", [0, 7])  # which is not scored
def test_weights_of_plain_data_are_as_ever(parking: int) -> None:
    counted = FINE + pixels(parking=parking)
    plain = SimpleNamespace(
        members=np.eye(34, dtype=bool),
        labels=np.arange(34),
        count=lambda _: counted,
        pixels=lambda _: counted,
        space=CITYSCAPES,
    )
    found = Targets.weights(plain, [counted], 0.5)  # type: ignore[arg-type]
    np.testing.assert_allclose(found, class_weights(counted, 0.5, CITYSCAPES), rtol=1e-6)


def test_curves_count_each_image_by_the_classes_of_its_data_set(targets: Targets) -> None:
    code = targets.encoders[0]
    masks = np.full((2, 4, 4), 255, np.uint8)
    masks[0], masks[1] = code[CAR], CAR
    scores = np.zeros((2, 4, 4, 34), np.float32)
    scores[..., TRUCK] = 10  # right for the coarse image, wrong for the other
    confusion = ConfusionMatrix(CITYSCAPES, targets)
    confusion.update_state(masks, scores)
    assert confusion.matrix()[CAR, CAR] == 1
    assert confusion.matrix()[CAR, TRUCK] == 1
    iou = IoUScore(CITYSCAPES, targets)
    iou.update_state(masks, scores)
    assert keras.ops.convert_to_numpy(iou.result()) == pytest.approx((1 + 32 / 34) / 2, abs=1e-4)
