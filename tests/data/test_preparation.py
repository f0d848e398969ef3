import errno
import shutil
import subprocess
import sys
from collections import namedtuple

import numpy as np
import pytest

from segcore.data.preparation import load_prepared, native_samples, prepare, preparing
from segcore.data.preparation.split_writer import GrowingFile
from segcore.data.sources import Problem, open_source
from segcore.errors import DataError, StorageError
from segcore.images import resize_image, resize_labels
from segcore.labels import IDS
from segcore.settings import ROOT
from segcore.system.parallel import in_order
from tests.factories.made_data import noise, write_picture


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(preparing, "CHUNK", 2)


def as_read(spec, split):
    source = open_source(spec)
    return [source.read(item) for item in source.items(split)]


def test_arrays_hold_what_the_source_holds(camvid):
    spec = f"camvid:{camvid}"
    prepared = prepare(spec, (24, 32))
    assert (prepared.dataset, prepared.size) == ("camvid", (24, 32))
    assert list(prepared.splits) == ["train", "val"]
    for name, split in prepared.splits.items():
        samples = as_read(spec, name)
        assert split.keys == [sample.key for sample in samples]
        assert split.sequences == [sample.sequence for sample in samples]
        assert np.array_equal(split.images, np.stack([sample.image for sample in samples]))
        assert np.array_equal(split.masks, np.stack([sample.mask for sample in samples]))
        assert isinstance(split.images, np.memmap)
        assert split.is_native
        assert split.health.is_healthy


def test_another_size_resizes_arrays_but_not_statistics(camvid):
    spec = f"camvid:{camvid}"
    split = prepare(spec, (12, 20), ["val"], mode="stretch").splits["val"]
    samples = as_read(spec, "val")
    assert np.array_equal(split.images[1], resize_image(samples[1].image, (12, 20)))
    assert np.array_equal(split.masks[1], resize_labels(samples[1].mask, (12, 20)))
    assert not split.is_native
    expected = [np.bincount(sample.mask.ravel(), minlength=34) for sample in samples]
    assert np.array_equal(split.statistics.counts, expected)


def test_default_size_and_splits_come_from_the_source(pairs):
    prepared = prepare(f"pairs:{pairs}")
    assert prepared.size == (256, 256)
    assert prepared.splits["val"].images.shape == (1, 256, 256, 3)


def test_a_test_split_without_masks_is_prepared_without(cityscapes):
    prepared = prepare(f"cityscapes:{cityscapes}", (16, 32))
    assert prepared.splits["test"].masks is None
    assert prepared.splits["test"].statistics.pixels.sum() == 0
    assert prepared.splits["train"].masks.shape == (4, 16, 32)
    assert prepared.splits["train"].statistics.no_label.sum() > 0


def test_a_size_without_pixels_is_refused(camvid):
    with pytest.raises(DataError, match="0x0"):
        prepare(f"camvid:{camvid}", (0, 0))


def test_load_prepared_never_builds(camvid, artifacts):
    spec = f"camvid:{camvid}"
    assert load_prepared(spec) is None
    assert not artifacts.exists()
    prepared = prepare(spec, splits=["train"])
    loaded = load_prepared(spec)
    assert list(loaded.splits) == ["train"]
    assert loaded.fingerprint == prepared.fingerprint != prepare(spec).fingerprint
    assert load_prepared(spec, (12, 16)) is None


def test_a_finished_cache_is_not_built_again(camvid, monkeypatch):
    spec = f"camvid:{camvid}"
    prepare(spec)
    monkeypatch.setattr(preparing, "_process", None)
    calls = []
    prepare(spec, progress=lambda *call: calls.append(call))
    assert calls == [("train", 6, 6), ("val", 3, 3)]


def test_progress_counts_items_to_the_end(camvid):
    calls = []
    prepare(f"camvid:{camvid}", splits=["train"], progress=lambda *call: calls.append(call))
    assert calls == [("train", 2, 6), ("train", 4, 6), ("train", 6, 6)]


def test_changed_content_replaces_the_cache_of_that_split_only(camvid):
    spec = f"camvid:{camvid}"
    folder = prepare(spec).path
    before = set(folder.glob("*-*"))
    write_picture(camvid / "valannot" / "film0_000.png", np.full((24, 32), 8, np.uint8))
    assert list(load_prepared(spec).splits) == ["train"]
    mask = prepare(spec).splits["val"].masks[0]
    assert mask.shape == (360, 480)
    assert (mask == IDS["car"]).all()
    after = set(folder.glob("*-*"))
    assert len(after) == len(before) == 2
    assert {path.name for path in before & after} == {
        path.name for path in before if path.name.startswith("train")
    }


def test_two_directories_of_one_kind_keep_their_caches(camvid, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(camvid, other)
    (other / "val" / "film0_000.png").unlink()
    prepare(f"camvid:{camvid}")
    prepare(f"camvid:{other}")
    assert len(load_prepared(f"camvid:{camvid}").splits["val"].keys) == 3
    assert len(load_prepared(f"camvid:{other}").splits["val"].keys) == 2


def test_bad_samples_are_reported_by_name_and_left_out(camvid):
    (camvid / "trainannot" / "film0_000.png").unlink()
    (camvid / "train" / "film1_001.png").unlink()
    broken = camvid / "train" / "film0_002.png"
    broken.write_bytes(broken.read_bytes()[:200])
    write_picture(camvid / "trainannot" / "film1_003.png", np.full((24, 32), 99, np.uint8))
    write_picture(camvid / "trainannot" / "film0_004.png", np.zeros((8, 8), np.uint8))
    spec = f"camvid:{camvid}"
    split = prepare(spec, (24, 32), ["train"]).splits["train"]
    assert split.keys == ["film1_005"]
    assert np.array_equal(split.images[0], noise(5, 24, 32))
    assert (split.health.checked, split.health.used) == (6, 1)
    named = {
        problem: [f.key for f in found] for problem, found in split.health.by_problem().items()
    }
    assert named == {
        Problem.NO_MASK: ["film0_000"],
        Problem.NO_IMAGE: ["film1_001"],
        Problem.UNREADABLE: ["film0_002"],
        Problem.UNKNOWN_IDS: ["film1_003"],
        Problem.SIZE_MISMATCH: ["film0_004"],
    }
    for finding in split.health.findings:
        assert finding.key in finding.message
        assert "\n" not in finding.message
    assert load_prepared(spec, (24, 32)).splits["train"].health == split.health


def test_nothing_left_is_an_error_that_leaves_no_cache(camvid):
    spec = f"camvid:{camvid}"
    shutil.rmtree(camvid / "valannot")
    with pytest.raises(DataError, match=r"val split .*film0_000\.png has no mask"):
        prepare(spec, splits=["val"])
    assert load_prepared(spec) is None
    with pytest.raises(DataError, match="no test split"):
        prepare(spec, splits=["test"])


def interrupt(split, done, total):
    raise KeyboardInterrupt


def test_an_interrupted_preparation_goes_on_where_it_stopped(camvid, monkeypatch):
    spec = f"camvid:{camvid}"
    bad = camvid / "train" / "film1_001.png"
    bad.write_bytes(b"no image")
    with pytest.raises(KeyboardInterrupt):
        prepare(spec, (24, 32), ["train"], progress=interrupt)
    assert load_prepared(spec, (24, 32)) is None

    processed = []
    process = preparing._process_item

    def remember(source, item, *rest):
        processed.append(item.key)
        return process(source, item, *rest)

    monkeypatch.setattr(preparing, "_process_item", remember)
    split = prepare(spec, (24, 32), ["train"]).splits["train"]
    every_key = [item.key for item in open_source(spec).items("train")]
    assert sorted(processed) == sorted(every_key[2:])
    assert split.keys == [key for key in every_key if key != "film1_001"]
    assert [finding.key for finding in split.health.findings] == ["film1_001"]

    monkeypatch.undo()
    monkeypatch.setenv("SEGCORE_ARTIFACTS", str(camvid / "elsewhere"))
    at_once = prepare(spec, (24, 32), ["train"]).splits["train"]
    assert np.array_equal(split.images, at_once.images)
    assert np.array_equal(split.masks, at_once.masks)
    assert np.array_equal(split.statistics.counts, at_once.statistics.counts)
    assert np.allclose(split.statistics.location, at_once.statistics.location)


def test_a_half_written_chunk_is_written_again(camvid, artifacts):
    spec = f"camvid:{camvid}"
    with pytest.raises(KeyboardInterrupt):
        prepare(spec, (24, 32), ["train"], progress=interrupt)
    (images,) = artifacts.glob("prepared/*/*/images.npy")
    with images.open("ab") as file:
        file.write(b"half an image")
    split = prepare(spec, (24, 32), ["train"]).splits["train"]
    assert np.array_equal(split.images[2], as_read(spec, "train")[2].image)


@pytest.mark.parametrize("damaged", ["images.npy", "progress.npz"])
def test_progress_that_does_not_fit_its_files_begins_anew(camvid, artifacts, damaged):
    spec = f"camvid:{camvid}"
    with pytest.raises(KeyboardInterrupt):
        prepare(spec, (24, 32), ["train"], progress=interrupt)
    (path,) = artifacts.glob(f"prepared/*/*/{damaged}")
    path.write_bytes(path.read_bytes()[:300])
    split = prepare(spec, (24, 32), ["train"]).splits["train"]
    assert np.array_equal(
        split.images, np.stack([sample.image for sample in as_read(spec, "train")])
    )


@pytest.mark.parametrize("damaged", ["images.npy", "masks.npy", "statistics.npz", "manifest.json"])
def test_a_damaged_cache_is_refused_and_built_again(camvid, damaged):
    spec = f"camvid:{camvid}"
    (folder,) = prepare(spec, (24, 32), ["val"]).path.glob("val-*")
    data = (folder / damaged).read_bytes()
    (folder / damaged).write_bytes(data[: len(data) // 2])
    assert load_prepared(spec, (24, 32)) is None
    split = prepare(spec, (24, 32), ["val"]).splits["val"]
    assert np.array_equal(split.images, np.stack([sample.image for sample in as_read(spec, "val")]))
    assert len(split.statistics.counts) == 3


def test_a_damaged_header_is_no_defect(camvid):
    """NumPy reads it as Python."""
    spec = f"camvid:{camvid}"
    (folder,) = prepare(spec, (24, 32), ["val"]).path.glob("val-*")
    path = folder / "images.npy"
    path.write_bytes(path.read_bytes().replace(b"), }", b",sn}"))
    assert load_prepared(spec, (24, 32)) is None


def fill_disk(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_leaves_the_old_cache_and_nothing_half(camvid, monkeypatch):
    spec = f"camvid:{camvid}"
    folder = prepare(spec, (24, 32), ["val"]).path
    (old,) = folder.glob("val-*")
    write_picture(camvid / "val" / "film0_000.png", noise(9, 24, 32))
    monkeypatch.setattr(GrowingFile, "sync", fill_disk)
    with pytest.raises(StorageError, match="No space left on device") as error:
        prepare(spec, (24, 32), ["val"])
    assert "\n" not in str(error.value)
    assert list(folder.glob("val-*")) == [old]
    assert np.load(old / "images.npy", mmap_mode="r").shape == (3, 24, 32, 3)


def test_too_little_room_is_said_before_the_work(camvid, monkeypatch):
    usage = namedtuple("usage", "free")(free=1000)
    monkeypatch.setattr(preparing.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(StorageError, match="make room"):
        prepare(f"camvid:{camvid}", splits=["val"])


def test_artifacts_that_cannot_be_written_are_named(camvid, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SEGCORE_ARTIFACTS", str(tmp_path / "file"))
    with pytest.raises(StorageError, match="SEGCORE_ARTIFACTS"):
        prepare(f"camvid:{camvid}", splits=["val"])


def test_several_threads_give_what_one_gives(camvid, monkeypatch):
    spec = f"camvid:{camvid}"
    alone = prepare(spec, (24, 32), ["train"], workers=1).splits["train"]
    monkeypatch.setenv("SEGCORE_ARTIFACTS", str(camvid / "elsewhere"))
    together = prepare(spec, (24, 32), ["train"], workers=2).splits["train"]
    assert together.keys == alone.keys
    assert np.array_equal(together.images, alone.images)
    assert np.array_equal(together.masks, alone.masks)


def test_processes_give_their_results_in_order():
    assert list(in_order(abs, range(-20, 0), workers=2)) == list(range(20, 0, -1))


def test_native_samples_do_not_depend_on_the_cache(cityscapes):
    spec = f"cityscapes:{cityscapes}"
    from_source = native_samples(spec, "train")
    prepare(spec, (16, 32))
    from_source_again = native_samples(spec, "train")
    prepare(spec, (32, 64))
    from_arrays = native_samples(spec, "train")
    assert len(from_source) == len(from_source_again) == len(from_arrays) == 4
    assert from_source.keys == from_arrays.keys
    assert from_arrays.sequences == ["aachen", "aachen", "bochum", "bochum"]
    for index in range(4):
        a, b = from_source[index], from_arrays[index]
        assert (a.key, a.sequence) == (b.key, b.sequence)
        assert np.array_equal(a.image, b.image)
        assert np.array_equal(a.mask, b.mask)
    shutil.rmtree(cityscapes / "gtFine")
    assert native_samples(spec, "test")[0].mask is None


def test_native_samples_leave_out_what_has_no_partner(camvid):
    (camvid / "valannot" / "film0_000.png").unlink()
    assert native_samples(f"camvid:{camvid}", "val").keys == ["film0_002", "film1_001"]


def test_native_samples_leave_out_what_a_preparation_found_broken(camvid):
    spec = f"camvid:{camvid}"
    (camvid / "val" / "film0_000.png").write_bytes(b"no image")
    with pytest.raises(DataError, match="film0_000"):
        native_samples(spec, "val")[0]
    prepare(spec, (12, 16), ["val"])
    assert native_samples(spec, "val").keys == ["film0_002", "film1_001"]


def test_the_data_modules_do_not_load_tensorflow():
    code = "import sys, segcore.data.preparation; print('tensorflow' in sys.modules)"
    output = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert output.stdout.strip() == "False"
