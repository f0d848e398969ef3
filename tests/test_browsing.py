import numpy as np
import pytest

from segcore.browsing import Query, by_score, matching, rarity
from segcore.labels import IDS
from segcore.statistics import SplitStatistics, count_mask

ROAD, CAR, SKY = IDS["road"], IDS["car"], IDS["sky"]


@pytest.fixture
def counted() -> SplitStatistics:
    masks = [np.full((10, 10), ROAD, np.uint8) for _ in range(4)]
    masks[1][:5] = CAR
    masks[2][0] = CAR
    masks[3][0, 0] = SKY
    return SplitStatistics.of([count_mask(mask) for mask in masks])


def test_samples_are_found_by_class_share_and_place(counted: SplitStatistics) -> None:
    places = ["ulm", "ulm", "bonn", "bonn"]
    found = [
        matching(counted, places, query).tolist()
        for query in (
            Query(),
            Query(label=CAR),
            Query(label=CAR, share=(0.2, 1.0)),
            Query(label=CAR, share=(0.0, 0.1)),
            Query(sequence="bonn"),
            Query(label=CAR, sequence="bonn"),
            Query(label=IDS["train"]),
        )
    ]
    assert found == [[0, 1, 2, 3], [1, 2], [1], [2], [2, 3], [2], []]


def test_rarity_is_the_mean_information_of_the_pixels(counted: SplitStatistics) -> None:
    road, car = 339 / 400, 60 / 400
    bits = rarity(counted)
    assert bits[0] == pytest.approx(-np.log2(road))
    assert bits[1] == pytest.approx(-(np.log2(road) + np.log2(car)) / 2)
    assert by_score(np.arange(4), bits)[0] == 1


def test_samples_without_a_score_come_last() -> None:
    scores = np.array([0.1, np.nan, 0.7, 0.7])
    assert by_score(np.array([0, 1, 2, 3]), scores).tolist() == [2, 3, 0, 1]
