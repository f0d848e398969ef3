"""What the server does from its start on, before the first visitor comes."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from pages.shared import engine, gate
from segcore import worker


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """Prints the admin's token, loads the network library, and keeps a worker where one is due."""
    # `st.navigation` says the same, but not before a first page was drawn: until then a link to any
    # other page would be served from the folder pages/, without dashboard.py around it.
    PagesManager.uses_pages_directory = False
    gate.announce()
    engine.start()
    stop = threading.Event()
    threading.Thread(target=worker.mind_the_queue, args=(stop,), name="queue", daemon=True).start()
    yield
    stop.set()
