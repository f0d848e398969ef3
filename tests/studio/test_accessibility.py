"""Pages for who reads by ear, by keyboard or in little light: the rules of axe-core."""

import os
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from devtools.live_dashboard import PATIENCE_MS, find_chromium, labelled, settle

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        find_chromium() is None and not os.environ.get("SEGCORE_REQUIRE_BROWSER"),
        reason="browser tests left out: no Chromium is installed",
    ),
]

PAGES = {
    "": "Overview",
    "dataset?part=Imbalance": "Dataset",
    "training": "Training",
    "training?part=Masks": "Training",
    "compare": "Compare",
    "evaluate": "Evaluation",
    "evaluate?part=Robustness": "Evaluation",
    "upload": "Upload",
    "admin": "Admin",
}


def findings(page: Page) -> list[str]:
    """What axe-core finds on the page that is not minor, an element each."""
    found: dict[str, Any] = Axe().run(page, options={"resultTypes": ["violations"]}).response
    return [
        f"{broken['id']}: {node['html'][:120]} ({node['failureSummary']})"
        for broken in found["violations"]
        if broken["impact"] != "minor"
        for node in broken["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_finding_and_each_tab_says_which_it_is(
    browser: Browser, address: str, scheme: str
) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    found = {}
    for path, title in PAGES.items():
        page.goto(f"{address}/{path}")
        settle(page)
        if path in ("", "compare"):
            labelled(page)
        assert page.title() == f"{title} · Segmentation studio"
        if broken := findings(page):
            found[path] = broken
    context.close()
    assert not found
