"""Many visitors at once, each with photos of their own, in real browsers.

    python benchmarks/visitors.py --visitors 20 --photos 10

Each visitor uploads photos and has all of them labelled. What has to hold: no error on any page,
every mask is the one that the same network gives for that photo alone, and the server's memory is
back within a tenth afterwards of what it was when warm.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np
from PIL import Image
from playwright.async_api import Browser, async_playwright, expect

from devtools.live_dashboard import FLAGS, find_chromium, running_dashboard
from segcore.data.sources.streets import render_scene
from segcore.images import decode_image, encode_png
from segcore.prediction.loading import load_predictor
from segcore.runs import champions
from segcore.settings import artifacts_dir

SIZE = (300, 400)
PATIENCE_MS = 1_800_000
AFTERWARDS_SECONDS = 180  # sessions of closed browsers end after about two minutes


@dataclass(frozen=True)
class Visit:
    """What one visitor met: seconds to the first labels and to all of them, and what was wrong."""

    first_seconds: float
    seconds: float
    problems: list[str]


async def visit(browser: Browser, address: str, number: int, photos: list[bytes]) -> Visit:
    """Uploads the photos, has all of them labelled, and compares the masks with the truth."""
    context = await browser.new_context()
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    await page.goto(f"{address}/upload?data=streets")
    uploader = page.locator(".st-key-photo-drop input[type=file]")
    await uploader.wait_for(state="attached")
    started = time.monotonic()
    await uploader.set_input_files(
        [
            {"name": f"{index}.png", "mimeType": "image/png", "buffer": photo}
            for index, photo in enumerate(photos)
        ]
    )
    every = page.get_by_role("button", name=f"Label all {len(photos)} photos")
    await every.wait_for()
    first = time.monotonic() - started
    await every.click()
    button = page.get_by_role("button", name="All results as a ZIP file")
    await button.wait_for()
    seconds = time.monotonic() - started
    problems = [await alert.inner_text() for alert in await page.get_by_test_id("stAlert").all()]
    problems += ["an exception on the page"] * await page.get_by_test_id("stException").count()
    async with page.expect_download() as download:
        await button.click()
    problems += wrong_masks(Path(await (await download.value).path()), photos)
    await context.close()
    return Visit(first, seconds, [f"visitor {number}: {problem}" for problem in problems])


def wrong_masks(bundle: Path, photos: list[bytes]) -> list[str]:
    """The photos whose masks differ from what each network gives for the photo alone."""
    wrong = []
    with zipfile.ZipFile(bundle) as archive:
        for index, photo in enumerate(photos, start=1):
            for slug, labels in EXPECTED[photo].items():
                entry = archive.read(f"photo-{index:03}/{slug}_labelIds.png")
                found = np.asarray(Image.open(BytesIO(entry)))
                # Another thread count may turn a pixel; another photo turns thousands.
                if found.shape != labels.shape or (found != labels).mean() > 1e-3:
                    wrong.append(f"photo {index}, {slug}: a mask that is not its own")
    return wrong


EXPECTED: dict[bytes, dict[str, np.ndarray]] = {}


def expect_masks(photos: list[bytes]) -> None:
    """Labels each photo here, one after the other."""
    families = champions("streets")
    for letter, family in zip("ab", ("unet", "danet"), strict=True):
        predictor = load_predictor(families[family])
        for photo in photos:
            labels = predictor.predict(decode_image(photo)).labels
            EXPECTED.setdefault(photo, {})[f"{letter}-{families[family].model}"] = labels


def server_megabytes() -> float:
    """Memory of the dashboard that this process has started."""
    own = os.getpid()
    children = Path(f"/proc/{own}/task/{own}/children").read_text().split()
    for child in children:
        if b"streamlit" in Path(f"/proc/{child}/cmdline").read_bytes():
            lines = Path(f"/proc/{child}/status").read_text().splitlines()
            return int(next(line for line in lines if "VmRSS" in line).split()[1]) / 1024
    raise RuntimeError("the dashboard does not run")


async def measure(address: str, visitors: int, photos: list[list[bytes]]) -> int:
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=find_chromium(), args=list(FLAGS)
        )
        await visit(browser, address, 0, photos[0])
        warm = server_megabytes()
        print(f"warm: {warm:.0f} MB")
        started = time.monotonic()
        visits = await asyncio.gather(
            *(visit(browser, address, number, own) for number, own in enumerate(photos))
        )
        seconds = time.monotonic() - started
        busy = server_megabytes()
        await browser.close()
    firsts = sorted(one.first_seconds for one in visits)
    print(
        f"{visitors} visitors, {sum(map(len, photos))} photos in {seconds:.0f} s; first labels "
        f"after {firsts[len(firsts) // 2]:.1f} s in the middle, {firsts[-1]:.1f} s at worst"
    )
    await asyncio.sleep(AFTERWARDS_SECONDS)
    after = server_megabytes()
    print(f"memory: {busy:.0f} MB at the end, {after:.0f} MB {AFTERWARDS_SECONDS} s later")
    problems = [problem for one in visits for problem in one.problems]
    if after > 1.1 * warm:
        problems.append(f"memory stays at {after:.0f} MB, {warm:.0f} MB before")
    print("\n".join(problems) or "no problems")
    return 1 if problems else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visitors", type=int, default=20)
    parser.add_argument("--photos", type=int, default=10)
    options = parser.parse_args()
    scenes = (render_scene(900_000 + index, SIZE)[0] for index in range(1_000_000))
    photos = [
        [encode_png(next(scenes)) for _ in range(options.photos)] for _ in range(options.visitors)
    ]
    expect_masks([photo for own in photos for photo in own])
    with (
        tempfile.TemporaryDirectory() as folder,
        running_dashboard(artifacts_dir(), Path(folder) / "server.log") as address,
    ):
        return asyncio.run(measure(address, options.visitors, photos))


if __name__ == "__main__":
    sys.exit(main())
