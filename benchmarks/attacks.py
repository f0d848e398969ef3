"""What one visitor can do to the others, and to the server's memory.

    python -m benchmarks.attacks [--only NAME ...] [--project DIR] [--settle 180]

Each attack is a small program that ends by itself, against a dashboard of its own on the loopback.
A victim uploads a photo alone, then while ten visits (or as many as are named) attack, and once
more when the attack is over. What has to hold: the victim waits at most three times as long as
alone and is never refused; all processes of the server together take at most 1.5 GB; three minutes
later the memory is back within a tenth. `--project` attacks another checkout, for comparison.
"""

import argparse
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.attack_pictures import (
    MEGABYTE,
    PICTURES,
    forty_eight_megapixels,
    packed_photos,
    photo,
    slow_pictures,
    twelve_megapixels,
)
from devtools.raw_visit import RawVisit

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
STARTUP_SECONDS = 60.0
ATTACK_SECONDS = 60.0
MOST_TIMES, MOST_MEGABYTES, MOST_GROWTH = 3.0, 1536, 1.1

Attack = Callable[[str, threading.Event], None]


@dataclass(frozen=True)
class Result:
    """One attack.

    Attributes:
        alone, attacked: seconds that the victim waits for labels; the worst of those attacked.
        refused: what the victim was refused, in the page's words.
        before, peak, after: megabytes of all processes of the server.
    """

    attack: str
    alone: float
    attacked: float
    refused: list[str]
    before: float
    peak: float
    after: float

    def failures(self) -> list[str]:
        found = [f"refused: {words}" for words in self.refused]
        if self.attacked > MOST_TIMES * self.alone:
            found.append(f"{self.attacked / self.alone:.1f} times as long as alone")
        if self.peak > MOST_MEGABYTES:
            found.append(f"{self.peak:.0f} MB")
        if self.after > MOST_GROWTH * self.before:
            found.append(f"memory stays at {self.after:.0f} MB")
        return found


# --- attacks -------------------------------------------------------------------------------------


ATTACKERS: set[RawVisit] = set()


@contextmanager
def attacking(address: str, page: str = "upload") -> Iterator[RawVisit]:
    """A visit that is closed when the attack is over, whatever it waits for then."""
    with RawVisit(address, page) as visit:
        ATTACKERS.add(visit)
        yield visit


def visits(count: int, one: Callable[[int], None], stop: threading.Event) -> None:
    """As many visits at once, each again and again until `stop`."""

    def repeat(number: int) -> None:
        turn = 0
        while not stop.is_set():
            with suppress(OSError, TimeoutError, RuntimeError, Exception):
                one(number + 1000 * turn)
            turn += 1

    threads = [threading.Thread(target=repeat, args=(n,), daemon=True) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=ATTACK_SECONDS + 30)


def detailed(address: str, stop: threading.Event) -> None:
    """24 visits with one large photo each, on Detailed."""
    pictures = twelve_megapixels()

    def one(number: int) -> None:
        with attacking(address) as visit:
            page = visit.run()
            visit.give(page, [("large.jpg", pictures[number % 24])])
            page = visit.run()
            while not stop.is_set():
                visit.choose(page, "quality", 1)
                page = visit.run()
                if page.problems():
                    stop.wait(1)

    visits(24, one, stop)


def slow_pngs(address: str, stop: threading.Event) -> None:
    """Ten visits that upload 16-bit interlaced PNGs of 64 megapixels, one after the other."""
    pictures = slow_pictures()

    def one(number: int) -> None:
        with attacking(address) as visit:
            visit.give(visit.run(), [(f"{number}.png", pictures[number % 10])])
            visit.run()

    visits(10, one, stop)


def uploads(address: str, stop: threading.Event) -> None:
    """One visit that uploads 60 files of 25 MB."""
    data = os.urandom(24 * MEGABYTE)
    with attacking(address) as visit:
        page = visit.run()
        for number in range(60):
            if stop.is_set():
                return
            visit.give(page, [(f"{number}.jpg", data)])
        stop.wait()


def many_uploads(address: str, stop: threading.Event) -> None:
    """Ten visits that upload files of 25 MB, as many as they can."""
    data = os.urandom(24 * MEGABYTE)

    def one(number: int) -> None:
        with attacking(address) as visit:
            page = visit.run()
            for _ in range(10):
                visit.give(page, [(f"{number}.jpg", data)])
            stop.wait()

    visits(10, one, stop)


def archives(address: str, stop: threading.Event) -> None:
    """One visit with four ZIP files of 9 MB that unpack to 190 MB each."""
    packed = [(f"{number}.zip", packed_photos(number)) for number in range(4)]
    with attacking(address) as visit:
        visit.give(visit.run(), packed)
        visit.run()
        stop.wait()


def large_photos(address: str, stop: threading.Event) -> None:
    """Ten visits with three photos of 48 megapixels each, looked at one after the other."""
    pictures = forty_eight_megapixels()

    def one(number: int) -> None:
        with attacking(address) as visit:
            first = 3 * (number % 10)
            visit.give(visit.run(), [(f"{k}.jpg", pictures[first + k]) for k in range(3)])
            page = visit.run()
            for k in range(3):
                with suppress(StopIteration):
                    visit.press(page, f"{k}\\.jpg")
                    page = visit.run()
            stop.wait()

    visits(10, one, stop)


def clear_cache(address: str, stop: threading.Event) -> None:
    """Ten visits that send Streamlit's clear_cache message ten times a second."""

    def one(number: int) -> None:
        with attacking(address) as visit:
            while not stop.wait(0.1):
                visit.send(clear_cache=True)

    visits(10, one, stop)


def half_sent(address: str, stop: threading.Event) -> None:
    """1,100 requests that are never finished, half of them in the headers, half in the body."""
    host, port = urlsplit(address).hostname, urlsplit(address).port
    assert host is not None and port is not None
    head = f"PUT /_stcore/upload_file/a/b HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 999999"
    with ExitStack() as stack:
        for number in range(1100):
            if stop.is_set():
                return
            with suppress(OSError):
                one = stack.enter_context(socket.create_connection((host, port), timeout=2))
                one.sendall(head.encode() + (b"\r\n\r\nx" if number % 2 else b""))
        stop.wait()


def guessing(address: str, stop: threading.Event) -> None:
    """Ten visits that guess the admin's token as fast as they can."""

    def one(number: int) -> None:
        with attacking(address, "admin") as visit:
            page = visit.run()
            while not stop.is_set():
                visit.set(page.of("text_input")[0].id, string_value=f"guess {number}")
                visit.press(page, "Sign in")
                page = visit.run()

    visits(10, one, stop)


ATTACKS: dict[str, Attack] = {
    attack.__name__: attack
    for attack in (
        detailed,
        slow_pngs,
        uploads,
        many_uploads,
        archives,
        large_photos,
        clear_cache,
        half_sent,
        guessing,
    )
}


# --- measuring -----------------------------------------------------------------------------------


def upload_once(address: str, seed: int) -> tuple[float, list[str]]:
    """Seconds until a visitor has the labels of a photo, page included, and what went wrong."""
    data = photo(seed, 1280, 960)
    started = time.monotonic()
    try:
        with RawVisit(address) as visit:
            page = visit.run()
            statuses = visit.give(page, [("street.jpg", data)])
            page = visit.run()
            problems = page.problems()
            problems += [f"upload refused, status {one}" for one in statuses if one > 299]
            if not page.of("dataframe") and not problems:
                problems.append("no labels came")
    except Exception as error:  # whatever it is, the victim has no labels
        problems = [f"{type(error).__name__}: {error}"]
    return time.monotonic() - started, problems


def megabytes(pid: int) -> float:
    """What the server and all that it has started take; what they share counts once."""
    total, waiting = 0, [pid]
    while waiting:
        one = waiting.pop()
        try:
            for task in Path(f"/proc/{one}/task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
            total += int(next(line for line in lines if line.startswith("Pss:")).split()[1])
        except (OSError, StopIteration):  # it has ended
            continue
    return total / 1024


class Watch:
    """Looks at the server's memory twice a second."""

    def __init__(self, pid: int) -> None:
        self.peak, self._pid, self._end = 0.0, pid, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._end.wait(0.5):
            self.peak = max(self.peak, megabytes(self._pid))

    def end(self) -> None:
        self._end.set()
        self._thread.join()


@contextmanager
def dashboard(project: Path, artifacts: Path, log: Path, port: int) -> Iterator[tuple[str, int]]:
    """Address and process id of a dashboard on the loopback."""
    address = f"http://127.0.0.1:{port}"
    command = [PYTHON, "-m", "streamlit", "run", "dashboard.py", "--server.headless", "true"]
    command += ["--server.address", "127.0.0.1", "--server.port", str(port)]
    environment = {**os.environ, "SEGCORE_ARTIFACTS": str(artifacts)}
    with open(log, "wb") as output:
        server = subprocess.Popen(
            command, cwd=project, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _wait_for(f"127.0.0.1:{port}", server)
        yield address, server.pid
    finally:
        server.terminate()
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()


def _wait_for(host: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTUP_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            connection = http.client.HTTPConnection(host, timeout=2)
            connection.request("GET", "/_stcore/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the dashboard does not start; its log says why")


def measure(name: str, address: str, pid: int, settle: float) -> Result:
    """The victim alone, under attack, and the memory afterwards."""
    upload_once(address, 1)  # the first builds the networks
    alone = sorted(upload_once(address, seed)[0] for seed in (2, 3, 4))[1]
    if name in PICTURES:
        PICTURES[name]()
    before = megabytes(pid)
    stop, watch = threading.Event(), Watch(pid)
    attacker = threading.Thread(target=ATTACKS[name], args=(address, stop), daemon=True)
    attacker.start()
    ends, seed, times, refused = time.monotonic() + ATTACK_SECONDS, 100, [], []
    time.sleep(5)
    while time.monotonic() < ends:
        seconds, problems = upload_once(address, seed)
        times.append(seconds)
        refused += problems
        seed += 1
        time.sleep(2)
    stop.set()
    for visit in [*ATTACKERS]:
        visit.close()
    ATTACKERS.clear()
    attacker.join(timeout=60)
    watch.end()
    time.sleep(settle)
    after = megabytes(pid)
    return Result(name, alone, max(times), sorted(set(refused)), before, watch.peak, after)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=ATTACKS, default=list(ATTACKS))
    parser.add_argument("--project", type=Path, default=ROOT, help="the checkout to attack")
    parser.add_argument("--settle", type=float, default=180.0, help="seconds to wait afterwards")
    parser.add_argument("--port", type=int, default=8630)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    results = []
    for name in options.only:
        with tempfile.TemporaryDirectory() as folder:
            artifacts = Path(folder) / "artifacts"
            for card in (options.project / "artifacts" / "runs").glob("*/MODEL_CARD.md"):
                shutil.copytree(card.parent, artifacts / "runs" / card.parent.name)
            log = Path(folder) / "server.log"
            with dashboard(options.project, artifacts, log, options.port) as (address, pid):
                found = measure(name, address, pid, options.settle)
        results.append(found)
        print(
            f"{name}: {found.alone:.1f} s alone, {found.attacked:.1f} s attacked; "
            f"{found.before:.0f} MB before, {found.peak:.0f} at most, {found.after:.0f} later; "
            f"{'; '.join(found.failures()) or 'holds'}",
            flush=True,
        )
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in results], indent=2) + "\n")
    return 1 if any(one.failures() for one in results) else 0


if __name__ == "__main__":
    sys.exit(main())
