"""Statistics from the masks alone."""

from pathlib import Path

import numpy as np
import pytest

from segcore.data.counts import SplitStatistics, count_mask
from segcore.data.preparation import counting, prepare, prepared_folders, remove_prepared
from segcore.data.preparation.counting import count_split, stored_counts
from segcore.data.sources import open_source
from segcore.errors import DataError
from segcore.labels import CITYSCAPES
from tests.factories.made_data import write_picture


def same(a: SplitStatistics, b: SplitStatistics) -> bool:
    return all(np.allclose(x, y) for x, y in zip(vars(a).values(), vars(b).values(), strict=True))


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
