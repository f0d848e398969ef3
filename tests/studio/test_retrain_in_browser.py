"""The story of a retrain in a real browser: token, start, curve, cancel, resume, promote, back.

It is on a second data set in CamVid's layout, beside the shipped champions of the CamVid that
everybody knows: whatever is done with the one leaves the other as it was.
"""

import json
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from devtools.live_dashboard import (
    PATIENCE_MS,
    ROOT,
    chromium,
    find_chromium,
    running_dashboard,
    settle,
)
from segcore import jobs, runs
from segcore.data.known_data_sets import known_layout
from segcore.data.preparation.digests import remember_digest
from segcore.data.sources import open_source
from segcore.errors import DataError
from segcore.evaluation import evaluate
from segcore.jobs import audit, leases
from segcore.runs import Run, get_run
from tests.factories.fake_runs import make_run
from tests.factories.made_data import id_mask, noise, slug, val_digest, write_picture

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        find_chromium() is None and not os.environ.get("SEGCORE_REQUIRE_BROWSER"),
        reason="browser tests left out: no Chromium is installed",
    ),
]
EPOCHS = 12
"""Enough to cancel in the middle."""

FILMS = 8
"""Of the second data set's val split: enough for a verdict."""


@pytest.fixture
def toys(camvid: Path) -> Path:
    """A second data set in CamVid's layout, in a folder that visitors are not to be told of."""
    for film in range(FILMS):
        name = f"toys{film}_000.png"
        write_picture(camvid / "val" / name, noise(film, 24, 32))
        write_picture(camvid / "valannot" / name, id_mask(film, 24, 32, list(range(12))))
    folder = camvid.parent / "server" / "my toys"
    folder.parent.mkdir()
    return camvid.rename(folder)


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


def make_champion(toys: Path) -> Run:
    """A scored champion of the second data set, with random weights."""
    run = make_run("unet-my-toys-20250101-000000-abcd")
    data = {**run.record["data"], "spec": f"camvid:{toys}"}
    (run.path / runs.MANIFEST).write_text(json.dumps({**run.record, "data": data}))
    run = get_run(run.name)
    evaluate(run, f"camvid:{toys}", "val")
    runs.promote(run)
    return run


def standing(shipped: list[Path]) -> tuple[dict[Path, bytes], list[str]]:
    """All that nothing may change: the files of shipped runs, and who is the champion of what."""
    files = {path: path.read_bytes() for folder in shipped for path in folder.rglob("*.*")}
    seats = (camvid_digest(), runs.PHOTOS)
    return files, [run.name for data in seats for run in runs.champions(data).values()]


def figures(visitor: Page, address: str) -> list[str]:
    """The scores of CamVid's champions, as a visitor sees them."""
    visitor.goto(f"{address}/evaluate?data=camvid")
    expect(visitor.get_by_test_id("stMetricValue")).to_have_count(3)
    settle(visitor)
    return visitor.get_by_test_id("stMetricValue").all_inner_texts()


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
    artifacts: Path, tmp_path: Path, toys: Path, shipped: list[Path]
) -> None:
    old = make_champion(toys)
    before, log = standing(shipped), tmp_path / "server.log"
    with running_dashboard(artifacts, log) as address, chromium() as browser:
        try:
            page, visitor = browser.new_page(), browser.new_page()
            for opened in (page, visitor):
                opened.set_viewport_size({"width": 1440, "height": 900})
                opened.set_default_timeout(PATIENCE_MS)
            shown = figures(visitor, address)
            page.goto(f"{address}/admin")
            sign_in(page, log)
            register(page, toys)
            retrain(page, toys)
            (new,) = (run for run in runs.list_runs() if not run.is_shipped and run != old)
            compare_and_promote(page, new, toys)
            score_shipped(visitor, address, toys, new)
            assert figures(visitor, address) == shown
            roll_back(page)
            assert champion(toys) == old.name
        finally:
            for pid in leases.living_workers().values():
                if pid is not None:
                    os.kill(pid, 15)
    assert standing(shipped) == before
    by_token = {entry.what for entry in audit.latest() if entry.by == "admin (token)"}
    assert {"signed in", f"{new.name} is the champion of U-Net on my toys"} <= by_token


def register(page: Page, toys: Path) -> None:
    room(page, "Data sets")
    page.get_by_role("textbox", name="Folder on the server").fill(str(toys))
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_text("Images to score on").first).to_be_visible()


def retrain(page: Page, toys: Path) -> None:
    room(page, "Train")
    enter(page, "Data", f"camvid:{toys}")
    enter(page, "Epochs", str(EPOCHS))
    enter(page, "Batch size", "2")
    page.get_by_text("All parameters").click()
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
    expect(page.get_by_text("is done")).to_be_visible(timeout=2 * PATIENCE_MS)
    history = get_run(stopped.name).history()
    assert [row["epoch"] for row in history] == list(range(1, EPOCHS + 1))


def compare_and_promote(page: Page, new: Run, toys: Path) -> None:
    room(page, "Runs and champions")
    page.get_by_role("button", name="Score", exact=True).click()
    expect(page.get_by_text(re.compile("mean IoU of this run minus the champion"))).to_be_visible()
    confirm(page, "Promote")
    assert champion(toys) == new.name


def score_shipped(visitor: Page, address: str, toys: Path, new: Run) -> None:
    """Scores CamVid's champion beside that of the second data set, as any visitor may."""
    best = runs.champions(camvid_digest())["unet"]
    visitor.goto(f"{address}/evaluate?data={slug(toys).replace(' ', '-')}&b={best.name}")
    expect(visitor).to_have_url(re.compile(f"a={new.name}"))
    visitor.get_by_role("button", name="Evaluate now").click()
    expect(visitor.get_by_text(f"my toys, val split, {3 + FILMS} images").first).to_be_visible()
    assert str(toys.parent) not in visitor.content()


def roll_back(page: Page) -> None:
    page.get_by_role("link", name="Overview").click()  # the sign-in holds on other pages
    settle(page)
    page.get_by_role("link", name="Admin").click()
    room(page, "Runs and champions")
    confirm(page, "Roll back")


def champion(toys: Path) -> str | None:
    found = runs.champion("unet", val_digest(toys))
    return found.name if found else None
