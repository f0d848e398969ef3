"""Anybody's own folder: each layout and kind of mask is read right, or one sentence names the file.

Every test writes the same two classes of a picture: left half 0, right half 1.
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segcore.data.counts import count_mask
from segcore.data.sources import SampleError, first_look, open_source, recognise
from segcore.data.sources.folders import FoldersSource
from segcore.errors import DataError
from segcore.labels import NO_LABEL
from tests.factories.made_data import noise, write_picture

HEIGHT, WIDTH = 24, 32
HALVES = np.repeat([[0, 1]], HEIGHT, axis=0).repeat(WIDTH // 2, axis=1).astype(np.uint8)
RED, GREEN = (200, 30, 40), (20, 160, 60)
COLORS = np.array([RED, GREEN], np.uint8)


def write(path: Path, array: np.ndarray, **options: object) -> Path:
    return write_picture(path, array, **options)


def write_classes(root: Path, **more: object) -> None:
    classes = [
        {"id": 0, "name": "leaf", "color": "#c81e28"},
        {"id": 1, "name": "soil", "color": "#14a03c"},
    ]
    root.mkdir(parents=True, exist_ok=True)
    (root / "classes.json").write_text(json.dumps({"classes": classes, **more}))


def write_pair(root: Path, mask: np.ndarray, name: str = "a") -> None:
    """A pair of the train split, and one of val."""
    for split in ("train", "val"):
        write(root / split / "images" / f"{name}.png", noise(1, HEIGHT, WIDTH))
        write(root / split / "masks" / f"{name}.png", mask)


def opened(root: Path) -> FoldersSource:
    source = open_source(f"folders:{root}")
    assert isinstance(source, FoldersSource)
    return source


def only_mask(root: Path, split: str = "train") -> np.ndarray:
    """The mask of the only pair of the split, as it is read."""
    source = opened(root)
    (item,) = source.items(split)
    mask = source.read(item).mask
    assert mask is not None
    assert (source.read_mask(item) == mask).all()
    return mask


# --- what masks hold ---------------------------------------------------------------------------


def palette_image(indices: np.ndarray, colors: list[tuple[int, int, int]]) -> Image.Image:
    image = Image.fromarray(indices, "P")
    image.putpalette([channel for color in colors for channel in color])
    return image


def ids(path: Path) -> None:
    Image.fromarray(HALVES).save(path)


def sixteen_bits(path: Path) -> None:
    Image.fromarray(HALVES.astype(np.uint16)).save(path)


def palette(path: Path) -> None:
    palette_image(HALVES, [RED, GREEN]).save(path)


def palette_of_another_order(path: Path) -> None:
    palette_image(1 - HALVES, [GREEN, RED]).save(path)


def rgb(path: Path) -> None:
    Image.fromarray(COLORS[HALVES]).save(path)


def rgba(path: Path) -> None:
    opaque = np.full((HEIGHT, WIDTH, 1), 255, np.uint8)
    Image.fromarray(np.concatenate([COLORS[HALVES], opaque], axis=2)).save(path)


def grey_as_rgb(path: Path) -> None:
    Image.fromarray(np.repeat(HALVES[..., None], 3, axis=2)).save(path)


@pytest.mark.parametrize(
    "save",
    [ids, sixteen_bits, palette, palette_of_another_order, rgb, rgba, grey_as_rgb],
    ids=lambda save: save.__name__,
)
def test_named_classes_are_found_in_masks_of_every_kind(tmp_path: Path, save) -> None:
    write_pair(tmp_path, HALVES)
    write_classes(tmp_path)
    save(tmp_path / "train" / "masks" / "a.png")
    np.testing.assert_array_equal(only_mask(tmp_path), HALVES)
    space = opened(tmp_path).label_space
    assert space.names == ("leaf", "soil")
    assert [label.color for label in space.labels] == [RED, GREEN]
    assert space.policy.endswith("-2") and not space.categories


def test_values_to_ignore_and_classes_that_are_not_scored(tmp_path: Path) -> None:
    mask = HALVES.copy()
    mask[:4] = 9
    write_pair(tmp_path, mask)
    classes = [{"id": 0, "name": "leaf"}, {"id": 1, "name": "other", "scored": False}]
    (tmp_path / "classes.json").write_text(json.dumps({"classes": classes, "ignore": [9]}))
    read = only_mask(tmp_path)
    assert (read[:4] == NO_LABEL).all() and (read[4:] == HALVES[4:]).all()
    space = opened(tmp_path).label_space
    assert space.evaluated_ids == (0,)
    assert len({label.hex_color for label in space.labels}) == 2  # made, as none was given


@pytest.mark.parametrize("ending", [".png", ".jpg"])
def test_black_and_white_is_two_classes(tmp_path: Path, ending: str) -> None:
    write_pair(tmp_path, HALVES * 255)
    if ending == ".jpg":
        for split in ("train", "val"):
            (tmp_path / split / "masks" / "a.png").unlink()
            write(tmp_path / split / "masks" / "a.jpg", HALVES * 255)
    np.testing.assert_array_equal(only_mask(tmp_path), HALVES)
    assert opened(tmp_path).label_space.names == ("background", "foreground")


def test_jpeg_masks_get_the_nearest_class_and_it_is_said(tmp_path: Path) -> None:
    write_pair(tmp_path, HALVES)
    write_classes(tmp_path)
    (tmp_path / "train" / "masks" / "a.png").unlink()
    write(tmp_path / "train" / "masks" / "a.jpg", COLORS[HALVES], quality=70)
    np.testing.assert_array_equal(only_mask(tmp_path), HALVES)
    assert any("JPEG" in note for note in opened(tmp_path).notes)


def test_classes_without_names_are_found_by_looking(tmp_path: Path) -> None:
    write_pair(tmp_path, HALVES * 3 + 2)
    np.testing.assert_array_equal(only_mask(tmp_path), HALVES * 3 + 2)
    space = opened(tmp_path).label_space
    assert [label.name for label in space.labels] == ["class 2", "class 5"]
    assert space.num_classes == 6
    look = first_look(opened(tmp_path))
    assert look is not None and not look.doubts
    assert "found by looking at 2 masks" in look.in_words()
    assert "class 5 50.0%" in look.in_words()


def test_colours_without_names_are_classes(tmp_path: Path) -> None:
    write_pair(tmp_path, COLORS[HALVES])
    space = opened(tmp_path).label_space
    assert {label.color for label in space.labels} == {RED, GREEN}
    read = only_mask(tmp_path)
    np.testing.assert_array_equal(space.colorize(read), COLORS[HALVES])


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("label_colors.txt", "200 30 40\tLeaf\n20 160 60\tSoil\n0 0 0 Void\n"),
        ("labelmap.txt", "# label:color:parts:actions\nLeaf:200,30,40::\nSoil:20,160,60::\n"),
    ],
)
def test_lists_of_colours_of_other_tools(tmp_path: Path, name: str, lines: str) -> None:
    write_pair(tmp_path, COLORS[HALVES])
    (tmp_path / name).write_text(lines)
    np.testing.assert_array_equal(only_mask(tmp_path), HALVES)
    space = opened(tmp_path).label_space
    assert space.names[:2] == ("Leaf", "Soil") and space.evaluated_ids == (0, 1)


def test_150_classes(tmp_path: Path) -> None:
    mask = (np.arange(HEIGHT * WIDTH) % 150).reshape(HEIGHT, WIDTH).astype(np.uint8)
    write_pair(tmp_path, mask)
    space = opened(tmp_path).label_space
    assert space.num_classes == 150
    assert len({label.color for label in space.labels}) == 150
    counted = count_mask(only_mask(tmp_path), space)
    np.testing.assert_array_equal(counted.pixels, np.bincount(mask.ravel(), minlength=150))


# --- where files lie ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        ("train/images/a.jpg", "train/masks/a.png"),
        ("train/images/a.JPG", "train/masks/a_mask.PNG"),
        ("train/images/a.jpg", "train/masks/a-seg.png"),
        ("train/images/a.jpg", "train/masks/a_gt.png"),
        ("train/images/a_leftImg8bit.png", "train/masks/a_gtFine_labelIds.png"),
        ("train/images/sub/deep/a.jpg", "train/masks/sub/deep/a.png"),
        ("train/images/sub/a.jpg", "train/masks/a.png"),
        ("training/Images/Straße im Süden 1.jpg", "training/Labels/Straße im Süden 1.png"),
        ("images/train/a.jpg", "annotations/train/a.png"),
        ("JPEGImages/a.jpg", "SegmentationClass/a.png"),
    ],
)
def test_pairs_are_found(tmp_path: Path, image: str, mask: str) -> None:
    for name in (image, image.replace("a.", "b.").replace("a_", "b_").replace(" 1.", " 2.")):
        write(tmp_path / name, noise(1, HEIGHT, WIDTH))
    for name in (mask, mask.replace("/a", "/b").replace(" 1.", " 2.")):
        write(tmp_path / name, HALVES)
    for junk in (".DS_Store", "Thumbs.db", "__MACOSX/._a.jpg"):
        path = (tmp_path / image).parent / junk
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"junk")
    source = opened(tmp_path)
    assert recognise(tmp_path) == source.spec
    found = [item for split in source.splits for item in source.items(split)]
    assert len(found) == 2
    for item in found:
        sample = source.read(item)
        assert sample.mask is not None
        np.testing.assert_array_equal(sample.mask, HALVES)


def test_without_splits_a_fifth_is_validated_on_always_the_same(tmp_path: Path) -> None:
    for number in range(40):
        write(tmp_path / "images" / f"{number}.png", noise(number, 8, 8))
        write(tmp_path / "masks" / f"{number}.png", HALVES[:8, 12:20])
    source = opened(tmp_path)
    val = {item.key for item in source.items("val")}
    train = {item.key for item in source.items("train")}
    assert not val & train and len(val | train) == 40
    assert 3 <= len(val) <= 16
    assert any("No val" in note for note in source.notes)
    write(tmp_path / "images" / "more.png", noise(1, 8, 8))
    write(tmp_path / "masks" / "more.png", HALVES[:8, 12:20])
    assert {item.key for item in opened(tmp_path).items("val")} - {"more"} == val


@pytest.mark.parametrize("factor", [2, 0.5])
def test_images_of_another_size_than_their_masks(tmp_path: Path, factor: float) -> None:
    write_pair(tmp_path, HALVES)
    size = int(HEIGHT * factor), int(WIDTH * factor)
    write(tmp_path / "train" / "images" / "a.png", noise(1, *size))
    np.testing.assert_array_equal(only_mask(tmp_path), HALVES)
    source = opened(tmp_path)
    assert source.read(source.items("train")[0]).image.shape == (HEIGHT, WIDTH, 3)


def test_links_and_a_read_only_disk(tmp_path: Path) -> None:
    write_pair(tmp_path / "real", HALVES)
    (tmp_path / "linked").mkdir()
    os.symlink(tmp_path / "real" / "train", tmp_path / "linked" / "train")
    os.symlink(tmp_path / "real" / "val", tmp_path / "linked" / "val")
    os.symlink(tmp_path / "real" / "train" / "images", tmp_path / "real/train/images/back")
    np.testing.assert_array_equal(only_mask(tmp_path / "linked"), HALVES)


# --- what is wrong is said in one line that names the file -------------------------------------


def unknown_id(root: Path) -> str:
    write_classes(root)
    write(root / "train" / "masks" / "a.png", HALVES + 7)
    return "a.png"


def unknown_colour(root: Path) -> str:
    write_classes(root)
    write(root / "train" / "masks" / "a.png", np.full((HEIGHT, WIDTH, 3), (1, 2, 3), np.uint8))
    return "a.png"


def other_proportions(root: Path) -> str:
    write(root / "train" / "images" / "a.png", noise(1, HEIGHT, HEIGHT))
    return "a.png"


def damaged_mask(root: Path) -> str:
    write_classes(root)
    path = root / "train" / "masks" / "a.png"
    path.write_bytes(path.read_bytes()[:60])
    return "a.png"


def photograph_as_mask(root: Path) -> str:
    write(root / "train" / "masks" / "a.png", noise(1, HEIGHT, WIDTH))
    return "a.png"


def two_masks(root: Path) -> str:
    write(root / "train" / "masks" / "a_mask.png", HALVES)
    return "a_mask.png"


def damaged_list(root: Path) -> str:
    (root / "classes.json").write_text('{"classes": [{"id": 300, "name": "leaf"}]}')
    return "classes.json"


def one_name_twice(root: Path) -> str:
    (root / "classes.json").write_text(
        '{"classes": [{"id": 0, "name": "leaf"}, {"id": 1, "name": "leaf"}]}'
    )
    return "classes.json"


@pytest.mark.parametrize(
    "spoil",
    [
        unknown_id,
        unknown_colour,
        other_proportions,
        damaged_mask,
        photograph_as_mask,
        two_masks,
        damaged_list,
        one_name_twice,
    ],
    ids=lambda spoil: spoil.__name__,
)
def test_what_is_wrong_is_said_in_a_line_that_names_the_file(tmp_path: Path, spoil) -> None:
    write_pair(tmp_path, HALVES)
    name = spoil(tmp_path)
    with pytest.raises((SampleError, DataError), match=name) as told:
        only_mask(tmp_path)
    assert "\n" not in str(told.value)
    assert str(tmp_path) in str(told.value)


def test_other_names_of_the_classes_are_other_data(tmp_path: Path) -> None:
    write_pair(tmp_path, HALVES)
    write_classes(tmp_path)
    before = opened(tmp_path).fingerprint("train")
    write_classes(tmp_path, ignore=[1])
    assert opened(tmp_path).fingerprint("train") != before
