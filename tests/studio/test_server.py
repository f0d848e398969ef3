"""What the server does on the side, and that it ends."""

import os
import socket
import time
import tomllib
import weakref
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import streamlit
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.session_manager import SessionInfo

from devtools.live_dashboard import ROOT, running_dashboard
from devtools.raw_visit import RawVisit
from studio.server.lifespan import FORGETTING_SECONDS, forget_closed_visits


class Visit:
    """Stands for a session, which refers to itself as Streamlit's do."""

    def __init__(self) -> None:
        self.id, self.photo, self.own = "visit", bytes(1000), self
        self.session_state, self.ended = {"photo": self.photo}, False

    def shutdown(self) -> None:
        self.ended = True


def closed(storage: MemorySessionStorage) -> "weakref.ref[Visit]":
    visit = Visit()
    storage.save(SessionInfo(client=None, session=cast(Any, visit), script_run_count=1))
    return weakref.ref(visit)


def test_a_closed_visit_is_gone_without_another_one_closing() -> None:
    storage = MemorySessionStorage(ttl_seconds=0)
    visit = closed(storage)
    assert visit() is not None
    assert forget_closed_visits(storage) == 1
    assert visit() is None


def test_what_a_closed_visit_held_is_gone_within_two_minutes() -> None:
    configured = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["server"]
    assert configured["disconnectedSessionTTL"] + FORGETTING_SECONDS <= 120


def test_a_visit_is_emptied_though_somebody_still_refers_to_it() -> None:
    storage = MemorySessionStorage(ttl_seconds=0)
    visit = closed(storage)()
    assert visit is not None and forget_closed_visits(storage) == 1
    assert visit.ended and not visit.session_state


def test_who_may_come_back_finds_the_visit_as_it_was() -> None:
    storage = MemorySessionStorage(ttl_seconds=60)
    visit = closed(storage)
    assert forget_closed_visits(storage) == 0
    found = storage.get("visit")
    assert found is not None and found.session is cast(Any, visit())


def test_the_server_ends_though_a_visitor_went_to_sleep_amid_a_download(tmp_path: Path) -> None:
    scripts = (Path(streamlit.__file__).parent / "static" / "static" / "js").glob("*.js")
    largest = max(scripts, key=lambda path: path.stat().st_size).name
    with running_dashboard(tmp_path / "artifacts", tmp_path / "server.log") as address:
        sleeper = socket.create_connection((urlsplit(address).hostname, urlsplit(address).port))
        sleeper.sendall(f"GET /static/js/{largest} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert sleeper.recv(1)  # and reads no further; what is left fits in no buffer
    sleeper.close()  # not before: leaving the block told the server to end, and waited for it


def test_an_upload_is_never_on_a_disk(tmp_path: Path) -> None:
    """Over HTTP: with most of a file received, the server has no file open that it could be in."""
    with (
        running_dashboard(tmp_path / "artifacts", tmp_path / "server.log") as address,
        RawVisit(address) as visit,
        ExitStack() as stack,
    ):
        visit.run()
        place = urlsplit(address).hostname, urlsplit(address).port
        sender = stack.enter_context(socket.create_connection(place))
        data = os.urandom(5 << 20)
        head = b'--XX\r\nContent-Disposition: form-data; name="f"; filename="a.png"\r\n\r\n'
        body = head + data + b"\r\n--XX--\r\n"
        lines = [
            f"PUT /_stcore/upload_file/{visit.session}/some-id HTTP/1.1",
            f"Host: {urlsplit(address).netloc}",
            f"Cookie: {visit.cookie}",
            f"X-Xsrftoken: {visit.cookie.partition('=')[2]}",
            "Content-Type: multipart/form-data; boundary=XX",
            f"Content-Length: {len(body)}",
        ]
        sender.sendall("\r\n".join([*lines, "", ""]).encode() + body[:-100_000])
        time.sleep(1.0)  # what is received late is looked for in vain, at worst
        assert not [
            name for name in large_files(place[1]) if "(deleted)" in name or "/tmp/" in name
        ]
        sender.sendall(body[-100_000:])
        assert b" 204 " in sender.recv(100)


def large_files(port: int | None) -> list[str]:
    """What the dashboard at that port has open, of a megabyte or more: an empty temporary file is
    what a library's output goes to while it is imported."""
    own = os.getpid()
    servers = [
        child
        for child in Path(f"/proc/{own}/task/{own}/children").read_text().split()
        if f"\0{port}\0".encode() in Path(f"/proc/{child}/cmdline").read_bytes()
    ]
    assert servers
    found = []
    for link in [link for server in servers for link in Path(f"/proc/{server}/fd").iterdir()]:
        with suppress(OSError):
            if link.stat().st_size >= 1 << 20:
                found.append(os.readlink(link))
    return found
