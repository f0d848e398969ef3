"""What the server does from its start on, before the first visitor comes."""

import asyncio
import threading
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from pages.shared import cache, engine
from pages.shared.admin import gate
from segcore import runs, worker
from segcore.errors import SegcoreError

OPENING_SECONDS = 1.0
"""Until the server answers; it starts to when `lifespan` has yielded."""


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """Prints the admin's token, warms the networks up, and keeps a worker where one is due."""
    # `st.navigation` says the same, but not before a first page was drawn: until then a link to any
    # other page would be served from the folder pages/, without dashboard.py around it.
    PagesManager.uses_pages_directory = False
    gate.announce()
    threading.Thread(target=_warm_up, name="warm-up", daemon=True).start()
    stop = threading.Event()
    threading.Thread(target=worker.mind_the_queue, args=(stop,), name="queue", daemon=True).start()
    if not st.get_option("server.headless"):
        asyncio.get_running_loop().call_later(OPENING_SECONDS, _open_browser)
    yield
    stop.set()


def _warm_up() -> None:
    """Makes the first picture as quick as the next, where that does not take Keras."""
    engine.start()
    engine.FIRST.thread.join()
    try:
        champions = runs.champions(engine.BUILT_IN).values()
        if not champions or not engine.is_ready(*champions):
            return
        for run in champions:
            predictor = cache.predictor(run)
            cache.label(predictor, np.zeros((*predictor.preprocessing.size, 3), np.uint8))
    except SegcoreError:
        return  # whoever opens a page is told


def _open_browser() -> None:
    """What `streamlit run` does for an app without a lifespan of its own."""
    address = st.get_option("server.address")
    host = "localhost" if address in (None, "", "0.0.0.0", "::") else address
    webbrowser.open(f"http://{host}:{st.get_option('server.port')}")
