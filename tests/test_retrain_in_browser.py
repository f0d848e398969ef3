"""The story of a retrain in a real browser: token, start, curve, cancel, resume, promote, back."""

import json
import os
import re
from pathlib import Path

import pytest
from fake_runs import make_run
from live_dashboard import PATIENCE_MS, chromium, find_chromium, running_dashboard, settle
from playwright.sync_api import Page, expect

from segcore import jobs, runs
from segcore.admin import audit
from segcore.evaluation import evaluate
from segcore.jobs import leases
from segcore.preparation.prepared import split_folder
from segcore.preparation.split_writer import SplitWriter, UsableSample
from segcore.runs import Run, get_run
from segcore.sources import open_source
from segcore.sources.streets import render_scene
from segcore.statistics import count_mask

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        find_chromium() is None and not os.environ.get("SEGCORE_REQUIRE_BROWSER"),
        reason="browser tests left out: no Chromium is installed",
    ),
]
SIZE = (32, 64)
EPOCHS = 12
"""Enough to cancel in the middle."""


def prepare_few_streets() -> None:
    """Arrays of the first few scenes only: rendering all of them takes a minute."""
    source = open_source("streets")
    for split, count in (("train", 8), ("val", 4)):
        with SplitWriter(split_folder(source, SIZE, split), SIZE, masked=True) as writer:
            samples = []
            for seed, item in enumerate(source.items(split)[:count]):
                image, mask = render_scene(seed, SIZE)
                sample = UsableSample(item.key, item.sequence, image, mask, count_mask(mask), False)
                samples.append(sample)
            writer.append(samples)
            writer.finish()


def make_champion() -> Run:
    """A scored champion of `streets` with random weights."""
    run = make_run("unet-streets-20250101-000000-abcd")
    data = {"spec": "streets", "dataset": "streets", "fingerprint": "", "size": [*SIZE]}
    (run.path / "run.json").write_text(json.dumps({**run.manifest, "data": data}))
    run = get_run(run.name)
    evaluate(run, "streets", "val")
    runs.promote(run)
    return run


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


def test_from_the_token_to_the_champion_and_back(artifacts: Path, tmp_path: Path) -> None:
    prepare_few_streets()
    old = make_champion()
    log = tmp_path / "server.log"
    with running_dashboard(artifacts, log) as address, chromium() as browser:
        try:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.set_default_timeout(PATIENCE_MS)
            page.goto(f"{address}/admin?data=streets")
            sign_in(page, log)
            retrain(page)
            (new,) = (run for run in runs.list_runs() if run.name != old.name)
            compare_and_promote(page, new)
            visitor = browser.new_page()
            visitor.goto(f"{address}/?data=streets")
            expect(visitor).to_have_url(re.compile(f"a={new.name}"))
            expect(visitor.get_by_text(new.name)).to_be_visible()
            roll_back(page)
            assert champion() == old.name
        finally:
            for pid in leases.living_workers().values():
                if pid is not None:
                    os.kill(pid, 15)
    by_token = {entry["what"] for entry in audit.latest() if entry["by"] == "admin (token)"}
    assert {"signed in", f"{new.name} is the champion of U-Net on Streets (built in)"} <= by_token


def retrain(page: Page) -> None:
    enter(page, "Epochs", str(EPOCHS))
    enter(page, "Batch size", "2")
    page.get_by_text("All parameters").click()
    enter(page, "Size", "32 × 64")
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_text(re.compile(rf"Epoch \d+ of {EPOCHS}"))).to_be_visible()
    expect(page.get_by_test_id("stPlotlyChart")).to_have_count(2)  # the first epochs' curves
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text(re.compile("was cancelled"))).to_be_visible()
    (job,) = jobs.list_jobs()
    stopped = get_run(str(job.run))
    done = stopped.manifest["epochs"]
    assert stopped.status == "stopped" and 1 <= done < EPOCHS

    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("is done")).to_be_visible(timeout=2 * PATIENCE_MS)
    history = get_run(stopped.name).history()
    assert [row["epoch"] for row in history] == list(range(1, EPOCHS + 1))


def compare_and_promote(page: Page, new: Run) -> None:
    room(page, "Runs and champions")
    page.get_by_role("button", name="Score", exact=True).click()
    expect(page.get_by_text(re.compile("mean IoU of this run minus the champion"))).to_be_visible()
    confirm(page, "Promote")
    assert champion() == new.name


def roll_back(page: Page) -> None:
    page.get_by_role("link", name="Overview").click()  # the sign-in holds on other pages
    settle(page)
    page.get_by_role("link", name="Admin").click()
    room(page, "Runs and champions")
    confirm(page, "Roll back")


def champion() -> str | None:
    found = runs.champion("unet", "streets")
    return found.name if found else None
