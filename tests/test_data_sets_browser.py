"""A second data set in CamVid's layout, in a real browser: what it changes is its own."""

import json
import shutil
from pathlib import Path

from fake_runs import make_run
from live_dashboard import ROOT, running_dashboard, settle
from made_data import slug, val_digest
from playwright.sync_api import Page, expect
from test_retrain_in_browser import confirm, pytestmark, room, sign_in

from segcore import runs
from segcore.runs import Run
from segcore.sources.known import known_layout

__all__ = ["pytestmark"]
CHAMPIONS = ("unet-camvid-20261128-225143-745a", "danet-camvid-20261129-162051-8ccd")


def run_on(folder: Path) -> Run:
    run = make_run("unet-toys-20250101-000000-abcd")
    data = {**run.manifest["data"], "spec": f"camvid:{folder}"}
    (run.path / "run.json").write_text(json.dumps({**run.manifest, "data": data}))
    return runs.get_run(run.name)


def content(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def figures(page: Page, address: str) -> list[str]:
    """The scores of CamVid's champions, as the first page shows them."""
    page.goto(f"{address}/?data=camvid")
    expect(page.get_by_test_id("stMetricValue").first).to_be_visible()
    settle(page)
    return page.get_by_test_id("stMetricValue").all_inner_texts()[:3]


def test_scoring_and_promoting_on_it_leaves_all_else_as_it_was(
    page: Page, camvid: Path, artifacts: Path, tmp_path: Path
) -> None:
    toys = camvid.rename(tmp_path / "my toys")
    new = run_on(toys)
    for name in CHAMPIONS:
        shutil.copytree(ROOT / "artifacts" / "runs" / name, artifacts / "runs" / name)
    shipped = [content(artifacts / "runs" / name) for name in CHAMPIONS]
    log = tmp_path / "server.log"
    with running_dashboard(artifacts, log) as address:
        visitor = page.context.new_page()
        before = figures(visitor, address)
        page.goto(f"{address}/admin")
        sign_in(page, log)
        room(page, "Data sets")
        page.get_by_label("Folder on the server").fill(str(toys))
        page.get_by_role("button", name="Register").click()
        expect(page.get_by_text("Images to score on").first).to_be_visible()

        chosen = f"data={slug(toys).replace(' ', '-')}&a={CHAMPIONS[0]}&b={CHAMPIONS[1]}"
        visitor.goto(f"{address}/evaluate?{chosen}")
        visitor.get_by_role("button", name="Evaluate now").click()
        expect(visitor.get_by_text("my toys, val split, 3 images").first).to_be_visible()
        assert str(tmp_path) not in visitor.content()

        room(page, "Runs and champions")
        confirm(page, "Promote")
        assert runs.champions(val_digest(toys))["unet"].name == new.name
        assert figures(visitor, address) == before
    assert [content(artifacts / "runs" / name) for name in CHAMPIONS] == shipped
    known = known_layout("camvid")
    assert known is not None and known.val is not None
    for data in (known.val, runs.PHOTOS):
        assert [run.name for run in runs.champions(data).values()] == [*CHAMPIONS]
