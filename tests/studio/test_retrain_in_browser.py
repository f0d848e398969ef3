"""Somebody's own data in a real browser, from the token to a champion and back.

Five classes, 60 images: registered, trained on, scored, compared, promoted, labelled, reported,
taken home. The shipped champions of CamVid stay beside it as they were.
"""

import json
import os
import re
import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from devtools.live_dashboard import (
    PATIENCE_MS,
    ROOT,
    chromium,
    find_chromium,
    labelled,
    running_dashboard,
    settle,
)
from segcore import jobs, runs
from segcore.data.known_data_sets import known_layout
from segcore.data.preparation.digests import remember_digest, split_digest
from segcore.data.sources import open_source
from segcore.errors import DataError
from segcore.evaluation import evaluate
from segcore.jobs import audit, leases
from segcore.runs import Run, get_run
from segcore.training.session import train
from tests.factories.fake_runs import make_run
from tests.factories.made_data import noise, slug, write_picture
from tests.factories.own_classes import CLASSES, foreign_words, space_of, write_plants
from tests.training.test_training import TINY

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        find_chromium() is None and not os.environ.get("SEGCORE_REQUIRE_BROWSER"),
        reason="browser tests left out: no Chromium is installed",
    ),
]
EPOCHS = 12
"""Enough to cancel in the middle."""


@pytest.fixture
def plants(tmp_path: Path) -> Path:
    """The data set, in a folder that visitors are not to be told of."""
    folder = tmp_path / "server" / "my plants"
    write_plants(folder, train=48, val=12)
    return folder


@pytest.fixture
def shipped(artifacts: Path) -> list[Path]:
    """The folders of CamVid's champions, which come with the program, in the test's artifacts/."""
    copies = []
    for folder in (ROOT / "artifacts" / "runs").iterdir():
        manifest = folder / runs.MANIFEST
        if not manifest.is_file():
            continue
        if "camvid" in json.loads(manifest.read_bytes()).get("shipped_champion", ()):
            copies.append(shutil.copytree(folder, artifacts / "runs" / folder.name))
    assert copies
    # Where CamVid lies on this machine, what it is need not be found out by reading it.
    with suppress(DataError):
        remember_digest(open_source(runs.get_run(copies[0].name).spec), "val", camvid_digest())
    return copies


def camvid_digest() -> str:
    """What the CamVid is that everybody knows."""
    known = known_layout("camvid")
    assert known is not None and known.val is not None
    return known.val


def shown_scores(visitor: Page, address: str) -> list[str]:
    """The scores of CamVid's champions, as a visitor sees them."""
    visitor.goto(f"{address}/evaluate?data=camvid")
    expect(visitor.get_by_test_id("stMetricValue")).to_have_count(3)
    settle(visitor)
    return visitor.get_by_test_id("stMetricValue").all_inner_texts()


def make_champion(spec: str) -> Run:
    """A scored champion of the data set, with random weights."""
    name = "unet-my-plants-20250101-000000-abcd"
    run = make_run(name, space=space_of(spec), spec=spec)
    evaluate(run, spec, "val")
    runs.promote(run)
    return run


def standing(shipped: list[Path]) -> tuple[dict[Path, bytes], list[str]]:
    """All that nothing may change: the files of shipped runs, and who is the champion of what."""
    files = {path: path.read_bytes() for folder in shipped for path in folder.rglob("*.*")}
    seats = (camvid_digest(), runs.PHOTOS)
    return files, [run.name for data in seats for run in runs.champions(data).values()]


def champion(spec: str) -> str | None:
    found = runs.champion("unet", split_digest(spec, "val"))
    return found.name if found else None


def sign_in(page: Page, log: Path) -> None:
    token = re.findall(r"Admin token: (\S+)", log.read_text())[-1]
    page.get_by_role("textbox", name="Token").fill(token)
    page.get_by_role("textbox", name="Token").press("Enter")
    expect(page.get_by_role("button", name="Start training")).to_be_visible()


def enter(page: Page, label: str, value: str) -> None:
    field = page.get_by_label(label, exact=True)
    field.fill(value)
    field.press("Enter")
    settle(page)


def room(page: Page, name: str) -> None:
    settle(page)  # a click while the page runs may be lost
    page.get_by_test_id("stButtonGroup").get_by_text(name, exact=True).click()
    settle(page)


def confirm(page: Page, label: str) -> None:
    settle(page)  # a button whose emphasis changes is there twice while the page runs
    button = page.get_by_role("button", name=label)
    expect(button).to_have_count(1)
    button.click()
    page.get_by_role("dialog").get_by_role("button", name=label).click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    settle(page)


def test_from_the_token_to_the_champion_and_back(
    artifacts: Path, tmp_path: Path, plants: Path, shipped: list[Path]
) -> None:
    spec, log = f"folders:{plants}", tmp_path / "server.log"
    old, before = make_champion(spec), standing(shipped)
    with running_dashboard(artifacts, log) as address, chromium() as browser:
        try:
            page, visitor = browser.new_page(), browser.new_page()
            for opened in (page, visitor):
                opened.set_viewport_size({"width": 1440, "height": 900})
                opened.set_default_timeout(PATIENCE_MS)
            page.goto(f"{address}/admin")
            sign_in(page, log)
            register(page, plants)
            new = retrain(page, spec)
            compare_and_promote(page, new, spec)
            take_home(page, new)
            look_around(visitor, address, plants, new)
            label_a_photo(visitor, tmp_path)
            report(visitor)
            roll_back(page)
            assert champion(spec) == old.name
        finally:
            for pid in leases.living_workers().values():
                if pid is not None:
                    os.kill(pid, 15)
    assert standing(shipped) == before
    by_token = {entry.what for entry in audit.latest() if entry.by == "admin (token)"}
    assert {"signed in", f"{new.name} is the champion of U-Net on my plants"} <= by_token


def register(page: Page, plants: Path) -> None:
    room(page, "Data sets")
    page.get_by_role("textbox", name="Folder on the server").fill(str(plants))
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_text("5 classes, named by classes.json").first).to_be_visible()
    expect(page.get_by_text("Images to score on").first).to_be_visible()


def retrain(page: Page, spec: str) -> Run:
    room(page, "Train")
    enter(page, "Data", spec)
    enter(page, "Epochs", str(EPOCHS))
    enter(page, "Batch size", "8")
    page.get_by_text("All parameters").click()
    enter(page, "Steps per epoch", "20")
    enter(page, "Size", "32 × 32")
    enter(page, "Depth", "2")  # whose graph is made in half the time
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_text(re.compile(rf"Epoch \d+ of {EPOCHS}"))).to_be_visible()
    expect(page.get_by_test_id("stPlotlyChart")).to_have_count(2)  # the first epochs' curves
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text(re.compile("was cancelled"))).to_be_visible()
    (job,) = jobs.list_jobs()
    stopped = get_run(str(job.run))
    done = stopped.epochs
    assert stopped.status == "stopped" and 1 <= done < EPOCHS

    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("is trained")).to_be_visible(timeout=2 * PATIENCE_MS)
    trained = get_run(stopped.name)
    assert [row["epoch"] for row in trained.history()] == list(range(1, EPOCHS + 1))
    assert trained.label_space.names == tuple(CLASSES)
    return trained


def compare_and_promote(page: Page, new: Run, spec: str) -> None:
    room(page, "Runs and champions")
    page.get_by_role("button", name="Score", exact=True).click()
    expect(page.get_by_text(re.compile("mean IoU of this run minus the champion"))).to_be_visible()
    confirm(page, "Promote")
    assert champion(spec) == new.name


def take_home(page: Page, new: Run) -> None:
    page.get_by_role("button", name="Export").click()
    page.get_by_role("button", name="Make the file").click()
    with page.expect_download() as kept:
        page.get_by_role("button", name="Download", exact=True).click()
    assert kept.value.suggested_filename == f"{new.name}-zip.zip"
    page.keyboard.press("Escape")


def look_around(visitor: Page, address: str, plants: Path, new: Run) -> None:
    """Every page shows the data set and both runs, and says nothing of any other."""
    visitor.goto(f"{address}/?data=my-plants")
    for page in ("Overview", "Dataset", "Training", "Compare", "Evaluation", "Upload"):
        visitor.get_by_role("link", name=page, exact=True).click()
        expect(visitor).to_have_url(re.compile(f"a={new.name}"))
        settle(visitor)
        main = visitor.get_by_test_id("stMain")
        if page in ("Dataset", "Evaluation"):
            for name in CLASSES:  # the masks are counted first
                expect(main).to_contain_text(name)
        if page in ("Overview", "Compare"):
            labelled(visitor)
        assert foreign_words(main.text_content() or "") == [], page
        assert str(plants.parent) not in visitor.content()


def label_a_photo(visitor: Page, tmp_path: Path) -> None:
    photo = write_picture(tmp_path / "bed.png", noise(1, 30, 40))
    visitor.locator("input[type=file]").first.set_input_files(photo)
    labelled(visitor)
    with visitor.expect_download() as kept:
        visitor.get_by_role("button", name="Label ids").first.click()
    ids = np.asarray(Image.open(kept.value.path()))
    assert ids.shape == (30, 40) and set(np.unique(ids)) <= set(range(len(CLASSES)))


def report(visitor: Page) -> None:
    visitor.get_by_role("link", name="Evaluation", exact=True).click()
    visitor.get_by_role("button", name="Report").click()
    with visitor.expect_download() as kept:
        visitor.get_by_role("button", name="One HTML file").click()
    html = Path(kept.value.path()).read_text()
    assert all(name in html for name in CLASSES) and "cityscapes" not in html.lower()


def roll_back(page: Page) -> None:
    page.get_by_role("link", name="Overview").click()  # the sign-in holds on other pages
    settle(page)
    page.get_by_role("link", name="Admin").click()
    room(page, "Runs and champions")
    confirm(page, "Roll back")


def test_a_second_data_set_in_the_same_layout_leaves_the_known_one_as_it_was(
    artifacts: Path, tmp_path: Path, camvid: Path, shipped: list[Path]
) -> None:
    """A run is trained on toys in CamVid's layout, scored and promoted beside CamVid's champions,
    and one of those is scored on the toys."""
    toys = camvid.rename(tmp_path / "toys")
    spec = f"camvid:{toys}"
    new = train(replace(TINY, epochs=1, size=(32, 32), crop=None), spec)
    best, before = runs.champions(camvid_digest())["unet"], standing(shipped)
    log = tmp_path / "server.log"
    with running_dashboard(artifacts, log) as address, chromium() as browser:
        page, visitor = browser.new_page(), browser.new_page()
        for opened in (page, visitor):
            opened.set_default_timeout(PATIENCE_MS)
        shown = shown_scores(visitor, address)
        page.goto(f"{address}/admin?data={slug(toys)}")
        sign_in(page, log)
        room(page, "Runs and champions")
        confirm(page, "Promote")
        visitor.goto(f"{address}/evaluate?data={slug(toys)}&a={new.name}&b={best.name}")
        visitor.get_by_role("button", name="Evaluate now").click()
        expect(visitor.get_by_text("toys, val split, 3 images").first).to_be_visible()
        assert shown_scores(visitor, address) == shown
    assert champion(spec) == new.name
    assert standing(shipped) == before
