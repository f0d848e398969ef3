"""Who asks, and the one line that all visitors' pictures stand in."""

import secrets

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from segcore.serving import Desk

DESK = Desk()
"""Of this process, which has one device: see `segcore.serving`."""

SERVER = "the server itself"


def visitor() -> str:
    """Whose share a request counts towards: the address it comes from, else the visit."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return SERVER
    return address_of_visitor() or visit()


def address_of_visitor() -> str | None:
    """Where the visitor comes from; None on the server's own machine, where that says nothing.

    That is also where a proxy runs: `segcore.settings.trusted_proxies`.
    """
    return st.context.ip_address


def visit() -> str:
    """Tells the visit from all others; another one begins when the page is loaded anew."""
    return str(st.session_state.setdefault("visitor", secrets.token_hex(8)))
