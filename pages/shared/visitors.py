"""Who asks, and the one line that all visitors' pictures stand in."""

import secrets

import streamlit as st

from segcore.serving import Desk

DESK = Desk()
"""Of this process, which has one device: see `segcore.serving`."""


def visitor() -> str:
    """Whose allowance a request counts towards: the address it comes from, else the visit."""
    address = st.context.ip_address
    if address is not None:
        return address
    return str(st.session_state.setdefault("visitor", secrets.token_hex(8)))
