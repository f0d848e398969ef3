"""Data whose disk is away or not ours to read, and names that are no UTF-8."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from segcore.cli import main
from segcore.data.preparation import load_prepared
from segcore.data.sources import open_source, recognise
from segcore.errors import DataError
from segcore.runs.data_sets import data_sets
from studio import address
from tests.factories.fake_runs import make_run
from tests.factories.made_data import id_mask, noise, write_picture
from tests.factories.made_runs import make_run as made_run
from tests.studio.drawn_pages import text

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=[errno.ENOTCONN, errno.ESTALE, errno.EIO, errno.EACCES])
def unplug(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Path], None]:
    """Makes every look at a folder fail, as a disk that is gone does."""

    def unplug(folder: Path) -> None:
        for name in ("stat", "lstat", "listdir", "scandir"):
            monkeypatch.setattr(os, name, failing(getattr(os, name), folder, request.param))

    return unplug


def failing(real: Callable, folder: Path, number: int) -> Callable:
    """The function of `os`, for paths below the folder with that error."""

    def look(path: Any = ".", *args: Any, **options: Any) -> Any:
        if isinstance(path, (str, Path)) and Path(path).is_relative_to(folder):
            raise OSError(number, os.strerror(number), str(path))
        return real(path, *args, **options)

    return look


AWAY = "may not be read|cannot be read"


def test_data_that_cannot_be_reached_is_one_line(
    unplug: Callable[[Path], None], camvid: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = open_source(f"camvid:{camvid}")
    unplug(camvid)
    assert main(["prepare", "--data", f"camvid:{camvid}"]) == 2
    line = capsys.readouterr().err.strip()
    assert "\n" not in line and str(camvid) in line
    for look in (open_source, recognise):
        with pytest.raises(DataError, match=AWAY):
            look(source.spec if look is open_source else camvid)
    for list_ in (source.items, source.fingerprint):  # it was opened while it was there
        with pytest.raises(DataError, match=AWAY):
            list_("val")


@pytest.mark.parametrize("unplug", [errno.ESTALE, errno.EACCES], indirect=True)
def test_pages_survive_data_that_cannot_be_reached(
    unplug: Callable[[Path], None], camvid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of the server's settings, and that of a run."""
    monkeypatch.setenv("SEGCORE_DATA", f"camvid:{camvid}")
    made_run("unet", camvid)
    unplug(camvid)
    listed = {one.spec: one.problem for one in data_sets()}
    assert listed["streets"] is None
    assert listed[f"camvid:{camvid}"]
    for script in ("dashboard.py", "pages/dataset.py"):
        app = AppTest.from_file(str(ROOT / script), default_timeout=60)
        assert not app.run().exception


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A data set in CamVid's layout whose folder and images have Latin-1 names."""
    root = tmp_path / os.fsdecode(b"m\xfcnchen")
    for split in ("train", "val"):
        name = os.fsdecode(b"stra\xdfe.png")
        write_picture(root / split / name, noise(1, 24, 32))
        write_picture(root / f"{split}annot" / name, id_mask(1, 24, 32, list(range(12))))
    (root / "train" / os.fsdecode(b"allein\xe9.png")).write_bytes(b"")
    return root


def test_names_that_are_no_utf8_are_shown_with_escapes_and_work(
    odd: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = f"camvid:{tmp_path}/m\\xfcnchen"
    assert main(["prepare", "--data", f"camvid:{odd}"]) == 0
    printed = capsys.readouterr().out
    printed.encode()
    assert "allein\\xe9.png" in printed
    for given in (spec, f"camvid:{odd}", recognise(odd)):
        source = open_source(given)
        assert (source.spec, source.directory) == (spec, odd)
        assert [item.key for item in source.items("val")] == ["stra\\xdfe"]
    prepared = load_prepared(spec)
    assert prepared is not None and prepared.splits["train"].keys == ["stra\\xdfe"]
    run = make_run()
    image = str(odd / "val" / os.fsdecode(b"stra\xdfe.png"))
    assert main(["predict", "--run", run.name, "--out", str(tmp_path / "out"), image]) == 0
    assert main(["evaluate", "--run", run.name, "--data", spec, "--split", "val"]) == 0
    capsys.readouterr().out.encode()
    assert len(list((tmp_path / "out").iterdir())) == 3


def test_a_page_shows_names_that_are_no_utf8(odd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGCORE_DATA", f"camvid:{odd}")
    assert main(["prepare", "--data", f"camvid:{odd}"]) == 0
    app = AppTest.from_file(str(ROOT / "pages" / "dataset.py"), default_timeout=60)
    (name,) = (one.name for one in data_sets() if one.spec != "streets")
    assert name == "m\\xfcnchen"
    app.session_state[address.DATA] = data_sets()[1].slug
    assert not app.run().exception
    text(app).encode()
