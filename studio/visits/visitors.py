"""Who asks, whose turn it is, and how much each may ask for."""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from segcore.images.decoder import Decoder
from segcore.system.fair_queues import FairTurns, InferenceQueue, RateLimit
from studio.visits.memory import NO_VISIT, visit

QUEUE = InferenceQueue()
"""The queue of this process, which has one device: see `segcore.system.fair_queues`."""

ALLOWANCE = RateLimit()
"""In photos opened and labelled."""

LARGE_PHOTOS = FairTurns()
"""Who may have a large photo drawn: all that there is of it is in memory meanwhile."""

DETAILED_PHOTOS = FairTurns()
"""Who may have a photo labelled in tiles, which takes minutes, and much memory meanwhile."""

NICENESS = 10
"""Niceness of a page that works on a large photo, until it is drawn: others come first."""


def visitor() -> str:
    """Whose share a request counts towards: the address it comes from, else the visit."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return NO_VISIT
    return address_of_visitor() or visit()


def address_of_visitor() -> str | None:
    """Where the visitor comes from; None on the server's own machine, where that says nothing.

    That is also where a proxy runs: `segcore.settings.trusted_proxies`.
    """
    return st.context.ip_address


def decoder() -> Decoder:
    """What opens this visitor's files, counted against the allowance."""
    return Decoder(visitor(), ALLOWANCE)
