"""A photo labelled in tiles: as seamless as in one piece, whatever its shape."""

import numpy as np
import pytest

from segcore.prediction import tiling
from segcore.prediction.inference import AUGMENTED, Prediction, Timings
from segcore.prediction.loading import load_predictor
from segcore.prediction.tiling import count_tiles, predict_tiled
from tests.factories.fake_runs import make_run
from tests.factories.made_data import noise

pytestmark = pytest.mark.usefixtures("networks_made_once")

TILE = (24, 32)


def position_free(image: np.ndarray) -> Prediction:
    """A network that looks at each pixel alone: its probabilities follow the red channel."""
    scores = np.zeros((*image.shape[:2], 34), np.float32)
    scores[..., 7] = image[..., 0] / 255
    scores[..., 23] = 1 - scores[..., 7]
    labels = np.where(scores[..., 7] >= 0.5, 7, 23).astype(np.uint8)
    return Prediction(labels, scores.max(axis=-1), Timings(1.0, 2.0, 3.0), scores)


@pytest.mark.parametrize(
    "size", [(24, 32), (25, 33), (100, 100), (17, 200), (200, 20), (10, 10), (1, 1), (71, 129)]
)
def test_tiles_of_a_pixelwise_network_give_what_one_piece_gives(size: tuple[int, int]) -> None:
    image = noise(0, *size)
    whole, told = position_free(image), []
    found = predict_tiled(image, TILE, position_free, lambda *progress: told.append(progress))
    assert np.array_equal(found.labels, whole.labels)
    assert np.allclose(found.confidence, whole.confidence, atol=1e-6)
    count = count_tiles(size, TILE)
    assert told == [(number, count) for number in range(1, count + 1)]
    assert found.timings.total_ms == pytest.approx(6 * (count + 1))


def test_neighbours_overlap_and_the_edge_of_a_tile_counts_least(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each tile says another probability: between two middles it changes without a step."""
    monkeypatch.setattr(tiling, "WHOLE_WEIGHT", 0.0)
    said = iter([0.5, *np.linspace(0, 1, 3)])

    def stubborn(part: np.ndarray) -> Prediction:
        red = np.full((*part.shape[:2], 3), next(said) * 255, np.uint8)
        return position_free(red)

    wide = (24, 70)
    assert count_tiles(wide, TILE) == 3
    found = predict_tiled(noise(0, *wide), TILE, stubborn)
    road = np.where(found.labels == 7, found.confidence, 1 - found.confidence)[12]
    assert road[0] == pytest.approx(0) and road[-1] == pytest.approx(1)
    assert (np.diff(road) >= -1e-6).all() and np.diff(road).max() < 0.2


def test_the_whole_photo_outvotes_a_tile_that_is_not_sure() -> None:
    def sees_road_in_whole_only(part: np.ndarray) -> Prediction:
        red = 255 if part.shape[1] == 70 else 90  # a tile is for sky, by 0.65
        return position_free(np.full((*part.shape[:2], 3), red, np.uint8))

    found = predict_tiled(noise(0, 24, 70), TILE, sees_road_in_whole_only)
    assert (found.labels == 7).all()
    assert found.confidence == pytest.approx((2 + 90 / 255) / 3)


def test_a_real_network_in_one_tile_is_the_plain_prediction() -> None:
    predictor = load_predictor(make_run(size=TILE))
    image = noise(1, *TILE)
    tiled = predict_tiled(image, TILE, lambda part: predictor.predict(part, AUGMENTED))
    assert np.array_equal(tiled.labels, predictor.predict(image, AUGMENTED).labels)
