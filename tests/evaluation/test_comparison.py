"""Comparison: intervals against a slow loop, known verdicts, and how often a verdict is false."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from segcore.errors import DataError
from segcore.evaluation import Evaluation, Identity
from segcore.evaluation.comparison import compare
from segcore.evaluation.comparison.groups import Groups
from segcore.evaluation.comparison.intervals import (
    effective_groups,
    interval,
    series_factor,
    t_quantile,
)
from segcore.labels import CITYSCAPES, IDS, metrics
from tests.factories.equal_models import false_verdicts, false_verdicts_of_a_film

ROAD, CAR, SKY, PERSON = IDS["road"], IDS["car"], IDS["sky"], IDS["person"]
VEHICLE = list(CITYSCAPES.categories).index("vehicle")


def make_evaluation(name: str, error: float, images: int = 24, films: int = 8) -> Evaluation:
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
    decided = {name for name, row in report["per_class"].items() if row["verdict"] == "undecided"}
    assert decided == {"road", "car", "sky"}
    assert report["mean_category_iou"]["ci95"] == [0, 0]
    assert report["mean_category_iou"]["verdict"] == "undecided"


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


def test_interval_equals_a_direct_jackknife():
    a, b = (make_evaluation(n, e) for n, e in (("a", 0.1), ("b", 0.2)))
    films = sorted(set(a.sequences))

    def left_out(score: Callable[[np.ndarray], float]) -> np.ndarray:
        rest = [[name != film for name in a.sequences] for film in films]
        return np.array(
            [score(a.matrices[kept].sum(0)) - score(b.matrices[kept].sum(0)) for kept in rest]
        )

    scores = {
        "mean": metrics.mean_iou,
        "car": lambda matrix: metrics.iou_per_class(matrix)[CAR],
        "vehicle": lambda matrix: metrics.iou_per_category(matrix, CITYSCAPES)[VEHICLE],
    }
    compared = compare(a, b)
    found = (compared.mean_iou, compared.per_class["car"], compared.per_category["vehicle"])
    # Three classes and three categories have an interval: a person is in one film only.
    for difference, score, tests in zip(found, scores.values(), (1, 3, 3), strict=True):
        without = left_out(score)
        error = np.sqrt(7 / 8 * ((without - without.mean()) ** 2).sum())
        low, high = difference.interval
        reach = high - difference.delta
        assert reach == pytest.approx(difference.delta - low)
        # Films of nearly the same length count for somewhat fewer than 8, so degrees are below 7.
        exact = {1: 2.365, 3: 3.128}[tests]  # of the tables, for 7 degrees of freedom
        assert exact < reach / error < exact * 1.4


def test_students_t_is_that_of_the_tables():
    assert [t_quantile(0.95, n) for n in (1, 2, 5, 9, 30)] == pytest.approx(
        [12.706, 4.303, 2.571, 2.262, 2.042], abs=1e-3
    )
    assert t_quantile(0.99, 5) == pytest.approx(4.032, abs=1e-3)
    assert t_quantile(0.95, 1000) == pytest.approx(1.962, abs=2e-3)
    assert t_quantile(0.95, 5) < t_quantile(0.95, 4.5) < t_quantile(0.95, 4)


def test_an_interval_by_hand():
    # The mean of 1, 2, 3, 4, 5, 6: without each the others' mean; error 1.8708 / sqrt(6) = 0.7638
    values = np.arange(1.0, 7.0)
    without = (values.sum() - values) / 5
    low, high = interval(3.5, without, np.full(6, 1 / 6), 0.95, is_series=False)
    assert [low, high] == pytest.approx([3.5 - 2.571 * 0.7638, 3.5 + 2.571 * 0.7638], abs=1e-3)
    # In that order the neighbours are alike: r = 8.75 / 17.5 + 1 / 6, factor sqrt(1.667 / 0.333)
    assert series_factor(without) == pytest.approx(np.sqrt(5))
    # One film of half the pixels and five of a tenth: 1 / (0.25 + 5 / 100)
    assert effective_groups(np.array([0.5, 0.1, 0.1, 0.1, 0.1, 0.1])) == pytest.approx(1 / 0.3)


def test_sequences_are_groups_and_one_film_is_cut_into_blocks_in_the_order_of_its_frames():
    films = compare(make_evaluation("a", 0.1), make_evaluation("b", 0.1)).report()
    assert (films["resampled_by"], films["groups"]) == ("sequence", 8)
    keys = [f"frame_{number}" for number in range(60)]
    groups = Groups.of(sorted(keys), ["film"] * 60)  # frame_0, frame_1, frame_10, ...
    assert (groups.kind, groups.count) == ("block", 6)
    block_of = dict(zip(sorted(keys), groups.of_image.tolist(), strict=True))
    assert [block_of[key] for key in keys] == [block for block in range(6) for _ in range(10)]
    film = [make_evaluation(name, 0.1, images=60, films=1) for name in "ab"]
    report = compare(*film).report()
    assert (report["resampled_by"], report["groups"]) == ("block", 6)
    assert report["verdict"] == "undecided"


@pytest.mark.parametrize("films", [2, 3, 5])
def test_few_sequences_give_no_verdict_but_a_reason(films):
    report = compare(
        *(make_evaluation(n, e, films=films) for n, e in (("good", 0.01), ("bad", 0.5)))
    ).report()
    assert report["delta"] > 0.2
    assert report["ci95"] == [None, None]
    assert (report["verdict"], report["groups"]) == ("none", films)
    assert report["reason"].startswith(f"{films} sequences with scored pixels are too few")
    assert {row["verdict"] for row in report["per_class"].values()} == {"none"}
    assert report["per_class"]["road"]["reason"] == (
        f"In {films} of {films} sequences; a verdict takes 6."
    )


@pytest.mark.parametrize("images", [1, 29])
def test_a_short_film_gives_no_verdict(images):
    a, b = (make_evaluation(n, e, images, films=1) for n, e in (("a", 0.01), ("b", 0.5)))
    report = compare(a, b).report()
    assert (report["verdict"], report["ci95"]) == ("none", [None, None])
    assert "of one sequence are too few" in report["reason"]


def test_sequences_without_a_scored_pixel_do_not_count():
    a, b = (make_evaluation(n, e, films=6) for n, e in (("a", 0.01), ("b", 0.5)))
    assert compare(a, b).mean_iou.verdict == "a"
    for side in (a, b):
        side.matrices[[sequence == "film3" for sequence in side.sequences]] = 0
    assert compare(a, b).mean_iou.verdict == "none"
    assert compare(a, b).mean_iou.groups == 5


def test_one_sequence_with_nearly_all_pixels_decides_nothing():
    a, b = (make_evaluation(n, e) for n, e in (("a", 0.01), ("b", 0.5)))
    for side in (a, b):
        side.matrices[[sequence == "film3" for sequence in side.sequences]] *= 1000
    assert compare(a, b).mean_iou.reason == "Most of the pixels are in one sequence."


def test_a_split_without_a_scored_pixel_gives_no_verdict():
    a, b = make_evaluation("a", 0.1), make_evaluation("b", 0.1)
    for side in (a, b):
        side.matrices[:] = 0
    report = compare(a, b).report()
    assert (report["delta"], report["verdict"], report["groups"]) == (None, "none", 0)
    assert report["reason"] == "The split holds no pixel of a class that is scored."
    json.dumps(report, allow_nan=False)


def test_classes_in_the_truth_have_numbers_and_the_others_null():
    report = compare(make_evaluation("a", 0.1), make_evaluation("b", 0.3)).report()
    for name, row in report["per_class"].items():
        present = name in {CITYSCAPES.names[c] for c in (ROAD, CAR, SKY, PERSON)}
        assert (row["delta"] is not None) == present
        has_interval = present and name != "person"
        assert (None not in row["ci95"]) == has_interval
        assert (row["verdict"] != "none") == has_interval
    assert report["per_class"]["person"]["delta"] == 0
    assert report["per_class"]["person"]["reason"] == "In 1 of 8 sequences; a verdict takes 6."
    json.dumps(report, allow_nan=False)


@pytest.mark.parametrize("groups", [2, 3, 4])
def test_equally_good_models_get_no_verdict_from_few_films(groups):
    assert false_verdicts(groups, trials=20) == (0, 0)
    assert f"{groups} films" not in table_of_docs()


def table_of_docs() -> dict[str, list[float]]:
    """The measured rates of docs/scores.md: what was drawn -> rates in per cent."""
    text = (Path(__file__).parents[2] / "docs" / "scores.md").read_text()
    rows = re.findall(r"^\| (\d+ films.*?|one film.*?) \| ([\d. |]+) \|$", text, re.MULTILINE)
    return {what: [float(cell) for cell in cells.split(" | ")] for what, cells in rows}


# Of so few trials a rate of 5 % is off by 1.3 % (one standard deviation).
@pytest.mark.parametrize(
    ("groups", "unequal"),
    [(6, False), (10, False), (20, False), (50, False), (6, True), (20, True)],
)
def test_false_verdicts_are_as_rare_as_the_docs_say(groups, unequal):
    rates = false_verdicts(groups, 300, unequal)
    told = table_of_docs()[f"{groups} films{' of unequal length' if unequal else ''}"]
    assert 0.03 <= told[0] / 100 <= 0.07
    assert told[1] / 100 <= 0.07
    assert rates == pytest.approx([value / 100 for value in told], abs=0.025)


def test_false_verdicts_of_one_film_are_as_rare_as_the_docs_say():
    rates = false_verdicts_of_a_film(100, alike=0.7, trials=200)
    told = table_of_docs()["one film of 100 images, neighbours correlate by 0.7"]
    assert 0.03 <= told[0] / 100 <= 0.07
    assert rates == pytest.approx([value / 100 for value in told], abs=0.025)


@pytest.mark.parametrize("change", [{"split": "test"}, {"data_sha256": "other"}])
def test_evaluations_of_different_images_are_refused(change):
    a, b = make_evaluation("a", 0.1), make_evaluation("b", 0.1)
    with pytest.raises(DataError, match="different"):
        compare(a, replace(b, identity=replace(b.identity, **change)))
