"""Who asks, and the one line that all visitors' pictures stand in."""

import secrets

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from segcore.serving import Desk

DESK = Desk()
"""Of this process, which has one device: see `segcore.serving`."""

SERVER = "the server itself"


def visitor() -> str:
    """Whose allowance a request counts towards: the address it comes from, else the visit."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return SERVER
    address = st.context.ip_address
    if address is not None:
        return address
    return str(st.session_state.setdefault("visitor", secrets.token_hex(8)))
