import json
from dataclasses import replace

import numpy as np
import pytest

from segcore.data.counts import (
    LOCATION_GRID,
    REGION_BINS,
    SplitStatistics,
    class_weights,
    count_mask,
    effective_number,
    imbalance_ratio,
    js_divergence,
    logit_offsets,
    pixel_share,
)
from segcore.errors import UnreadableError
from segcore.labels import CITYSCAPES


def pixels(**by_id):
    counts = np.zeros(CITYSCAPES.num_classes, np.int64)
    for id_, count in by_id.items():
        counts[int(id_[1:])] = count
    return counts


def statistics(masks):
    return SplitStatistics.of([count_mask(mask, CITYSCAPES) for mask in masks])


def test_counts_of_a_mask_add_up_to_its_pixels():
    mask = np.zeros((64, 64), np.uint8)
    mask[:16] = 23
    mask[48:] = 7
    mask[20, :5] = 255
    counts = count_mask(mask, CITYSCAPES)
    assert counts.pixels[23] == counts.pixels[7] == 16 * 64
    assert counts.no_label == 5
    assert counts.pixels.sum() + counts.no_label == mask.size


def test_location_says_where_a_class_lives():
    mask = np.full((64, 64), 11, np.uint8)
    mask[:32] = 23
    location = count_mask(mask, CITYSCAPES).location
    assert location.shape == (CITYSCAPES.num_classes, *LOCATION_GRID)
    half = LOCATION_GRID[0] // 2
    assert (location[23, :half] == 1).all()
    assert (location[23, half:] == 0).all()
    assert (location[11, half:] == 1).all()


def test_a_mask_smaller_than_the_grid_is_counted():
    counts = count_mask(np.full((3, 5), 7, np.uint8), CITYSCAPES)
    assert counts.pixels[7] == 15
    assert np.isfinite(counts.location).all()


def test_statistics_of_a_split():
    sky = np.full((8, 8), 23, np.uint8)
    road_and_sky = sky.copy()
    road_and_sky[4:] = 7
    road = np.full((8, 8), 7, np.uint8)
    road[0, 0] = 255
    split = statistics([sky, road_and_sky, road])
    assert split.images == 3
    assert split.pixels[23] == 64 + 32
    assert split.images_with[7] == 2
    assert split.cooccurrence[7, 23] == split.cooccurrence[23, 7] == 1
    assert split.cooccurrence[23, 23] == 2
    report = json.loads(json.dumps(split.report(CITYSCAPES)))
    assert report["no_label_pixels"] == 1
    assert report["classes"]["sky"]["image_share"] == pytest.approx(2 / 3)
    assert report["classes"]["sky"]["pixel_share"] == pytest.approx(96 / 191)


def test_statistics_come_back_from_disk(tmp_path):
    split = statistics([np.full((8, 8), 7, np.uint8)])
    split.save(tmp_path / "statistics.npz")
    loaded = SplitStatistics.load(tmp_path / "statistics.npz")
    for name in ("counts", "no_label", "location"):
        assert np.array_equal(getattr(split, name), getattr(loaded, name))


def test_statistics_of_arrays_that_do_not_belong_together_are_refused(tmp_path):
    split = statistics([np.full((8, 8), 7, np.uint8)])
    replace(split, no_label=np.zeros(2, np.int64)).save(tmp_path / "statistics.npz")
    with pytest.raises(UnreadableError, match="`no_label` is of shape"):
        SplitStatistics.load(tmp_path / "statistics.npz")


def test_shares_of_nothing_are_zero():
    assert pixel_share(np.zeros(CITYSCAPES.num_classes, np.int64)).sum() == 0
    split = statistics([np.full((8, 8), 7, np.uint8)])
    nothing = np.zeros((0, CITYSCAPES.num_classes), np.int64)
    assert replace(split, counts=nothing).image_share.sum() == 0


def test_imbalance_is_between_the_evaluated_classes_that_occur():
    assert imbalance_ratio(pixels(_7=900, _17=3, _0=5000, _9=1), CITYSCAPES) == 300
    assert imbalance_ratio(pixels(_7=900), CITYSCAPES) is None


def test_effective_number_counts_equally_common_classes():
    assert effective_number(pixels(_7=10, _8=10, _11=10), CITYSCAPES) == pytest.approx(3)
    assert effective_number(pixels(_7=10), CITYSCAPES) == pytest.approx(1)
    assert 1 < effective_number(pixels(_7=990, _8=10), CITYSCAPES) < 1.1
    assert effective_number(pixels(), CITYSCAPES) == 0


def test_js_divergence_runs_from_same_to_disjoint():
    a, b = pixels(_7=3, _8=1), pixels(_7=300, _8=100)
    assert js_divergence(a, b) == pytest.approx(0, abs=1e-12)
    assert js_divergence(pixels(_7=5), pixels(_8=9)) == pytest.approx(1)
    assert js_divergence(a, pixels(_8=1)) == pytest.approx(js_divergence(pixels(_8=1), a))


def test_class_weights_lift_rare_classes_and_average_to_one():
    pixels = np.zeros(34, np.int64)
    pixels[[7, 17]] = 9900, 100  # road, pole
    weights = class_weights(pixels, 0.5, CITYSCAPES)
    assert weights[17] / weights[7] == pytest.approx((9900 / 100) ** 0.5)
    assert (weights * pixels).sum() / pixels.sum() == pytest.approx(1)
    assert weights[26] == 1  # a class that does not occur
    assert class_weights(pixels, 0, CITYSCAPES) is None


def test_logit_offsets_raise_rare_classes_in_the_loss():
    pixels = np.zeros(34, np.int64)
    pixels[[7, 17]] = 9900, 100  # road, pole
    offsets = logit_offsets(pixels, 0.5, CITYSCAPES)
    assert np.exp(offsets[[7, 17]]) == pytest.approx([0.99**-0.5, 0.01**-0.5])
    assert np.count_nonzero(offsets) == 2
    assert not logit_offsets(pixels, 0, CITYSCAPES).any()


def test_a_class_that_is_not_scored_has_its_place_in_the_balance():
    pixels = np.zeros(34, np.int64)
    pixels[[7, 17, 9]] = 9900, 100, 100  # road, pole, parking
    weights, scored = class_weights(pixels, 0.5, CITYSCAPES), pixels.copy()
    scored[9] = 0
    assert weights[9] == weights[17] == class_weights(scored, 0.5, CITYSCAPES)[17]
    offsets = logit_offsets(pixels, 0.5, CITYSCAPES)
    assert offsets[9] == offsets[17] == logit_offsets(scored, 0.5, CITYSCAPES)[17]
    scored[[7, 17]] = 0
    scored[9] = 5  # nothing that is scored
    assert (class_weights(scored, 0.5, CITYSCAPES) == 1).all()


def test_regions_are_counted_by_size():
    mask = np.full((40, 40), 7, np.uint8)
    mask[0, :4] = 26  # a car of 4 pixels
    mask[10:18, 10:18] = 26  # one of 64
    mask[18, 18] = 26  # that touches its corner
    mask[30, 30] = 17
    regions = count_mask(mask, CITYSCAPES).regions
    assert np.flatnonzero(regions[26]).tolist() == [2, 6]
    assert regions[17].tolist() == [1] + [0] * (REGION_BINS - 1)
    assert regions[7].sum() == 1
    assert regions[11].sum() == 0


def test_a_large_mask_is_counted_whole_though_looked_at_coarsely():
    mask = np.full((1024, 2048), 7, np.uint8)
    mask[:512] = 23
    mask[700, 700] = 17  # one pixel, between those looked at for places and regions
    counts = count_mask(mask, CITYSCAPES)
    assert counts.pixels[17] == 1
    assert counts.pixels[23] == 512 * 2048
    assert np.flatnonzero(counts.regions[23]).tolist() == [20]  # 2**20 pixels
    assert counts.location[23, :8].min() == 1
