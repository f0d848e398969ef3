"""What the server does on the side."""

import weakref
from typing import Any, cast

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
