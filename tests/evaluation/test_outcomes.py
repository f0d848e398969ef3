"""Where two predictions agree, by hand on a few pixels."""

import numpy as np
import pytest

from segcore.evaluation import outcomes
from segcore.evaluation.outcomes import BOTH_RIGHT, BOTH_WRONG, NOT_SCORED, ONLY_A, ONLY_B
from segcore.labels import CITYSCAPES, IDS

ROAD, CAR, SKY = IDS["road"], IDS["car"], IDS["sky"]
TRUTH = np.array([[ROAD, ROAD, CAR, CAR, 0, 255]], np.uint8)
A = np.array([[ROAD, ROAD, SKY, SKY, 0, ROAD]], np.uint8)
B = np.array([[ROAD, SKY, CAR, SKY, ROAD, ROAD]], np.uint8)


def test_outcomes_name_who_is_right_and_leave_out_what_has_no_scored_truth() -> None:
    found = outcomes.outcome_map(TRUTH, A, B, CITYSCAPES)
    assert found.tolist() == [[BOTH_RIGHT, ONLY_A, ONLY_B, BOTH_WRONG, NOT_SCORED, NOT_SCORED]]
    assert outcomes.outcome_counts(found).tolist() == [1, 1, 1, 1]


def test_a_picture_without_scored_truth_counts_nothing() -> None:
    void = np.full((2, 2), 255, np.uint8)
    assert not outcomes.outcome_counts(outcomes.outcome_map(void, void, void, CITYSCAPES)).any()


def test_disagreement_and_the_largest_confusion() -> None:
    assert outcomes.disagreement(A, B) == pytest.approx(3 / 6)
    a = np.array([[ROAD, ROAD, SKY, CAR]], np.uint8)
    b = np.array([[SKY, SKY, ROAD, CAR]], np.uint8)
    found = outcomes.largest_confusion(a, b, CITYSCAPES)
    assert found == outcomes.Confusion("road", "sky", 0.5)
    assert outcomes.largest_confusion(a, a, CITYSCAPES) is None


def test_label_shares_leave_out_what_is_no_label() -> None:
    shares = outcomes.label_shares(np.array([[ROAD, ROAD, CAR, 255]], np.uint8))
    assert shares[ROAD] == 0.5 and shares[CAR] == 0.25 and shares.sum() == 0.75
