"""What a visitor waits for: the first page, the next page, another image; and what it weighs.

    python -m benchmarks.pages [--data streets] [--rounds 10] [--visitors 8] [--starts 5]

A server of its own and headless Chromium, on the same cores; beside it, by turns, a bare Streamlit
app, which is what nobody can go below. A page counts as shown when its script has ended and the
browser has drawn twice since. The bytes are those that came over the network for it: the page's own
first visit includes Streamlit's scripts, the next pages only what is theirs.
"""

import compileall
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, Page, ViewportSize

from benchmarks.figures import Figure, figure_of, parser_of, tell
from devtools.live_dashboard import (
    PAGE_BYTES,
    PATIENCE_MS,
    Traffic,
    chromium,
    labelled,
    running_dashboard,
    settle,
)
from segcore.data.sources import open_source
from segcore.prediction.conversion import convert
from segcore.runs import champions
from segcore.runs.data_sets import read_identity
from segcore.settings import artifacts_dir

BARE = "benchmarks/bare_pages.py"
BARE_PAGES = ("Two", "One")
WINDOW: ViewportSize = {"width": 1440, "height": 900}
PAGES = ("Overview", "Compare", "Evaluation", "Training", "Dataset", "Upload", "Admin")
# Both are walked through from their last page on: a click on the page shown changes no heading.
NEXT = ("Next", "button", "masks")
LOOK_MS = 1500
CLICK_AND_WAIT = """async ([label, role, until, rounds, patience]) => {
  const app = document.querySelector('[data-testid=stApp]');
  const running = () => app.dataset.testScriptState !== 'notRunning';
  const mask = () => {  // the canvas of the second model, inside the viewer's own tree
    const hosts = '[data-testid^=stBidi], [data-testid^=stBidi] *';
    for (const host of document.querySelectorAll(hosts)) {
      const panel = host.shadowRoot?.querySelector("figure[data-panel='b']");
      if (panel && !panel.querySelector('.pending')) return panel.querySelector('canvas');
    }
  };
  let ended = 0;  // runs of the script: a short one is over before a poll sees it
  const watch = new MutationObserver(() => { if (!running()) ended += 1; });
  watch.observe(app, {attributes: true, attributeFilter: ['data-test-script-state']});
  const heading = () => document.querySelector('h1')?.innerText;
  const poll = (holds) => new Promise((done) => {
    const look = () => holds() ? done() : setTimeout(look, 2);
    look();
  });
  const drawn = () => new Promise((done) =>
    requestAnimationFrame(() => requestAnimationFrame(done)));
  const spent = [];
  let step;  // what is waited for, said where it does not come
  const click = async () => {
    const before = mask(), title = heading();
    ended = 0;
    const started = performance.now();
    step = 'the click';
    [...document.querySelectorAll(role)].find((one) =>
      one.innerText.split('\\n').some((line) => line.trim() === label)).click();
    step = until;
    if (until === 'masks') await poll(() => mask() && mask() !== before);
    else  // a page of one line may come and end in one step, of which only its heading tells
      await poll(() => ended || (!running() && heading() && heading() !== title));
    step = 'two frames';
    await drawn();
    spent.push(performance.now() - started);
    step = 'the end of the script';
    await poll(() => !running());
  };
  const limit = () => new Promise((_, fail) => setTimeout(() => fail(new Error(
    `no ${step} ${patience} ms after a click on ${label}: ` + JSON.stringify({
      clicks: spent.length, ended, running: running(), heading: heading(), mask: !!mask(),
      url: location.href, visible: document.visibilityState,
      shown: document.querySelector('[data-testid=stStatusWidget]')?.innerText,
    }))), patience));
  for (let round = 0; round < rounds; round++) await Promise.race([click(), limit()]);
  watch.disconnect();
  return spent;
}"""
"""Clicks again and again; milliseconds until the page, or the second model's mask, was drawn.

Fails, saying what did not come, where a click takes longer than a visitor's patience.
"""


@contextmanager
def server(app: str = "dashboard.py") -> Iterator[str]:
    with (
        tempfile.TemporaryDirectory() as folder,
        running_dashboard(artifacts_dir(), Path(folder) / "server.log", app) as address,
    ):
        yield address


def start(app: str = "dashboard.py") -> tuple[float, float]:
    """Seconds from a server's start until its first page can be read; until it has both masks."""
    with chromium() as browser:
        started = time.perf_counter()
        with server(app) as address:
            page = browser.new_page(viewport=WINDOW)
            page.goto(address)
            page.get_by_role("heading", level=1).wait_for()
            readable = time.perf_counter() - started
            if app != BARE:
                labelled(page)
            return readable, time.perf_counter() - started


def navigation(
    page: Page, pages: Sequence[str], rounds: int
) -> tuple[dict[str, list[float]], dict[str, int]]:
    """Milliseconds from a click on a page's name until it is drawn, and its bytes, both warm."""
    traffic = Traffic(page)
    spent: dict[str, list[float]] = {name: [] for name in pages}
    weight: dict[str, int] = {}
    for number in range(rounds + 1):
        for name in pages:
            with traffic.counted(weight, name):
                milliseconds = page.evaluate(CLICK_AND_WAIT, [name, "a", "page", 1, PATIENCE_MS])
                settle(page)
            if number:  # the first round warms up
                spent[name] += milliseconds
    return spent, weight


def open_compare(page: Page, address: str, data: str, number: int) -> None:
    """Compare, at the NUMBER-th image of the validation split."""
    keys = [item.key for item in open_source(data).items("val")]
    page.goto(f"{address}/compare?data={data}&image={keys[number % len(keys)]}")
    settle(page)
    labelled(page)


def next_pictures(page: Page, rounds: int, look_ms: float) -> list[float]:
    """Milliseconds from a click on Next until both models' masks are drawn.

    Args:
        look_ms: how long the visitor looks at an image before the next click.
    """
    spent: list[float] = []
    for _ in range(rounds):
        page.wait_for_timeout(look_ms)
        spent += page.evaluate(CLICK_AND_WAIT, [*NEXT, 1, PATIENCE_MS])
    labelled(page)
    return spent


def together(browser: Browser, address: str, data: str, visitors: int, rounds: int) -> list[float]:
    """As `next_pictures`, for visitors who all ask at once, each for images of their own."""
    pages = [browser.new_context().new_page() for _ in range(visitors)]
    for number, page in enumerate(pages, start=1):
        open_compare(page, address, data, number * (rounds + 1))
    for page in pages:
        page.evaluate(
            f"args => {{ window.spent = ({CLICK_AND_WAIT})(args); }}",
            [*NEXT, rounds, PATIENCE_MS],
        )
    return [value for page in pages for value in page.evaluate("() => window.spent")]


def be_no_newcomer(data: str) -> None:
    """Makes what a dashboard finds that has served before: bytecode, and converted champions."""
    for place in ("pages", "segcore"):  # Python keeps it too, unless told not to
        compileall.compile_dir(ROOT / place, quiet=1)
    for run in champions(read_identity(data)).values():
        convert(run)


def measure(data: str, rounds: int, visitors: int, starts: int) -> list[Figure]:
    turns = [(start(), start(BARE)) for _ in range(starts)]
    with chromium() as browser, server() as address:
        page = browser.new_page(viewport=WINDOW)
        open_compare(page, address, data, 0)
        looked_at = next_pictures(page, rounds, LOOK_MS)
        hurried = next_pictures(page, rounds, 0)
        page.goto(f"{address}/{PAGES[-1].lower()}?data={data}")
        settle(page)
        spent, weight = navigation(page, PAGES, rounds)
        page.close()
        crowd = together(browser, address, data, visitors, rounds)
    with chromium() as browser, server(BARE) as address:
        page = browser.new_page(viewport=WINDOW)
        page.goto(address)
        settle(page)
        bare, _ = navigation(page, BARE_PAGES, rounds)
    readable, masks = zip(*(ours for ours, _ in turns), strict=True)
    return [
        figure_of(
            "from the server's start to a readable first page", readable, "s", wanted="under 2 s"
        ),
        figure_of("the same, a bare Streamlit page", [first for _, (first, _) in turns], "s"),
        figure_of("to both masks of the first image", masks, "s", wanted="under 4 s"),
        p95("another page, 95 % within", chained(spent), wanted="under 300 ms"),
        p95("the same, bare Streamlit pages", chained(bare)),
        *(figure_of(f"{name}", times, "ms") for name, times in spent.items()),
        figure_of(
            f"another image, both masks, {LOOK_MS / 1000:g} s after the last",
            looked_at,
            "ms",
            wanted="under 400 ms",
        ),
        figure_of("the same, clicked at once", hurried, "ms"),
        figure_of(f"the same, {visitors} visitors at once", crowd, "ms"),
        Figure(
            f"{visitors} visitors: 95 % within / half within",
            p95("", crowd).value / statistics.median(crowd),
            wanted="2 or less",
        ),
        *(Figure(f"{name}, sent", size / 1000, "kB") for name, size in weight.items()),
        Figure(
            "the largest page, sent",
            max(weight.values()) / 1000,
            "kB",
            wanted=f"under {PAGE_BYTES // 1000:,} kB",
        ),
    ]


def chained(spent: dict[str, list[float]]) -> list[float]:
    return [milliseconds for times in spent.values() for milliseconds in times]


def p95(what: str, times: list[float], wanted: str = "") -> Figure:
    cuts = statistics.quantiles(times, n=20, method="inclusive")
    return Figure(what, cuts[-1], "ms", wanted=wanted)


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--data", default="streets", help="data set whose champions are shown")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--visitors", type=int, default=8)
    parser.add_argument("--starts", type=int, default=5)
    options = parser.parse_args()
    be_no_newcomer(options.data)
    found = measure(options.data, options.rounds, options.visitors, options.starts)
    tell(found, options.json)


if __name__ == "__main__":
    main()
