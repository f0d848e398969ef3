"""Mask files of every kind that tools write: what they say must not depend on how it is packed."""

from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from segcore.data.sources import Problem, SampleError
from segcore.data.sources.camvid import CAMVID_CLASSES
from segcore.data.sources.camvid import CODING as CAMVID
from segcore.data.sources.cityscapes import CODINGS
from segcore.data.sources.mask_files import MaskCoding, read_mask
from segcore.labels import CITYSCAPES, IDS, NO_LABEL
from tests.factories.made_data import noise, write_picture
from tests.factories.made_png import GREY, GREY_ALPHA, PALETTE, RGB, RGBA, png

LABEL_IDS, TRAIN_IDS = CODINGS["_gtFine_labelIds"], CODINGS["_gtFine_labelTrainIds"]
TRUTH = np.array([[0, 7, 8, 11], [21, 23, 24, 26]], np.uint8)


def read(folder: Path, data: bytes, coding: MaskCoding = LABEL_IDS) -> np.ndarray:
    path = folder / "mask.png"
    path.write_bytes(data)
    return read_mask(path, coding)


def indexed(mask: np.ndarray, palette_of: list[int]) -> np.ndarray:
    """The places of a mask's values in a list of them."""
    return np.array([palette_of.index(value) for value in mask.flat]).reshape(mask.shape)


def greys(values: list[int]) -> list[list[int]]:
    return [[value] * 3 for value in values]


SHUFFLED = [26, 24, 23, 21, 11, 8, 7, 0]
"""As an optimiser orders them."""


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(png(TRUTH, 8), id="grey"),
        pytest.param(png(TRUTH, 16), id="grey of 16 bits"),
        pytest.param(png(indexed(TRUTH, SHUFFLED), 4, PALETTE, greys(SHUFFLED)), id="grey palette"),
        pytest.param(png(indexed(TRUTH, SHUFFLED), 8, PALETTE, greys(SHUFFLED)), id="of 8 bits"),
        pytest.param(
            png(
                indexed(TRUTH, SHUFFLED),
                4,
                PALETTE,
                [CITYSCAPES.labels[id_].color for id_ in SHUFFLED],
            ),
            id="palette of the classes' colours",
        ),
        pytest.param(png(TRUTH, 8, PALETTE, CITYSCAPES.palette.tolist()), id="Cityscapes' palette"),
        pytest.param(png(TRUTH, 8, PALETTE, noise(1, 1, 256)[0].tolist()), id="other colours"),
        pytest.param(png(TRUTH, 8, PALETTE, [[9, 9, 9]] * 256), id="palette that says nothing"),
        pytest.param(png(CITYSCAPES.colorize(TRUTH), 8, RGB), id="colours"),
        pytest.param(png(np.stack([TRUTH] * 3, axis=-1), 8, RGB), id="grey as RGB"),
        pytest.param(
            png(np.dstack([TRUTH, np.full_like(TRUTH, 255)]), 8, GREY_ALPHA), id="grey, opaque"
        ),
        pytest.param(
            png(np.dstack([CITYSCAPES.colorize(TRUTH), np.full_like(TRUTH, 255)]), 8, RGBA),
            id="RGBA",
        ),
    ],
)
def test_a_mask_says_the_same_however_it_is_packed(tmp_path: Path, data: bytes) -> None:
    assert np.array_equal(read(tmp_path, data), TRUTH)


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_grey_samples_are_the_ids_at_any_depth(tmp_path: Path, depth: int) -> None:
    ids = np.arange(min(2**depth, 34)).reshape(1, -1)
    assert np.array_equal(read(tmp_path, png(ids, depth)), ids)


SMALL_MASKS = arrays(
    np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.integers(0, 15)
)


@given(SMALL_MASKS, st.randoms())
def test_a_packed_mask_reads_as_the_plain_one(
    tmp_path_factory: pytest.TempPathFactory, mask: np.ndarray, random: Random
) -> None:
    folder = tmp_path_factory.mktemp("mask")
    order = list(range(16))
    random.shuffle(order)
    for data in (
        png(mask, 8),
        png(mask, 4),
        png(indexed(mask, order), 4, PALETTE, greys(order)),
        png(np.stack([mask] * 3, axis=-1), 8, RGB),
    ):
        assert np.array_equal(read(folder, data), mask)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_other_files_with_a_grey_palette(tmp_path: Path, kind: str) -> None:
    picture = Image.fromarray(indexed(TRUTH, SHUFFLED).astype(np.uint8), "L").convert("P")
    picture.putpalette([grey for grey in SHUFFLED for _ in range(3)])
    picture.save(tmp_path / "mask", kind)
    assert np.array_equal(read_mask(tmp_path / "mask", LABEL_IDS), TRUTH)


def test_transparent_pixels_have_no_label(tmp_path: Path) -> None:
    shown = np.array([[7, 11, 26, 99]], np.uint8)  # what is not shown may be anything
    alpha = np.array([[255, 255, 255, 0]], np.uint8)
    expected = [[7, 11, 26, NO_LABEL]]
    colors = np.array(
        [
            [
                CITYSCAPES.labels[7].color,
                CITYSCAPES.labels[11].color,
                CITYSCAPES.labels[26].color,
                (1, 2, 3),
            ]
        ],
        np.uint8,
    )
    for data in (
        png(np.dstack([shown, alpha]), 8, GREY_ALPHA),
        png(np.dstack([colors, alpha]), 8, RGBA),
        png(np.array([[7, 11, 26, 9]]), 8, GREY, transparency=[0, 9]),
        png(np.array([[7, 11, 15, 9]]), 4, GREY, transparency=[0, 9]),
        png(np.array([[0, 1, 2, 3]]), 2, PALETTE, greys([7, 11, 26, 0]), [255, 255, 255, 0]),
    ):
        ids = read(tmp_path, data)
        assert ids[0, 3] == NO_LABEL
        assert np.array_equal(ids, expected) or ids[0, 2] == 15
    nothing = png(np.zeros((1, 2, 4)), 8, RGBA)
    assert (read(tmp_path, nothing) == NO_LABEL).all()


def test_where_indices_are_the_ids_transparency_is_only_for_show(tmp_path: Path) -> None:
    data = png(np.array([[0, 3]]), 8, PALETTE, noise(1, 1, 256)[0].tolist(), [0, 255])
    assert read(tmp_path, data, CAMVID).tolist() == [[IDS["sky"], IDS["road"]]]


def test_camvids_own_colours_are_known(tmp_path: Path) -> None:
    ids = np.arange(12).reshape(1, -1)
    expected = read(tmp_path, png(ids, 8), CAMVID)
    colors = [color for _, _, color in CAMVID_CLASSES]
    backwards = list(range(12))[::-1]
    for data in (
        png(ids, 8, PALETTE, colors),
        png(indexed(ids, backwards), 4, PALETTE, colors[::-1]),
        png(np.array([colors]), 8, RGB),
    ):
        assert np.array_equal(read(tmp_path, data, CAMVID), expected)


def test_train_ids_with_cityscapes_colours(tmp_path: Path) -> None:
    evaluated = [label for label in CITYSCAPES.labels if label.is_scored]
    ids = np.arange(19).reshape(1, -1)
    expected = [[label.id for label in evaluated]]
    named = png(ids, 8, PALETTE, [label.color for label in evaluated])
    assert read(tmp_path, named, TRAIN_IDS).tolist() == expected
    assert read(tmp_path, named, LABEL_IDS).tolist() == expected  # colours leave no doubt
    assert read(tmp_path, png(np.array([[0, 255]]), 8), TRAIN_IDS).tolist() == [[7, 255]]


def test_shared_colours_go_to_the_evaluated_class(tmp_path: Path) -> None:
    data = png(CITYSCAPES.colorize(np.array([[3, 17, 18]], np.uint8)), 8, RGB)
    assert read(tmp_path, data).tolist() == [[0, 17, 17]]


@pytest.mark.parametrize(
    ("data", "problem", "message"),
    [
        (png(noise(0, 8, 8), 8, RGB), Problem.UNREADABLE, "a colour image"),
        (png(noise(0, 40, 40), 8, RGB), Problem.UNREADABLE, "a colour image"),
        (png(np.array([[0, 1]]), 1, PALETTE, greys([7, 99])), Problem.UNKNOWN_IDS, "(99)"),
        (png(np.array([[0, 40]]), 8), Problem.UNKNOWN_IDS, "(40)"),
        (png(np.array([[0, 300]]), 16), Problem.UNKNOWN_IDS, "(300)"),
        (png(np.full((2, 2, 2), 7), 16, GREY_ALPHA), Problem.UNREADABLE, "16 bits a channel"),
        (png(np.full((2, 2, 3), 7), 16, RGB), Problem.UNREADABLE, "16 bits a channel"),
    ],
)
def test_what_is_no_mask_is_named_in_one_line(
    tmp_path: Path, data: bytes, problem: Problem, message: str
) -> None:
    with pytest.raises(SampleError) as error:
        read(tmp_path, data)
    assert error.value.problem is problem
    assert message in str(error.value)
    assert "mask.png" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_float_picture_is_no_mask(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "mask.tif", np.zeros((4, 4), np.float32))
    with pytest.raises(SampleError, match="one class id per pixel"):
        read_mask(path, LABEL_IDS)
