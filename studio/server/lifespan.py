"""What the server does from its start on, before the first visitor comes."""

import asyncio
import gc
import threading
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st
from streamlit import runtime
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.pages_manager import PagesManager

from segcore.system import allocator
from studio.server import connections
from studio.visits.memory import STORE

OPENING_SECONDS = 1.0
"""Until the server answers; it starts to when `lifespan` has yielded."""

FORGETTING_SECONDS = 20.0


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """Has made ready what the first visitor needs, and minds the rest."""
    allocator.share_one_arena()
    allocator.hand_back_large_blocks()
    # `st.navigation` says the same, but not before a first page was drawn: until then a link to any
    # other page would be served from the folder pages/, without dashboard.py around it.
    PagesManager.uses_pages_directory = False
    stop = threading.Event()
    threading.Thread(target=_begin, args=(stop,), name="begin", daemon=True).start()
    tasks = [asyncio.create_task(_keep_forgetting())]
    server = connections.running_server()
    if server is not None:
        connections.set_up(server)
        tasks.append(asyncio.create_task(connections.end_idle_connections(server)))
    if not st.get_option("server.headless"):
        asyncio.get_running_loop().call_later(OPENING_SECONDS, _open_browser)
    yield
    for task in tasks:
        task.cancel()
    stop.set()


def _begin(stop: threading.Event) -> None:
    """Prints the admin's token, keeps a worker where one is due, and makes the first page ready.

    What it imports is imported here, while the server answers already: the first browser needs a
    second for Streamlit's own scripts.
    """
    gc.disable()  # it would look through all that is imported, again and again
    try:
        from studio.admin import gate

        gate.announce()  # before the rest is imported: an admin looks for it at once

        from segcore.jobs import worker
        from studio.server import warm_up
        from studio.widgets import named_data

        threading.Thread(target=worker.watch_queue, args=(stop,), name="queue", daemon=True).start()
        warm_up.make_ready()
        named_data.tell()
    finally:
        gc.freeze()  # what is imported stays: looking through it would hold up every visitor
        gc.enable()


async def _keep_forgetting() -> None:
    while True:
        await asyncio.sleep(FORGETTING_SECONDS)
        from segcore.prediction.engines.by_shape import release_unused  # loaded by now

        released = release_unused()
        sessions: Any = runtime.get_instance()._session_mgr  # no public way leads to its storage
        forgotten = forget_closed_visits(sessions._session_storage)
        gone = STORE.keep_only([info.session.id for info in sessions.list_sessions()])
        if gone:
            from studio.background import VISITORS_QUEUE  # by now it is loaded anyway

            VISITORS_QUEUE.cancel_all_of(gone)
        if gone or forgotten or released:
            allocator.hand_back_freed_memory()


def forget_closed_visits(storage: MemorySessionStorage) -> int:
    """Ends the visits that nobody has come back to; returns how many.

    Streamlit keeps a closed visit for `server.disconnectedSessionTTL` in case its browser comes
    back, but lets go of it only when the next visit closes. And something of Streamlit's own may
    still refer to the last one, so that it has to be emptied.
    """
    count = _end_closed_visits(storage)
    gc.collect()  # a session refers to itself; Streamlit is told in config.toml not to see to it
    return count


def _end_closed_visits(storage: MemorySessionStorage) -> int:
    cache: Any = storage._cache  # a TTLCache, typed as a mapping
    forgotten = cache.expire()
    for _, info in forgotten:
        info.session.shutdown()
        info.session.session_state.clear()
    return len(forgotten)


def _open_browser() -> None:
    """What `streamlit run` does for an app without a lifespan of its own."""
    address = st.get_option("server.address")
    host = "localhost" if address in (None, "", "0.0.0.0", "::") else address
    webbrowser.open(f"http://{host}:{st.get_option('server.port')}")
