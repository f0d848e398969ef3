"""Does the dashboard's memory stay where it is, whatever visitors look at?

    python -m benchmarks.memory [--uploads 500] [--pictures 1000]

Visitors upload a new photo again and again, then one goes from image to image on Compare. Each
tenth of the way the server's memory is noted: it has to end within 5 % of what it was after the
first tenth, when every cache is full.
"""

import argparse
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Page, expect

from benchmarks.pages import be_no_newcomer, next_pictures, open_compare
from benchmarks.visitors import server_megabytes
from devtools.live_dashboard import chromium, labelled, running_dashboard, settle
from segcore.data.sources.streets import render_scene
from segcore.images import encode_png
from segcore.settings import artifacts_dir

DATA = "streets"
SIZE = (300, 400)
ROUNDS = 10
MOST_GROWTH = 1.05
PHOTOS_OF_A_VISIT = 100  # a visitor may have no more than 240 labelled at once


def upload(page: Page, seed: int) -> None:
    """A photo that was never uploaded before, until both models have labelled it."""
    name = f"scene-{seed}.png"
    photo = encode_png(render_scene(1_000_000 + seed, SIZE)[0])
    page.locator(".st-key-photo-drop input[type=file]").set_input_files(
        [{"name": name, "mimeType": "image/png", "buffer": photo}]
    )
    expect(page.get_by_text(re.compile(name)).first).to_be_attached()
    settle(page)
    labelled(page)
    page.get_by_test_id("stFileChipDeleteBtn").locator("button").first.click()
    settle(page)


def watch(what: str, step: Callable[[int], None], count: int) -> bool:
    """Does the step COUNT times; False, and says so, where memory has grown."""
    notes = []
    for number in range(count):
        step(number)
        if (number + 1) % max(1, count // ROUNDS) == 0:
            notes.append(server_megabytes())
    growth = notes[-1] / notes[0]
    print(f"{count} {what}: {growth:.3f} of the memory after the first tenth; MB:", end=" ")
    print(*(f"{note:.0f}" for note in notes))
    return growth <= MOST_GROWTH


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--uploads", type=int, default=500)
    parser.add_argument("--pictures", type=int, default=1000)
    options = parser.parse_args()
    be_no_newcomer(DATA)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_dashboard(artifacts_dir(), Path(folder) / "server.log") as address,
        chromium() as browser,
    ):
        page = browser.new_page()

        def upload_one(number: int) -> None:
            if number % PHOTOS_OF_A_VISIT == 0:
                page.goto(f"{address}/upload?data={DATA}")
                settle(page)
            upload(page, number)

        flat = watch("uploads", upload_one, options.uploads)
        open_compare(page, address, DATA, 0)
        flat &= watch("pictures", lambda _: bool(next_pictures(page, 1, 0)), options.pictures)
    return 0 if flat else 1


if __name__ == "__main__":
    sys.exit(main())
