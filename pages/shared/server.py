"""What the server does from its start on, before the first visitor comes."""

import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st

from pages.shared import engine, gate
from segcore import jobs, worker
from segcore.errors import SegcoreError

LOOK_SECONDS = 15.0
"""Between two looks whether work waits without a worker; with the lease, under a minute in all."""


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """Prints the admin's token, loads the network library, and keeps a worker where one is due."""
    gate.announce()
    engine.start()
    stop = threading.Event()
    threading.Thread(target=mind_the_queue, args=(stop,), name="queue", daemon=True).start()
    yield
    stop.set()


def mind_the_queue(stop: threading.Event) -> None:
    """Starts a worker whenever there is work and none lives, whether or not a page is open."""
    said = ""
    while not stop.wait(LOOK_SECONDS):
        try:
            if any(not job.has_ended for job in jobs.list_jobs()):
                worker.ensure_worker()
            said = ""
        except SegcoreError as error:
            if str(error) != said:  # once, not every fifteen seconds
                said = str(error)
                print(f"error: {said}", file=sys.stderr, flush=True)
