"""What the server does on the side, and that it ends."""

import socket
import weakref
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import streamlit
from live_dashboard import running_dashboard
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.session_manager import SessionInfo

from pages.shared.server import forget_closed_visits


class Visit:
    """Stands for a session, which refers to itself as Streamlit's do."""

    def __init__(self) -> None:
        self.id, self.photo, self.own = "visit", bytes(1000), self


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
