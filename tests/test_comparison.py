"""Comparison: paired intervals against a slow loop, and verdicts that are known."""

import json
from dataclasses import replace

import numpy as np
import pytest

from segcore import metrics
from segcore.comparison import compare
from segcore.errors import DataError
from segcore.evaluation import Evaluation, Identity
from segcore.labels import CATEGORIES, IDS, NAMES

ROAD, CAR, SKY, PERSON = IDS["road"], IDS["car"], IDS["sky"], IDS["person"]
VEHICLE = list(CATEGORIES).index("vehicle")


def make_evaluation(name: str, error: float, images: int = 12, films: int = 4) -> Evaluation:
    """Counts of a model that gets `error` of the pixels wrong, on truth that is always the same."""
    truth_random = np.random.default_rng(0)
    own_random = np.random.default_rng(sum(map(ord, name)))
    matrices = np.zeros((images, 34, 34), np.int64)
    for matrix in matrices:
        for c in (ROAD, CAR, SKY):
            pixels = truth_random.integers(50, 500)
            wrong = own_random.binomial(pixels, error)
            matrix[c, c] = pixels - wrong
            matrix[c, own_random.choice([ROAD, CAR, SKY, 0])] += wrong
    matrices[0, PERSON, [PERSON, CAR]] = 30, 10  # a class of one image only
    identity = Identity(name, "w" + name, "camvid", "val", "f", "d", metrics.METRIC_VERSION, "CPU")
    return Evaluation(
        identity=identity,
        spec="camvid:/data",
        keys=[f"{i % films}_{i:03}" for i in range(images)],
        sequences=[f"film{i % films}" for i in range(images)],
        sizes=np.full((images, 2), [360, 480]),
        matrices=matrices,
        boundaries=np.zeros((images, 2, 34), np.int64),
        tasm_scores=np.zeros(images),
        calibration=metrics.CalibrationBins.empty(),
    )


def test_a_model_against_itself_is_exactly_zero_and_undecided():
    a = make_evaluation("a", 0.3)
    report = compare(a, a).report()
    assert report["delta"] == 0
    assert report["ci95"] == [0, 0]
    assert report["verdict"] == "undecided"
    assert {row["verdict"] for row in report["per_class"].values()} == {"undecided"}
    assert report["mean_category_iou"] == {"delta": 0, "ci95": [0, 0], "verdict": "undecided"}
    assert {row["verdict"] for row in report["per_category"].values()} == {"undecided"}


def test_clear_difference_has_a_verdict_and_its_sign_is_a_minus_b():
    good, bad = make_evaluation("good", 0.05), make_evaluation("bad", 0.4)
    report = compare(good, bad).report()
    assert report["mean_iou_a"] == pytest.approx(metrics.mean_iou(good.matrix))
    assert report["mean_iou_b"] == pytest.approx(metrics.mean_iou(bad.matrix))
    assert report["delta"] == pytest.approx(report["mean_iou_a"] - report["mean_iou_b"])
    assert 0 < report["ci95"][0] <= report["delta"] <= report["ci95"][1]
    assert report["verdict"] == "a"
    mirrored = compare(bad, good).report()
    assert mirrored["verdict"] == "b"
    assert mirrored["ci95"] == pytest.approx([-x for x in reversed(report["ci95"])])


def test_equally_good_models_are_undecided():
    report = compare(make_evaluation("x", 0.2), make_evaluation("y", 0.2)).report()
    assert report["ci95"][0] < 0 < report["ci95"][1]
    assert report["verdict"] == "undecided"


@pytest.mark.parametrize("films", [1, 4], ids=["by image", "by sequence"])
def test_interval_equals_a_direct_bootstrap(films):
    a, b = (make_evaluation(n, e, films=films) for n, e in (("a", 0.1), ("b", 0.2)))
    comparison = compare(a, b, draws=300, seed=3)
    groups = sorted(set(a.sequences)) if films > 1 else a.keys
    names = a.sequences if films > 1 else a.keys
    random = np.random.default_rng(3)
    counts = random.multinomial(len(groups), np.full(len(groups), 1 / len(groups)), size=300)
    means, cars, vehicles = [], [], []
    for row in counts:
        sums = []
        for side in (a, b):
            total = np.zeros((34, 34), np.int64)
            for matrix, name in zip(side.matrices, names, strict=True):
                total += matrix * row[groups.index(name)]
            sums.append(total)
        means.append(metrics.mean_iou(sums[0]) - metrics.mean_iou(sums[1]))
        cars.append(metrics.iou_per_class(sums[0])[CAR] - metrics.iou_per_class(sums[1])[CAR])
        of_categories = [metrics.iou_per_category(total)[VEHICLE] for total in sums]
        vehicles.append(of_categories[0] - of_categories[1])
    expected = np.percentile(means, [2.5, 97.5])
    assert [comparison.mean_iou.low, comparison.mean_iou.high] == pytest.approx(expected, abs=1e-12)
    car = comparison.per_class["car"]
    assert [car.low, car.high] == pytest.approx(np.percentile(cars, [2.5, 97.5]), abs=1e-12)
    vehicle = comparison.per_category["vehicle"]
    assert [vehicle.low, vehicle.high] == pytest.approx(
        np.percentile(vehicles, [2.5, 97.5]), abs=1e-12
    )
    assert comparison.groups == len(groups)


def test_says_what_was_resampled():
    films = compare(make_evaluation("a", 0.1), make_evaluation("b", 0.1)).report()
    assert (films["resampled_by"], films["groups"]) == ("sequence", 4)
    one = compare(make_evaluation("a", 0.1, films=1), make_evaluation("b", 0.1, films=1)).report()
    assert (one["resampled_by"], one["groups"]) == ("image", 12)


def test_same_seed_same_interval():
    a, b = make_evaluation("a", 0.1), make_evaluation("b", 0.15)
    assert compare(a, b, seed=5).report() == compare(a, b, seed=5).report()


def test_classes_in_the_truth_have_numbers_and_the_others_null():
    report = compare(make_evaluation("a", 0.1), make_evaluation("b", 0.3)).report()
    for name, row in report["per_class"].items():
        present = name in {NAMES[c] for c in (ROAD, CAR, SKY, PERSON)}
        assert (row["delta"] is not None) == present
        # A person is in one film only: every draw that has it says the same.
        has_interval = present and name != "person"
        assert (None not in row["ci95"]) == has_interval
        assert has_interval or row["verdict"] == "undecided"
    assert report["per_class"]["person"]["delta"] == 0  # drawn in some resamples, never a warning
    json.dumps(report, allow_nan=False)


def test_one_image_decides_nothing():
    a, b = (make_evaluation(n, e, images=1) for n, e in (("a", 0.01), ("b", 0.5)))
    report = compare(a, b).report()
    assert report["delta"] > 0.2
    assert report["ci95"] == [None, None]
    assert report["verdict"] == "undecided"


@pytest.mark.parametrize(
    "change", [{"dataset": "streets"}, {"split": "test"}, {"data_sha256": "other"}]
)
def test_evaluations_of_different_images_are_refused(change):
    a, b = make_evaluation("a", 0.1), make_evaluation("b", 0.1)
    with pytest.raises(DataError, match="different"):
        compare(a, replace(b, identity=replace(b.identity, **change)))
