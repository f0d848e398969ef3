"""Where errors lie, on masks small enough to count by hand."""

import numpy as np
import pytest

from segcore.evaluation.error_breakdown import (
    Anatomy,
    RegionRecall,
    away_from_boundaries,
    band_counts,
    region_bucket,
    region_counts,
)
from segcore.labels import CITYSCAPES, IDS

ROAD, CAR, PERSON, VOID = IDS["road"], IDS["car"], IDS["person"], IDS["unlabeled"]


def halves(height: int = 6, width: int = 10) -> np.ndarray:
    truth = np.full((height, width), ROAD, np.uint8)
    truth[:, width // 2 :] = CAR
    return truth


def test_errors_are_split_by_their_distance_from_the_outline() -> None:
    truth = halves()
    prediction = truth.copy()
    prediction[0, 4] = CAR  # beside the outline
    prediction[3, [0, 1]] = PERSON  # 5 and 4 columns from it, at the image's edge
    near, inside = band_counts(truth, prediction, 2, CITYSCAPES)
    assert near[0, ROAD] == near[0, CAR] == 6 * 2
    assert (near[1, ROAD], near[1, CAR], inside[1, ROAD]) == (1, 0, 2)
    assert inside[0].sum() == 6 * 6


def test_void_is_an_outline_but_no_pixel_to_score() -> None:
    truth = halves()
    truth[0] = VOID
    near, inside = band_counts(truth, np.full_like(truth, PERSON), 1, CITYSCAPES)
    assert near[:, VOID].sum() == inside[:, VOID].sum() == 0
    assert near[0].sum() + inside[0].sum() == 5 * 10
    assert near[0, ROAD] == 5 + 4  # the row below void and the column beside the cars


@pytest.mark.parametrize("d", [1, 2, 3])
def test_the_band_is_all_that_has_another_label_within_d(d: int) -> None:
    truth = np.random.default_rng(0).choice(np.uint8([ROAD, ROAD, ROAD, CAR]), (4, 5))
    truth = np.kron(truth, np.ones((5, 5), np.uint8))
    away = away_from_boundaries(truth, d)
    for (y, x), inside in np.ndenumerate(away):
        around = truth[max(0, y - d) : y + d + 1, max(0, x - d) : x + d + 1]
        assert inside == (around == truth[y, x]).all()


def test_regions_are_found_when_half_of_them_is_right() -> None:
    truth = np.full((40, 40), ROAD, np.uint8)
    truth[:2, :5] = PERSON  # 10 pixels, half found
    truth[5:15, 5:15] = PERSON  # 100, one less than half found
    truth[15, 15] = PERSON  # touches it at a corner: 101
    truth[20:, 20:] = VOID
    prediction = np.full_like(truth, ROAD)
    prediction[:2, :5][:1] = PERSON
    prediction[5:10, 5:15] = PERSON
    counts = region_counts(truth, prediction, CITYSCAPES)
    assert counts[:, PERSON].T.tolist()[:3] == [[1, 1, 10, 5], [1, 0, 101, 50], [0, 0, 0, 0]]
    assert counts[:, VOID].sum() == 0
    assert counts[0, ROAD].tolist() == [0, 0, 0, 1, 0]
    assert region_bucket(truth)[[0, 5, 15, 39], [0, 5, 15, 0]].tolist() == [0, 1, 1, 3]

    rows = Anatomy(np.zeros((1, 2, 2, 34)), counts[None]).region_recall(PERSON)
    assert rows[1] == RegionRecall("64 to 255", 1, 0, 50 / 101)
    assert rows[4].recall is None


def test_shares_of_a_split_are_of_all_its_pixels() -> None:
    truth = halves()
    wrong = truth.copy()
    wrong[:, 4] = CAR
    wrong[0, 0] = CAR
    bands = np.stack([band_counts(truth, labels, 1, CITYSCAPES) for labels in (truth, wrong)])
    regions = np.stack([region_counts(truth, labels, CITYSCAPES) for labels in (truth, wrong)])
    report = Anatomy(bands, regions).report()
    assert report["pixels_near"] == 24 / 120
    assert report["errors_near"] == pytest.approx(6 / 7)
    assert report["error_rate_near"] == 6 / 24
    assert report["error_rate_inside"] == 1 / 96
    nothing = Anatomy(np.zeros_like(bands), np.zeros_like(regions)).report()
    assert set(nothing.values()) == {None}
