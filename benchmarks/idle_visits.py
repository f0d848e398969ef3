"""What open visits cost that nobody looks at: memory of each, and whether a page slows.

    python -m benchmarks.idle_visits [--visits 500] [--rounds 5]

Each visit is a WebSocket as a browser's, which has the Overview shown and then stays open.
"""

import asyncio
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.figures import Figure, figure_of, parser_of, tell
from benchmarks.pages import WINDOW
from benchmarks.visitors import server_megabytes
from devtools.live_dashboard import FLAGS, find_chromium, running_dashboard
from segcore.settings import artifacts_dir

PAGES = ("dataset", "training", "compare")
AT_ONCE = 10


async def open_visit(address: str, turns: asyncio.Semaphore) -> ClientConnection:
    """A visit that has the Overview shown; it stays open."""
    async with turns:
        place = f"{address.replace('http', 'ws', 1)}/_stcore/stream"
        visit = await connect(place, origin=address, max_size=None, ping_interval=None)
        asked = BackMsg()
        asked.rerun_script.query_string = "data=streets"
        await visit.send(asked.SerializeToString())
        while True:
            told = ForwardMsg.FromString(await visit.recv())
            if told.WhichOneof("type") == "script_finished":
                return visit


async def measure(address: str, visits: int, rounds: int) -> list[Figure]:
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=find_chromium(), args=list(FLAGS)
        )
        page = await browser.new_page(viewport=WINDOW)

        async def walk() -> list[float]:
            spent = []
            for name in PAGES * rounds:
                await page.goto(f"{address}/{name}?data=streets")
                await page.get_by_role("heading", level=1).wait_for()
                spent.append(await page.evaluate("performance.now()"))
            return spent

        await walk()
        alone = await walk()
        turns = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(open_visit(address, turns) for _ in range(AT_ONCE)))
        before = server_megabytes()
        opened = await asyncio.gather(*(open_visit(address, turns) for _ in range(visits)))
        after = server_megabytes()
        beside = await walk()
        await asyncio.gather(*(visit.close() for visit in opened))
        await browser.close()
    return [
        figure_of("a page opened, alone", alone, "ms"),
        figure_of(f"the same beside {visits} visits", beside, "ms"),
        Figure(
            f"beside {visits} visits / alone",
            statistics.median(beside) / statistics.median(alone),
            wanted="1.5 or less",
        ),
        Figure("memory of an open visit", (after - before) / visits * 1000, "kB"),
    ]


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--visits", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_dashboard(artifacts_dir(), Path(folder) / "server.log") as address,
    ):
        found = asyncio.run(measure(address, options.visits, options.rounds))
    tell(found, options.json)


if __name__ == "__main__":
    main()
