"""Small data sets on disk, made of synthetic images, in each layout a source reads."""

import logging
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import numpy as np
import pytest

from segcore.jobs.admission import ADMISSIONS, Admission
from segcore.labels import CITYSCAPES
from segcore.prediction import loading
from segcore.system import devices
from tests.factories.made_data import id_mask, noise, write_camvid, write_picture

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


# The same examples on every machine, however busy it is: no test fails by chance.
hypothesis.settings.register_profile("tests", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("tests")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, so that no process works alone in the end."""

    def turn(item: pytest.Item) -> tuple[bool, bool]:
        is_browsers = item.get_closest_marker("browser") is not None
        return not is_browsers, item.path.parent.name not in ("training", "models", "prediction")

    items.sort(key=turn)


@pytest.fixture(autouse=True)
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """artifacts/ of the test, apart from the project's."""
    folder = tmp_path / "artifacts"
    monkeypatch.setenv("SEGCORE_ARTIFACTS", str(folder))
    return folder


@pytest.fixture(autouse=True, scope="session")
def _one_engine() -> Iterator[None]:
    """No test converts a network in the background; those of the engines choose for themselves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGCORE_ENGINE", "keras")
        yield


@pytest.fixture(autouse=True, scope="session")
def _plain_processor() -> Iterator[None]:
    """Every processor trains and serves in float32: in bfloat16, which some have, the tiny networks
    of the tests, which have learnt next to nothing, change the label of many a pixel."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(devices, "CPU_INFO", Path(os.devnull))
        yield


@pytest.fixture(autouse=True)
def defects() -> Iterator[list[logging.LogRecord]]:
    """What pages told by a number, since no user can cause it: a test that expects such a thing
    empties the list, any other fails by it."""
    found: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = found.append  # type: ignore[method-assign]
    log = logging.getLogger("studio.errors")
    log.addHandler(handler)
    yield found
    log.removeHandler(handler)
    for record in found:
        assert record.exc_info and record.exc_info[1] is not None
        raise record.exc_info[1]


@pytest.fixture(autouse=True)
def _main_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit's AppTest leaves its page behind as `__main__`, which spawned processes import."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture
def networks_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of what is done with predictions, not of the engine that makes them."""
    from tests.factories.fake_runs import SharedEngine

    monkeypatch.setattr(loading, "KerasEngine", SharedEngine)


@pytest.fixture
def admin() -> Admission:
    """The pass of someone who is signed in."""
    return ADMISSIONS.issue("tester")


@pytest.fixture
def camvid(tmp_path: Path) -> Path:
    """Six train and three val frames of 32x24 of two films; masks of CamVid's ids."""
    return write_camvid(tmp_path / "camvid")


@pytest.fixture
def cityscapes(tmp_path: Path) -> Path:
    """Two cities of two frames of 64x32 in train, one in val, one without mask in test."""
    root = tmp_path / "cityscapes"
    frames = (
        ("train", "aachen", 2),
        ("train", "bochum", 2),
        ("val", "ulm", 2),
        ("test", "bonn", 1),
    )
    for split, city, count in frames:
        for frame in range(count):
            name = f"{city}_{frame:06}_000019"
            image = root / "leftImg8bit" / split / city / f"{name}_leftImg8bit.png"
            mask = root / "gtFine" / split / city / f"{name}_gtFine_labelIds.png"
            write_picture(image, noise(frame, 32, 64))
            ids = [0] if split == "test" else [7, 11, 21, 23, 26, 255]
            write_picture(mask, id_mask(frame, 32, 64, ids))
    return root


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Two train and one val JPEG of 512x256, image left and coloured mask right."""
    root = tmp_path / "pairs"
    for split, names in (("train", "12"), ("val", "3")):
        for name in names:
            mask = id_mask(int(name), 256, 256, [7])
            mask[:100] = 23
            mask[100:180, :128] = 11
            both = np.hstack([noise(int(name), 256, 256), CITYSCAPES.colorize(mask)])
            write_picture(root / split / f"{name}.jpg", both, quality=90)
    return root


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the dashboard of `address` keeps its artifacts/ and its server.log."""
    return tmp_path_factory.mktemp("studio")


@pytest.fixture(scope="session")
def address(studio: Path) -> Iterator[str]:
    """A dashboard over the shipped runs, with an artifacts folder of its own."""
    from devtools.live_dashboard import ROOT, running_dashboard

    shipped = [path.parent for path in (ROOT / "artifacts" / "runs").glob("*/MODEL_CARD.md")]
    for run in shipped:
        shutil.copytree(run, studio / "artifacts" / "runs" / run.name)
    # As visitors are served, and in a tenth of the time that the networks' graphs in Keras take.
    served = running_dashboard(studio / "artifacts", studio / "server.log", engine="openvino")
    with served as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """For a module, not for all tests: its event loop is in the way of others."""
    from devtools.live_dashboard import chromium

    with chromium() as found:
        yield found


@pytest.fixture
def page(browser: "Browser") -> "Iterator[Page]":
    """A window as wide as a desk's."""
    yield from _window(browser, 1440)


@pytest.fixture
def phone(browser: "Browser") -> "Iterator[Page]":
    """A window as narrow as a phone's."""
    yield from _window(browser, 390)


def _window(browser: "Browser", width: int) -> "Iterator[Page]":
    from devtools.live_dashboard import PATIENCE_MS

    context = browser.new_context(viewport={"width": width, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()
