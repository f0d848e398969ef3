"""Statistics from the masks alone."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from segcore.data.counts import RunningCounts, SplitStatistics, count_mask
from segcore.data.preparation import counting, prepare, prepared_folders, remove_prepared
from segcore.data.preparation.counting import count_split, stored_counts
from segcore.data.sources import open_source
from segcore.errors import DataError
from segcore.labels import CITYSCAPES
from tests.factories.made_data import write_picture


def same(a: SplitStatistics, b: SplitStatistics) -> bool:
    return all(np.allclose(x, b.arrays()[name]) for name, x in a.arrays().items())


@pytest.mark.parametrize("kind", ["camvid", "cityscapes", "pairs"])
def test_counting_finds_what_a_preparation_finds(kind: str, request: pytest.FixtureRequest) -> None:
    spec = f"{kind}:{request.getfixturevalue(kind)}"
    counted = count_split(spec, "train")
    prepared = prepare(spec, splits=["train"]).splits["train"]
    assert (counted.keys, counted.sequences) == (prepared.keys, prepared.sequences)
    assert same(counted.statistics, prepared.statistics)


def test_what_was_counted_is_taken_from_the_store(
    camvid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = f"camvid:{camvid}"
    assert stored_counts(open_source(spec), "train") is None
    calls: list[tuple[int, int]] = []
    first = count_split(spec, "train", lambda *call: calls.append(call))
    assert calls[-1] == (6, 6)
    monkeypatch.setattr(counting, "_count", None)
    assert same(count_split(spec, "train").statistics, first.statistics)


def test_a_count_that_was_stopped_goes_on_where_it_was(
    camvid: Path, artifacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_picture(camvid / "trainannot" / "film0_000.png", np.full((24, 32), 99, np.uint8))
    spec = f"camvid:{camvid}"
    whole = counting._count(open_source(spec), open_source(spec).items("train"), None, None)
    monkeypatch.setattr(counting, "KEPT_EVERY", 0.0)

    def stop_at_four(done: int, total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        count_split(spec, "train", stop_at_four)
    assert stored_counts(open_source(spec), "train") is None
    seen: list[int] = []
    counted = count_split(spec, "train", lambda done, total: seen.append(done))
    assert seen == [5, 6]
    assert (counted.keys, counted.sequences) == (whole.keys, whole.sequences)
    assert counted.health == whole.health
    assert same(counted.statistics, whole.statistics)
    assert not list(artifacts.glob("prepared/*/*.progress"))


def test_what_a_count_holds_does_not_grow_by_the_maps_of_each_mask(camvid: Path) -> None:
    space = open_source(f"camvid:{camvid}").label_space
    mask = np.full((24, 32), 7, np.uint8)

    def held(masks: int) -> int:
        running = RunningCounts(space.num_classes)
        tracemalloc.start()
        for _ in range(masks):
            running.add(count_mask(mask, space))
        size = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        return size

    assert held(100) - held(20) < 80 * 1000


def test_what_was_counted_is_no_prepared_data(camvid: Path) -> None:
    spec = f"camvid:{camvid}"
    count_split(spec, "train")
    assert prepared_folders(spec) == []
    remove_prepared(spec)
    assert stored_counts(open_source(spec), "train") is not None


def test_changed_masks_are_counted_anew(camvid: Path, artifacts: Path) -> None:
    spec = f"camvid:{camvid}"
    count_split(spec, "val")
    write_picture(camvid / "valannot" / "film0_000.png", np.full((24, 32), 8, np.uint8))
    assert stored_counts(open_source(spec), "val") is None
    assert count_split(spec, "val").statistics.counts[0, 26] == 24 * 32  # all of it is car
    assert len(list(artifacts.glob("prepared/*/*.npz"))) == 1


def test_a_mask_that_cannot_be_used_is_named_and_left_out(camvid: Path) -> None:
    write_picture(camvid / "trainannot" / "film0_000.png", np.full((24, 32), 99, np.uint8))
    counted = count_split(f"camvid:{camvid}", "train")
    assert len(counted.keys) == 5
    (finding,) = counted.health.findings
    assert "unknown class ids (99)" in finding.message


def test_a_mask_without_its_image_is_named_and_left_out(camvid: Path) -> None:
    (camvid / "train" / "film0_000.png").unlink()
    counted = count_split(f"camvid:{camvid}", "train")
    assert len(counted.keys) == 5
    (finding,) = counted.health.findings
    assert "has no image" in finding.message


def test_a_split_without_masks_is_not_counted(cityscapes: Path) -> None:
    with pytest.raises(DataError, match="no masks to count"):
        count_split(f"cityscapes:{cityscapes}", "test")


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_the_built_in_data_set_comes_counted_as_it_is(split: str) -> None:
    source = open_source("streets")
    stored = stored_counts(open_source("streets"), split)
    assert stored is not None, "the renderer changed: run `make counts`"
    items = source.items(split)
    assert stored.keys == [item.key for item in items]
    for index in (0, len(items) // 2):
        counts = count_mask(source.read_mask(items[index]), CITYSCAPES)
        assert np.array_equal(stored.statistics.counts[index], counts.pixels)
