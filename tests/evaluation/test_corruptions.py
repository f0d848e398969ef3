"""Corruptions: the published formulas, and what holds for every one of them."""

import io

import numpy as np
import pytest
from PIL import Image

from segcore.evaluation.corruptions import CORRUPTIONS, SEVERITIES, corrupt


@pytest.fixture(scope="module")
def street() -> np.ndarray:
    """(72, 120, 3) uint8: a sky that fades, a dark road, a few things with edges."""
    rows, columns = np.mgrid[:72, :120]
    image = np.stack([90 + rows, 120 + rows // 2, 200 - rows], axis=-1).astype(np.uint8)
    image[40:] = 60
    image[20:60, 30:50] = (180, 60, 40)
    image[10:70, 90:94] = 230
    image[(rows // 4 + columns // 4) % 7 == 0] //= 2
    return image


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_each_keeps_shape_grows_with_severity_and_is_the_same_every_time(
    name: str, street: np.ndarray
) -> None:
    before = street.copy()
    seen = [corrupt(street, name, severity, seed=3) for severity in (0, *SEVERITIES)]
    assert np.array_equal(street, before)
    assert all((image.shape, image.dtype) == (street.shape, np.uint8) for image in seen)
    assert np.array_equal(seen[0], street)
    distance = [np.abs(image.astype(float) - street).mean() for image in seen]
    assert distance == sorted(distance) and distance[1] > 0.5
    assert np.array_equal(seen[4], corrupt(street, name, 4, seed=3))


@pytest.mark.parametrize("name", ["night", "fog", "rain", "motion blur", "noise"])
def test_another_seed_gives_another_pattern(name: str, street: np.ndarray) -> None:
    assert not np.array_equal(corrupt(street, name, 3, 0), corrupt(street, name, 3, 1))


def test_brightness_adds_to_the_value_and_keeps_hue_and_saturation() -> None:
    image = np.array([[[100, 40, 20], [0, 0, 0], [250, 200, 0]]], np.uint8)
    # 0.2 of 255 is 51: 100 becomes 151, and all channels grow alike; no value exceeds 255
    assert corrupt(image, "brightness", 2).tolist() == [
        [[151, 60, 30], [51, 51, 51], [255, 204, 0]]
    ]


def test_contrast_shrinks_towards_the_mean_of_each_channel() -> None:
    image = np.array([[[0, 0, 10], [200, 100, 10]]], np.uint8)
    assert corrupt(image, "contrast", 1).tolist() == [[[60, 30, 10], [140, 70, 10]]]
    assert corrupt(image, "contrast", 5).tolist() == [[[95, 48, 10], [105, 52, 10]]]


def test_gamma_keeps_black_and_white() -> None:
    image = np.array([[[0, 255, 128]]], np.uint8)
    assert corrupt(image, "gamma", 3).tolist() == [[[0, 255, round(255 * (128 / 255) ** 2)]]]


def test_noise_has_the_published_deviation() -> None:
    grey = np.full((200, 200, 3), 128, np.uint8)
    for severity, sigma in ((1, 0.08), (2, 0.12)):
        assert corrupt(grey, "noise", severity).std() / 255 == pytest.approx(sigma, rel=0.03)


def test_jpeg_has_the_published_quality(street: np.ndarray) -> None:
    stream = io.BytesIO()
    Image.fromarray(street).save(stream, "JPEG", quality=7)
    assert np.array_equal(corrupt(street, "JPEG", 5), np.asarray(Image.open(stream)))


def test_fog_follows_its_formula() -> None:
    # (x + 1.5 p) * 1 / (1 + 1.5), p from 0 to 1 over the 64x64 of the fractal
    dark = np.zeros((64, 64, 3), np.uint8)
    dark[0, 0] = 255
    foggy, white = (
        corrupt(image, "fog", 1).astype(int) for image in (dark, np.full_like(dark, 255))
    )
    veil = foggy.reshape(-1, 3)[1:]
    assert veil.min() == 0 and veil.max() == 153
    difference = (white - foggy).reshape(-1, 3)[1:]
    assert set(np.unique(difference)) <= {101, 102, 103}  # 255 / 2.5


def test_motion_blur_keeps_what_is_even_and_smears_along_one_line() -> None:
    even = np.full((224, 224, 3), 77, np.uint8)
    assert np.array_equal(corrupt(even, "motion blur", 5), even)
    point = np.zeros((225, 225, 3), np.uint8)
    point[112, 112] = 255
    rows, columns = np.nonzero(corrupt(point, "motion blur", 1)[..., 0])
    along = np.hypot(rows - 112, columns - 112)
    assert 5 < along.max() <= 21  # the published radius of 10: 21 steps
    assert np.abs(rows - 112).max() <= columns.max() - 112 + 1  # up to 45 degrees, to one side
    assert columns.min() == 112


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (33, 2)])
def test_any_size_is_taken(size: tuple[int, int]) -> None:
    image = np.full((*size, 3), 90, np.uint8)
    for name in CORRUPTIONS:
        assert corrupt(image, name, 5).shape == image.shape


def test_what_there_is_not_is_refused(street: np.ndarray) -> None:
    with pytest.raises(ValueError, match="no such corruption"):
        corrupt(street, "frost", 1)
    with pytest.raises(ValueError, match="no such corruption"):
        corrupt(street, "fog", 6)
