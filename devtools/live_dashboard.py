"""The dashboard as a visitor meets it: a server of its own and a real Chromium."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
STARTUP_SECONDS = 60
PATIENCE_MS = 120_000  # the first prediction waits for TensorFlow on a busy machine
PAGE_BYTES = 1_000_000
"""What a page may send to a browser that has Streamlit's own scripts already."""

expect.set_options(timeout=PATIENCE_MS)


def find_chromium() -> str | None:
    """An installed Chromium or Chrome; none is ever downloaded."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    return None


@contextmanager
def running_dashboard(
    artifacts: Path, log: Path, app: str = "dashboard.py", engine: str | None = None
) -> Iterator[str]:
    """Address of a server on a free port of the loopback interface; ended on leaving.

    Args:
        engine: what labels images, if not what SEGCORE_ENGINE says here.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", app]
    options = {
        "server.address": "127.0.0.1",
        "server.port": str(port),
        "server.headless": "true",
        "server.fileWatcherType": "none",
    }
    command += [part for name, value in options.items() for part in (f"--{name}", value)]
    environment = {**os.environ, "SEGCORE_ARTIFACTS": str(artifacts)}
    if engine is not None:
        environment["SEGCORE_ENGINE"] = engine
    with open(log, "wb") as output:
        server = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_until_healthy(address, server)
            yield address
        finally:
            server.terminate()
            server.wait(timeout=20)


def _wait_until_healthy(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTUP_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=2).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.02)
    raise RuntimeError("the dashboard did not start")


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def settle(page: Page) -> None:
    """Waits until the page has stopped running and shows no exception."""
    app = page.get_by_test_id("stApp")
    expect(app).to_be_visible(timeout=PATIENCE_MS)
    page.wait_for_timeout(500)
    # Not by the widget that says so: it shows only some time after the script has begun.
    expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENCE_MS)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def labelled(page: Page) -> None:
    """Both models' images are there, each with the time it took."""
    for side in ("a", "b"):
        expect(page.locator(f"[data-panel='{side}']").first).to_contain_text(re.compile(r"\d m?s"))


class Traffic:
    """Bytes that reach a page, by HTTP and by Streamlit's WebSocket."""

    def __init__(self, page: Page) -> None:
        self.bytes = 0
        client = page.context.new_cdp_session(page)
        client.send("Network.enable")
        client.on("Network.dataReceived", lambda event: self._add(event["encodedDataLength"]))
        client.on(
            "Network.webSocketFrameReceived",
            lambda event: self._add(3 * len(event["response"]["payloadData"]) // 4),  # base64
        )

    def _add(self, count: int) -> None:
        self.bytes += count

    @contextmanager
    def counted(self, into: dict[str, int], name: str) -> Iterator[None]:
        before = self.bytes
        yield
        into[name] = self.bytes - before
