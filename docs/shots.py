"""Photographs every page with the runs of artifacts/, wide and phone-narrow: `make shots`."""

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, Page

from devtools.live_dashboard import PATIENCE_MS, chromium, labelled, running_dashboard, settle
from segcore.settings import artifacts_dir

TARGET = ROOT / "docs" / "screenshots"
WIDTHS = {"wide": 1440, "narrow": 390}
PAGES = ("overview", "dataset", "training", "compare", "evaluate", "upload", "admin")
PICTURES_MS = 4_000  # charts and images arrive after the script has ended


def main() -> None:
    wanted = sys.argv[1:] or PAGES
    TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "server.log"
        with running_dashboard(artifacts_dir(), log) as address, chromium() as browser:
            for name in wanted:
                for kind, width in WIDTHS.items():
                    photograph(browser, address, name, kind, width, log)


def photograph(browser: Browser, address: str, name: str, kind: str, width: int, log: Path) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    path = "" if name == "overview" else name
    page.goto(f"{address}/{path}?data=streets")
    settle(page)
    if name == "upload":
        page.get_by_role("button", name="Try an example street").click()
        settle(page)
    if name == "admin":
        sign_in(page, log)
    settle(page)
    if name in ("overview", "compare", "upload"):
        labelled(page)
    if name == "upload":
        page.get_by_role("button", name="Numbers").wait_for()
    page.wait_for_timeout(PICTURES_MS)
    # Streamlit scrolls inside the window, so the window is made as tall as the page.
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": width, "height": max(900, int(height))})
    page.wait_for_timeout(PICTURES_MS // 4)
    page.screenshot(path=TARGET / f"{name}-{kind}.png")
    print(f"{name}-{kind}.png")
    context.close()


def sign_in(page: Page, log: Path) -> None:
    """With the newest one-time token that the server printed."""
    tokens = [line for line in log.read_text().splitlines() if "Admin token:" in line]
    page.get_by_role("textbox").first.fill(tokens[-1].split("Admin token:")[1].split()[0])
    page.get_by_role("textbox").first.press("Enter")


if __name__ == "__main__":
    main()
