"""Losses against cases that can be done by hand or by the formula in NumPy."""

import keras
import numpy as np
import pytest

from segcore.errors import RecipeError
from segcore.labels import CITYSCAPES
from segcore.training.losses import build_loss

ROAD, BUILDING, CAR = 7, 11, 26
NUM_CLASSES = 34


def value(name: str, masks, logits, **options) -> float:
    loss = build_loss(name, **options, space=CITYSCAPES)
    return float(loss(np.asarray(masks), np.asarray(logits, np.float32)))


def logits_of(probabilities: dict[int, float]) -> np.ndarray:
    """Logits of one pixel with these probabilities, and nearly 0 for all other classes."""
    logits = np.full(NUM_CLASSES, -50.0, np.float32)
    for label, probability in probabilities.items():
        logits[label] = np.log(probability)
    return logits


def picture(*pixels: dict[int, float]) -> np.ndarray:
    """(1, 1, W, 34) logits."""
    return np.stack([logits_of(pixel) for pixel in pixels])[None, None]


@pytest.fixture
def random_case() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    masks = random.choice([ROAD, BUILDING, CAR, 0, 255], (2, 5, 6)).astype(np.uint8)
    return masks, random.normal(size=(2, 5, 6, NUM_CLASSES)).astype(np.float32) * 3


def flat(masks: np.ndarray, logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ids (P,) and probabilities (P, 34) of the pixels that count."""
    ids, logits = masks.reshape(-1), logits.reshape(-1, NUM_CLASSES).astype(np.float64)
    keep = (ids > 6) & (ids < NUM_CLASSES)
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return ids[keep], (exponentials / exponentials.sum(axis=1, keepdims=True))[keep]


def test_cross_entropy_is_the_mean_over_pixels_that_count():
    logits = picture({ROAD: 0.5, CAR: 0.5}, {ROAD: 0.25, CAR: 0.75}, {ROAD: 0.9, CAR: 0.1})
    expected = (np.log(2) + np.log(4 / 3)) / 2
    assert value("cross_entropy", [[[ROAD, CAR, 255]]], logits) == pytest.approx(expected)
    assert value("cross_entropy", [[[ROAD, CAR, 0]]], logits) == pytest.approx(expected)


def test_void_is_learned_where_it_is_not_ignored():
    logits = picture({0: 0.5, ROAD: 0.5}, {ROAD: 1.0})
    assert value("cross_entropy", [[[0, 255]]], logits, ignore_void=False) == pytest.approx(
        np.log(2)
    )


def test_class_weights_make_a_weighted_mean():
    weights = np.ones(NUM_CLASSES)
    weights[CAR] = 3
    logits = picture({ROAD: 0.5, CAR: 0.5}, {ROAD: 0.75, CAR: 0.25})
    expected = (np.log(2) + 3 * np.log(4)) / 4
    measured = value("cross_entropy", [[[ROAD, CAR]]], logits, class_weights=weights)
    assert measured == pytest.approx(expected)


def test_logit_offsets_are_added_before_the_loss():
    offsets = np.zeros(NUM_CLASSES)
    offsets[CAR] = np.log(3)  # makes odds of 3 : 1 even
    logits = picture({ROAD: 0.75, CAR: 0.25})
    measured = value("cross_entropy", [[[CAR]]], logits, logit_offsets=offsets)
    assert measured == pytest.approx(np.log(2))


def test_label_smoothing_is_cross_entropy_with_smoothed_targets(random_case):
    masks, logits = random_case
    ids, probabilities = flat(masks, logits)
    targets = 0.9 * np.eye(NUM_CLASSES)[ids] + 0.1 / NUM_CLASSES
    expected = -(targets * np.log(probabilities)).sum(axis=1).mean()
    measured = value("cross_entropy", masks, logits, label_smoothing=0.1)
    assert measured == pytest.approx(expected, rel=1e-5)


def test_focal_is_the_librarys_formula(random_case):
    masks, logits = random_case
    ids, probabilities = flat(masks, logits)
    truth = np.eye(NUM_CLASSES)[ids]
    clipped = np.clip(probabilities, 1e-7, 1 - 1e-7)
    expected = np.mean(-truth * (0.25 * (1 - clipped) ** 2.0 * np.log(clipped)))
    assert value("focal", masks, logits) == pytest.approx(expected, rel=1e-5)


def test_dice_by_hand():
    # road: 2 * 0.8 / (1 + 1.2); car: 2 * 0.6 / (1 + 0.8)
    logits = picture({ROAD: 0.8, CAR: 0.2}, {ROAD: 0.4, CAR: 0.6}, {BUILDING: 1.0})
    expected = 1 - (1.6 / 2.2 + 1.2 / 1.8) / 2
    assert value("dice", [[[ROAD, CAR, 255]]], logits) == pytest.approx(expected)


def naive_lovasz(ids: np.ndarray, probabilities: np.ndarray) -> float:
    """The Lovasz extension of 1 - IoU from its definition: a sum over the sorted errors of what
    the set of the worst i pixels adds."""
    losses = []
    for label in np.unique(ids):
        member = ids == label
        errors = np.where(member, 1 - probabilities[:, label], probabilities[:, label])
        order = np.argsort(-errors)
        loss, before = 0.0, 0.0
        for i in range(len(ids)):
            wrong = order[: i + 1]  # mispredicted pixels
            intersection = member.sum() - member[wrong].sum()
            union = member.sum() + (~member[wrong]).sum()
            loss += errors[order[i]] * (1 - intersection / union - before)
            before = 1 - intersection / union
        losses.append(loss)
    return float(np.mean(losses))


def test_lovasz_is_the_extension_of_the_jaccard_loss(random_case):
    masks, logits = random_case
    expected = naive_lovasz(*flat(masks, logits))
    assert value("lovasz", masks, logits) == pytest.approx(expected, rel=1e-5)


def test_lovasz_of_hard_predictions_is_one_minus_iou():
    # road: predicted on 3 pixels, true on 2: IoU 2/3; car: predicted on 1, true on 2: IoU 1/2
    logits = picture({ROAD: 1.0}, {ROAD: 1.0}, {ROAD: 1.0}, {CAR: 1.0})
    expected = 1 - (2 / 3 + 1 / 2) / 2
    assert value("lovasz", [[[ROAD, ROAD, CAR, CAR]]], logits) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["cross_entropy", "focal", "dice", "lovasz"])
def test_every_loss_is_zero_without_pixels_and_small_when_right(name):
    assert value(name, np.full((1, 2, 2), 255), np.zeros((1, 2, 2, NUM_CLASSES))) == 0
    right = picture({ROAD: 1.0}, {CAR: 1.0})
    assert value(name, [[[ROAD, CAR]]], right) == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("name", ["cross_entropy", "focal", "dice", "lovasz"])
def test_losses_stay_finite_and_train_on_extreme_half_precision_logits(name):
    """A gradient step on float16 logits of +-60 000 gives finite numbers and a lower loss."""
    masks = np.array([[[ROAD, CAR, 255, BUILDING]]])
    start = np.zeros((1, 1, 4, NUM_CLASSES), np.float16)
    start[..., ROAD], start[..., CAR] = 60_000, -60_000
    assert np.isfinite(value(name, masks, start))

    layer = keras.layers.Dense(NUM_CLASSES, use_bias=False, kernel_initializer="zeros")
    model = keras.Sequential([keras.Input((1, 4, 4)), layer])
    model.compile(keras.optimizers.SGD(0.5), build_loss(name, space=CITYSCAPES))
    one_hot_position = np.eye(4, dtype=np.float32)[None, None]
    losses = [model.train_on_batch(one_hot_position, masks) for _ in range(5)]
    assert np.all(np.isfinite(losses)) and losses[-1] < losses[0]
    assert np.all(layer.get_weights()[0][2] == 0), "a pixel without a class has no gradient"


def test_joined_losses_are_added(random_case):
    masks, logits = random_case
    total = value("cross_entropy+lovasz", masks, logits)
    parts = value("cross_entropy", masks, logits) + value("lovasz", masks, logits)
    assert total == pytest.approx(parts, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("hinge", {}, "no loss 'hinge'"),
        ("dice+hinge", {}, "no loss 'hinge'"),
        ("dice", {"label_smoothing": 0.1}, "label smoothing"),
        ("cross_entropy", {"label_smoothing": 1.5}, "label smoothing"),
    ],
)
def test_a_loss_that_does_not_exist_says_so(name, options, message):
    with pytest.raises(RecipeError, match=message) as raised:
        build_loss(name, **options, space=CITYSCAPES)
    assert "\n" not in str(raised.value)
