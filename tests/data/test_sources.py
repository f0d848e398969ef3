import os

import numpy as np
import pytest
from PIL import Image

from segcore.data.sources import (
    Problem,
    SampleError,
    has_masks,
    listed_specs,
    open_source,
    recognise,
)
from segcore.data.sources.pairs import is_drawn, nearest_labels
from segcore.errors import DataError
from segcore.labels import CITYSCAPES, IDS
from tests.factories.made_data import id_mask, noise, write_picture


def test_camvid_splits_items_and_sequences(camvid):
    source = open_source(f"camvid:{camvid}")
    assert (source.name, source.default_size) == ("camvid", (360, 480))
    assert source.splits == ("train", "val")
    items = source.items("train")
    assert [item.key for item in items] == sorted(item.key for item in items)
    assert {item.sequence for item in items} == {"film0", "film1"}
    assert has_masks(source, "val")


def test_camvid_ids_are_mapped_by_name(camvid):
    names = "sky building pole road pavement tree sign fence car pedestrian bicyclist unlabelled"
    ours = {
        "pavement": "sidewalk",
        "tree": "vegetation",
        "sign": "traffic sign",
        "pedestrian": "person",
        "bicyclist": "rider",
        "unlabelled": "unlabeled",
    }
    every_id = np.arange(12, dtype=np.uint8).reshape(1, 12).repeat(4, 0)
    write_picture(camvid / "train" / "one_1.png", noise(0, 4, 12))
    write_picture(camvid / "trainannot" / "one_1.png", every_id)
    source = open_source(f"camvid:{camvid}")
    sample = source.read(next(i for i in source.items("train") if i.key == "one_1"))
    assert sample.mask[0].tolist() == [IDS[ours.get(name, name)] for name in names.split()]
    assert sample.image.shape == (4, 12, 3)


def test_a_palette_mask_is_read_by_index(camvid):
    mask = Image.fromarray(np.full((24, 32), 3, np.uint8)).convert("P")
    mask.putpalette([200, 10, 10] * 256)
    mask.save(camvid / "valannot" / "film0_000.png")
    source = open_source(f"camvid:{camvid}")
    assert (source.read(source.items("val")[0]).mask == IDS["road"]).all()


def test_spec_is_absolute_and_opens_the_same_source(camvid, monkeypatch):
    monkeypatch.chdir(camvid.parent)
    source = open_source("camvid:camvid")
    assert source.spec == f"camvid:{camvid.resolve()}"
    assert open_source(source.spec).fingerprint("val") == source.fingerprint("val")


def test_cityscapes_cities_are_sequences_and_test_has_no_masks(cityscapes):
    source = open_source(f"cityscapes:{cityscapes}")
    assert source.splits == ("train", "val", "test")
    items = source.items("train")
    assert items[0].key == "aachen_000000_000019"
    assert {item.sequence for item in items} == {"aachen", "bochum"}
    sample = source.read(items[0])
    expected = id_mask(0, 32, 64, [7, 11, 21, 23, 26, 255])
    assert np.array_equal(sample.mask, expected)
    assert has_masks(source, "train")
    assert not has_masks(source, "test")
    assert source.read(source.items("test")[0]).mask is None


def test_cityscapes_archives_unpacked_side_by_side(cityscapes, tmp_path):
    expected = {split: keys_of(cityscapes, split) for split in ("train", "val", "test")}
    beside = tmp_path / "unpacked"
    for folder in ("leftImg8bit", "gtFine"):
        (beside / f"{folder}_trainvaltest").mkdir(parents=True)
        (cityscapes / folder).rename(beside / f"{folder}_trainvaltest" / folder)
    assert recognise(beside) == f"cityscapes:{beside}"
    assert {split: keys_of(beside, split) for split in expected} == expected
    source = open_source(f"cityscapes:{beside}")
    assert all(source.read(item).mask is not None for item in source.items("val"))


def test_one_archive_in_place_the_other_in_its_folder(cityscapes):
    expected = keys_of(cityscapes, "val")
    (cityscapes / "gtFine_trainvaltest").mkdir()
    (cityscapes / "gtFine").rename(cityscapes / "gtFine_trainvaltest" / "gtFine")
    assert keys_of(cityscapes, "val") == expected


def test_a_folder_around_a_whole_data_set_is_not_the_data_set(cityscapes):
    with pytest.raises(DataError, match=f"use cityscapes:{cityscapes}"):
        open_source(f"cityscapes:{cityscapes.parent}")
    assert recognise(cityscapes.parent) == f"cityscapes:{cityscapes}"


def keys_of(folder, split):
    items = open_source(f"cityscapes:{folder}").items(split)
    return [(item.key, item.sequence, item.mask is not None) for item in items]


def test_cityscapes_train_ids_are_known_by_their_name(cityscapes):
    for path in sorted(cityscapes.glob("gtFine/*/*/*_labelIds.png")):
        labels = np.asarray(Image.open(path))
        if "val" in path.parts:
            path.unlink()
        train_ids = np.full(256, 255, np.uint8)
        train_ids[list(CITYSCAPES.evaluated_ids)] = range(19)
        write_picture(path.with_name(path.name.replace("Ids", "TrainIds")), train_ids[labels])
    source = open_source(f"cityscapes:{cityscapes}")
    for split in ("train", "val"):  # label ids where there are both
        mask = source.read(source.items(split)[0]).mask
        assert np.array_equal(mask, id_mask(0, 32, 64, [7, 11, 21, 23, 26, 255]))


def test_pairs_split_the_picture_in_image_and_mask(pairs):
    source = open_source(f"pairs:{pairs}")
    assert source.splits == ("train", "val")
    sample = source.read(source.items("val")[0])
    assert sample.image.shape == (256, 256, 3)
    truth = np.full((256, 256), 7, np.uint8)
    truth[:100] = 23
    truth[100:180, :128] = 11
    assert (sample.mask == truth).mean() > 0.98  # only seams of JPEG's blocks may differ


def test_nearest_labels_equals_a_search_through_all_labels():
    colors = noise(3, 40, 50).reshape(-1, 3)
    ids = nearest_labels(colors)
    for color, found in zip(colors.astype(int), ids, strict=True):
        distance = [((color - label.color) ** 2).sum() for label in CITYSCAPES.labels]
        nearest = [label for label in CITYSCAPES.labels if distance[label.id] == min(distance)]
        best = [label for label in nearest if label.is_scored] or nearest
        assert found == best[0].id


def test_shared_colours_go_to_the_evaluated_class():
    ids = nearest_labels(CITYSCAPES.colorize(np.array([0, 3, 17, 18, 26], np.uint8)))
    assert ids.tolist() == [0, 0, 17, 17, 26]


@pytest.mark.parametrize(
    ("text", "specs"),
    [
        ("camvid:/My Drive/CamVid", ["camvid:/My Drive/CamVid"]),
        ("camvid:/a b/c pairs:/d  e", ["camvid:/a b/c", "pairs:/d  e"]),
        (" folders:/my data\ncityscapes:/x ", ["folders:/my data", "cityscapes:/x"]),
        ("camvid:/15:30 walk", ["camvid:/15:30 walk"]),
        ("", []),
    ],
)
def test_a_list_of_data_sets_is_cut_only_before_the_name_of_one(text, specs):
    assert listed_specs(text) == specs


@pytest.mark.parametrize("spec", ["", "camvid", "camvid:", "kitti:/data", "streets:/data"])
def test_a_bad_spec_names_the_good_ones(spec):
    with pytest.raises(DataError, match="camvid:DIR"):
        open_source(spec)


def test_a_missing_an_empty_and_a_wrong_directory(tmp_path, camvid, cityscapes, pairs):
    with pytest.raises(DataError, match=r"nowhere does not exist"):
        open_source(f"camvid:{tmp_path / 'nowhere'}")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="is empty"):
        open_source(f"pairs:{tmp_path / 'empty'}")
    with pytest.raises(DataError, match="is a file"):
        open_source(f"camvid:{camvid / 'train' / 'film0_000.png'}")
    with pytest.raises(DataError, match=f"use cityscapes:{cityscapes}"):
        open_source(f"camvid:{cityscapes}")
    with pytest.raises(DataError, match=f"use camvid:{camvid}"):
        open_source(f"pairs:{camvid}")
    with pytest.raises(DataError, match=f"use pairs:{pairs}"):
        open_source(f"cityscapes:{pairs}")


def test_a_folder_too_high_is_pointed_at_the_data_set(tmp_path, camvid):
    with pytest.raises(DataError, match=f"use camvid:{camvid}"):
        open_source(f"camvid:{tmp_path}")


def test_an_unknown_layout_says_what_is_expected(tmp_path):
    write_picture(tmp_path / "photos" / "a.png", noise(0, 8, 8))
    with pytest.raises(DataError, match="SPLITannot"):
        open_source(f"camvid:{tmp_path / 'photos'}")


def test_a_layout_without_pictures_is_refused(tmp_path):
    (tmp_path / "set" / "train").mkdir(parents=True)
    (tmp_path / "set" / "trainannot").mkdir()
    with pytest.raises(DataError, match="holds no images"):
        open_source(f"camvid:{tmp_path / 'set'}")


def test_a_missing_split_names_those_that_are_there(camvid):
    with pytest.raises(DataError, match="no test split: it has train, val"):
        open_source(f"camvid:{camvid}").items("test")


def test_files_without_partner_stay_visible(camvid):
    (camvid / "trainannot" / "film0_000.png").unlink()
    (camvid / "train" / "film1_001.png").unlink()
    items = {item.key: item for item in open_source(f"camvid:{camvid}").items("train")}
    assert items["film0_000"].mask is None
    assert items["film1_001"].image is None


def truncate(path):
    path.write_bytes(path.read_bytes()[:60])


@pytest.mark.parametrize(
    ("folder", "damage", "problem"),
    [
        ("val", truncate, Problem.UNREADABLE),
        ("valannot", truncate, Problem.UNREADABLE),
        ("valannot", lambda p: p.write_text("no image"), Problem.UNREADABLE),
        ("valannot", lambda p: write_picture(p, noise(0, 24, 32)), Problem.UNREADABLE),
        (
            "valannot",
            lambda p: write_picture(p, np.full((24, 32), 12, np.uint8)),
            Problem.UNKNOWN_IDS,
        ),
        (
            "valannot",
            lambda p: write_picture(p, np.full((24, 32), 300, np.uint16)),
            Problem.UNKNOWN_IDS,
        ),
        (
            "valannot",
            lambda p: write_picture(p, np.zeros((12, 16), np.uint8)),
            Problem.SIZE_MISMATCH,
        ),
    ],
)
def test_a_bad_file_is_named_in_one_line(camvid, folder, damage, problem):
    damage(camvid / folder / "film0_000.png")
    source = open_source(f"camvid:{camvid}")
    with pytest.raises(SampleError) as error:
        source.read(source.items("val")[0])
    assert error.value.problem is problem
    assert str(camvid / folder / "film0_000.png") in str(error.value)
    assert "\n" not in str(error.value)


def test_a_single_picture_among_pairs_is_named(pairs):
    write_picture(pairs / "val" / "single.jpg", noise(0, 40, 60))
    source = open_source(f"pairs:{pairs}")
    with pytest.raises(SampleError, match=r"single\.jpg is 60x40"):
        source.read(source.items("val")[1])


@pytest.mark.parametrize(
    ("halves", "message"),
    [
        ((CITYSCAPES.colorize(id_mask(1, 256, 256, [7, 23])), noise(1, 256, 256)), "swap them"),
        ((noise(1, 256, 256), noise(2, 256, 256)), "its right half is no mask"),
        (
            [CITYSCAPES.colorize(np.repeat([[7], [23]], 128, 0).repeat(256, 1))] * 2,
            "both of its halves are masks",
        ),
    ],
)
def test_pairs_with_halves_that_do_not_fit_are_told(pairs, halves, message):
    write_picture(pairs / "val" / "4.jpg", np.hstack(halves), quality=90)
    source = open_source(f"pairs:{pairs}")
    with pytest.raises(SampleError, match=rf"4\.jpg: .*{message}") as error:
        source.read(source.items("val")[1])
    assert error.value.problem is Problem.NO_CLASSES


def test_a_dark_street_is_no_mask():
    assert not is_drawn(noise(1, 64, 64) // 16)
    half_lit = noise(1, 64, 64)
    half_lit[:30] = 0
    assert not is_drawn(half_lit)


def test_the_fingerprint_follows_content_split_by_split(camvid):
    source = open_source(f"camvid:{camvid}")
    before = {split: source.fingerprint(split) for split in source.splits}
    path = camvid / "trainannot" / "film0_000.png"
    path.touch()
    os.utime(path, ns=(1, 1))
    assert source.fingerprint("train") == before["train"]  # a source looks at its files once
    again = open_source(f"camvid:{camvid}")
    assert again.fingerprint("train") != before["train"]
    assert again.fingerprint("val") == before["val"]


def test_hidden_files_are_no_samples(camvid):
    (camvid / "train" / "._film0_000.png").write_bytes(b"resource fork")
    assert len(open_source(f"camvid:{camvid}").items("train")) == 6


def test_a_layout_is_found_out_by_looking(camvid, cityscapes, pairs, tmp_path):
    for name, folder in (("camvid", camvid), ("cityscapes", cityscapes), ("pairs", pairs)):
        assert recognise(folder) == f"{name}:{folder}"
    wrapped = tmp_path / "unpacked"
    wrapped.mkdir()
    (wrapped / "readme.txt").write_text("see inside")
    camvid.rename(wrapped / "CamVid")
    assert recognise(wrapped) == f"camvid:{wrapped / 'CamVid'}"
    with pytest.raises(DataError, match="has none of the layouts that are known: cityscapes DIR"):
        recognise(pairs / "train")
    with pytest.raises(DataError, match="is a file, not a directory"):
        recognise(wrapped / "readme.txt")
