"""How smoothly the linked viewer pans and zooms at Cityscapes' size, and what it is sent.

    python -m benchmarks.viewer [--seconds 3]

Frames a second in a headless Chromium, which draws in software: a screen's own graphics do better.
The image is a rendered street at 2048x1024 with noise over it, harder to compress than a
photograph; the masks are its truth with mistakes.
"""

import json
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np
from playwright.sync_api import Page

from benchmarks.figures import Figure, parser_of, tell
from devtools.live_dashboard import chromium
from segcore.data.sources.streets import render_scene
from segcore.images import resize_image
from segcore.labels import CITYSCAPES
from studio.viewer import Panel, difference_panels, outcome_panel
from studio.viewer.viewer import payload
from tests.studio.mounted_viewer import open_viewer

SIZE = (1024, 2048)
WIDTH = 1060  # of the viewer in a window of 1440 beside the sidebar

FRAMES = """async ([x, y, kind, seconds]) => {
  const canvas = document.querySelector("figure[data-panel='a'] canvas");
  const times = [];
  const until = performance.now() + 1000 * seconds;
  for (let step = 0; performance.now() < until; step++) {
    const swing = Math.sin(step / 15);
    const place = { clientX: x + 80 * swing, clientY: y + 40 * swing, pointerId: 1, bubbles: true };
    canvas.dispatchEvent(kind === "pan" ? new PointerEvent("pointermove", place)
      : new WheelEvent("wheel", { ...place, deltaY: 20 * Math.cos(step / 15), ctrlKey: true }));
    times.push(await new Promise((done) => requestAnimationFrame(done)));
  }
  return times;
}"""


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each movement")
    options = parser.parse_args()
    image, panels = make_picture()
    started = time.perf_counter()
    data = payload("benchmark", image, panels, CITYSCAPES, has_others=True)
    made = 1000 * (time.perf_counter() - started)
    sent = len(json.dumps(data)) / 1e6
    figures = [
        Figure("sent for an image with all that is shown of it", sent, "MB", wanted="under 3 MB"),
        Figure("encoded in", made, "ms"),
    ]
    rates = []
    with chromium() as browser:
        page = browser.new_page(viewport={"width": WIDTH, "height": 1200})
        started = time.perf_counter()
        open_viewer(page, data)
        figures.append(Figure("shown in", 1000 * (time.perf_counter() - started), "ms"))
        for arrangement in ("panels", "swipe"):
            page.get_by_label("Arrangement").select_option(arrangement)
            for kind in ("pan", "zoom"):
                frames, slowest = measure(page, arrangement, kind, options.seconds)
                rates.append(frames)
                what = f"{arrangement}, {kind}"
                figures += [
                    Figure(what, frames, "frames/s"),
                    Figure(f"{what}: 95 % of the frames within", slowest, "ms"),
                ]
    slowest_way = "pan and zoom, panels and swipe: the slowest"
    figures.append(Figure(slowest_way, min(rates), "frames/s", wanted="30 or more"))
    tell(figures, options.json)


def make_picture() -> tuple[np.ndarray, list[Panel]]:
    """An image with everything that there is to show of one."""
    random = np.random.default_rng(0)
    image, truth = render_scene(7, SIZE)
    noise = random.normal(0, 4, image.shape)
    image = np.clip(image + noise, 0, 255).astype(np.uint8)
    masks = [with_mistakes(truth, random) for _ in range(2)]
    scores = [smooth(random, SIZE) for _ in range(4)]
    sides = (("a", "A · U-Net"), ("b", "B · DANet"))
    panels = [
        Panel("photo", "Image"),
        Panel("truth", "Truth", truth),
        outcome_panel(truth, masks, CITYSCAPES),
        *difference_panels(masks),
        *(
            Panel(side, title, mask, confidence=sure, entropy=torn)
            for (side, title), mask, sure, torn in zip(
                sides, masks, scores[:2], scores[2:], strict=True
            )
        ),
    ]
    return image, panels


def with_mistakes(truth: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Its edges moved, and blobs of other labels: as ragged as a prediction."""
    moved = np.roll(truth, random.integers(-6, 7, 2), (0, 1))
    wrong = smooth(random, truth.shape, cells=64) > 0.75
    return np.where(wrong, np.roll(truth, 300, 1), moved).astype(np.uint8)


def smooth(random: np.random.Generator, size: tuple[int, ...], cells: int = 16) -> np.ndarray:
    """(H, W) float32 from 0 to 1 that changes slowly, as a confidence does."""
    coarse = random.integers(0, 256, (cells, 2 * cells, 3), np.uint8)
    fine = resize_image(coarse, (size[0], size[1]))[..., 0]
    grain = random.normal(0, 2, fine.shape)
    return (np.clip(fine + grain, 0, 255) / 255).astype(np.float32)


def measure(page: Page, arrangement: str, kind: str, seconds: float) -> tuple[float, float]:
    """Frames a second and the 95th percentile of a frame's milliseconds while it moves."""
    page.get_by_label("Whole image").click()
    side = "swipe" if arrangement == "swipe" else "a"
    box = page.locator(f"figure[data-panel='{side}'] canvas").bounding_box()
    assert box is not None
    x, y = box["x"] + 0.7 * box["width"], box["y"] + box["height"] / 2
    for _ in range(4):
        page.get_by_label("Zoom in").click()
    page.mouse.move(x, y)
    if kind == "pan":
        page.mouse.down()
    times = page.evaluate(FRAMES.replace("data-panel='a'", f"data-panel='{side}'"),
                          [x, y, kind, seconds])  # fmt: skip
    page.mouse.up()
    middle = page.locator(".viewer").get_attribute("data-x")
    assert middle != "0.5000", "nothing moved"
    taken = np.diff(times)
    return 1000 / float(taken.mean()), float(np.percentile(taken, 95))


if __name__ == "__main__":
    main()
