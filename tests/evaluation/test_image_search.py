import numpy as np
import pytest

from segcore.data.counts import SplitStatistics, count_mask
from segcore.evaluation.image_search import Query, by_score, iou_of_each, matching, rarity, shuffled
from segcore.labels import CITYSCAPES, IDS

ROAD, CAR, SKY = IDS["road"], IDS["car"], IDS["sky"]


@pytest.fixture
def counted() -> SplitStatistics:
    masks = [np.full((10, 10), ROAD, np.uint8) for _ in range(4)]
    masks[1][:5] = CAR
    masks[2][0] = CAR
    masks[3][0, 0] = SKY
    return SplitStatistics.of([count_mask(mask, CITYSCAPES) for mask in masks])


def test_samples_are_found_by_class_share_and_place(counted: SplitStatistics) -> None:
    places = ["ulm", "ulm", "bonn", "bonn"]
    found = [
        matching(counted.counts, places, query).tolist()
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


def test_samples_are_found_by_a_part_of_their_name(counted: SplitStatistics) -> None:
    count = len(counted.counts)
    keys = [f"Key_{number}" for number in range(count)]
    found = matching(counted.counts, ["x"] * count, Query(named="key_1"), keys)
    assert found.tolist() == [1]


def test_rarity_is_the_mean_information_of_the_pixels(counted: SplitStatistics) -> None:
    road, car = 339 / 400, 60 / 400
    bits = rarity(counted.counts)
    assert bits[0] == pytest.approx(-np.log2(road))
    assert bits[1] == pytest.approx(-(np.log2(road) + np.log2(car)) / 2)
    assert by_score(np.arange(4), bits)[0] == 1


def test_samples_without_a_score_come_last() -> None:
    scores = np.array([0.1, np.nan, 0.7, 0.7])
    assert by_score(np.array([0, 1, 2, 3]), scores).tolist() == [2, 3, 0, 1]


def test_a_draw_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    every = np.arange(50)
    assert shuffled(every, 3).tolist() == shuffled(every, 3).tolist()
    assert shuffled(every, 3).tolist() != shuffled(every, 4).tolist()
    assert sorted(shuffled(every, 3)) == every.tolist()


def test_each_sample_has_a_mean_iou_and_one_of_a_class() -> None:
    matrices = np.zeros((2, 34, 34), np.int64)
    matrices[0, ROAD, ROAD], matrices[0, CAR, ROAD] = 6, 2
    matrices[1, ROAD, ROAD] = 5
    assert iou_of_each(matrices, None).tolist() == pytest.approx([(6 / 8 + 0) / 2, 1])
    assert iou_of_each(matrices, CAR).tolist() == pytest.approx([0, np.nan], nan_ok=True)
