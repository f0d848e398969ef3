"""What is understood of a data set before anything is made of it."""

from pathlib import Path

import numpy as np
import pytest

from segcore.data.preparation import prepare
from segcore.data.sources import DoubtfulDataError, FirstLook, first_look, open_source
from segcore.errors import DataError
from segcore.jobs import registration
from segcore.jobs.admission import Admission
from segcore.labels import CITYSCAPES
from studio.widgets import named_data
from tests.factories.made_data import id_mask, noise, write_picture


def look(spec: str) -> FirstLook:
    found = first_look(open_source(spec))
    assert found is not None
    return found


def fill(folder: Path, pattern: str, ids: list[int], size: tuple[int, int] = (24, 32)) -> None:
    for number, path in enumerate(sorted(folder.glob(pattern))):
        write_picture(path, id_mask(number, *size, ids))


def test_sound_data_is_told_without_doubts(camvid: Path, cityscapes: Path, pairs: Path) -> None:
    found = look(f"camvid:{camvid}")
    assert (found.images, found.masks) == ({"train": 6, "val": 3}, {"train": 6, "val": 3})
    assert (found.looked_at, found.used, found.doubts) == (9, 9, ())
    assert sum(found.shares.values()) == pytest.approx(1)
    assert "sidewalk" in found.shares
    assert list(found.shares.values()) == sorted(found.shares.values(), reverse=True)
    city = look(f"cityscapes:{cityscapes}")
    assert city.masks == {"train": 4, "val": 2, "test": 0}
    assert city.doubts == look(f"pairs:{pairs}").doubts == ()
    assert "no label" in city.shares
    assert "test 1 images with no masks" in city.in_words()


def test_the_built_in_data_needs_no_look() -> None:
    assert first_look(open_source("streets")) is None


def test_a_few_samples_stand_for_many(camvid: Path) -> None:
    for number in range(40):
        write_picture(camvid / "train" / f"long_{number:03}.png", noise(number, 24, 32))
        write_picture(camvid / "trainannot" / f"long_{number:03}.png", id_mask(1, 24, 32, [3]))
    found = look(f"camvid:{camvid}")
    assert found.images["train"] == 46
    assert found.looked_at == 8 + 3


def test_a_broken_file_is_no_doubt_about_the_rest(camvid: Path) -> None:
    (camvid / "val" / "film0_000.png").write_bytes(b"cut")
    found = look(f"camvid:{camvid}")
    assert (found.looked_at, found.used, found.doubts) == (9, 8, ())


@pytest.mark.parametrize(
    ("ids", "doubt"),
    [
        (
            [0, 1, 2, 3, 4],
            "only the first 5 of the 12 ids of camvid, which are sky, building, pole",
        ),
        ([40, 41, 42], "unknown ids"),
        ([11], "no class that is scored"),
        ([3, 11], "All that is scored is road"),
    ],
)
def test_masks_that_mean_something_else(camvid: Path, ids: list[int], doubt: str) -> None:
    fill(camvid, "*annot/*.png", ids)
    (sentence,) = look(f"camvid:{camvid}").doubts
    assert doubt in sentence


def test_own_classes_in_cityscapes_layout(cityscapes: Path) -> None:
    fill(cityscapes, "gtFine/*/*/*.png", [0, 1], (32, 64))
    (sentence,) = look(f"cityscapes:{cityscapes}").doubts
    assert "only the first 2 of the 34 ids of cityscapes" in sentence


def test_train_ids_are_told_by_what_they_hold_or_by_their_name(cityscapes: Path) -> None:
    fill(cityscapes, "gtFine/*/*/*.png", [0, 1, 2, 8, 10, 13, 255], (32, 64))
    (sentence,) = look(f"cityscapes:{cityscapes}").doubts
    assert "labelTrainIds.png" in sentence
    for path in sorted(cityscapes.glob("gtFine/*/*/*.png")):
        path.rename(path.with_name(path.name.replace("labelIds", "labelTrainIds")))
    renamed = look(f"cityscapes:{cityscapes}")
    assert renamed.doubts == ()
    assert {"road", "sidewalk", "vegetation", "car"} <= set(renamed.shares)


def test_an_archive_whose_masks_are_missing(cityscapes: Path) -> None:
    (cityscapes / "gtFine").rename(cityscapes.parent / "elsewhere")
    (sentence,) = look(f"cityscapes:{cityscapes}").doubts
    assert "not one mask for train and val" in sentence
    assert "gtFine" in sentence


def test_pairs_that_are_swapped(pairs: Path) -> None:
    for path in sorted(pairs.glob("*/*.jpg")):
        both = [CITYSCAPES.colorize(id_mask(1, 256, 256, [7, 23])), noise(1, 256, 256)]
        write_picture(path, np.hstack(both), quality=90)
    (sentence,) = look(f"pairs:{pairs}").doubts
    assert "swap them" in sentence


def test_only_who_has_seen_the_doubts_registers(camvid: Path, admin: Admission) -> None:
    fill(camvid, "*annot/*.png", [0, 1, 2])
    with pytest.raises(DoubtfulDataError, match="sky, building, pole") as error:
        registration.register(str(camvid), admin)
    assert isinstance(error.value, DataError)
    assert "\n" not in str(error.value)
    assert registration.registered() == []
    registration.register(str(camvid), admin, confirmed=True)
    assert registration.registered() == [f"camvid:{camvid}"]


def test_the_console_says_what_was_understood_of_data_the_server_was_given(
    camvid: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(camvid, "*annot/*.png", [0, 1, 2])
    monkeypatch.setenv("SEGCORE_DATA", f"camvid:{camvid}")
    named_data.tell()
    said = capsys.readouterr().out
    assert f"camvid:{camvid}: train 6 images with 6 masks" in said
    assert "doubtful: The masks hold only the first 3 of the 12 ids" in said
    prepare(f"camvid:{camvid}")
    named_data.tell()
    assert f"camvid:{camvid}" not in capsys.readouterr().out
