"""Keras and its backend load in the background, so that the first page does not wait for them."""

import os
import threading
from dataclasses import dataclass

import streamlit as st


@dataclass
class Engine:
    """The loading of the network library in this process.

    Attributes:
        thread: does the loading; a daemon, so that stopping the dashboard need not wait for it.
        device: where networks run, in words, once that is known.
        problem: why loading failed, in one line.
    """

    thread: threading.Thread
    device: str | None = None
    problem: str | None = None

    @property
    def is_ready(self) -> bool:
        return self.device is not None

    @property
    def is_loading(self) -> bool:
        return self.thread.is_alive()


def _load() -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # the console is for what an admin must see
    try:
        import keras

        import segcore.models  # noqa: F401 -- the rest of what the first prediction needs

        gpus = keras.distribution.list_devices("gpu")
        ENGINE.device = f"{len(gpus)} GPU" if gpus else "CPU"
    except ImportError as error:
        ENGINE.problem = f"Keras cannot be loaded ({error}); `make run` installs what is missing."


ENGINE = Engine(threading.Thread(target=_load, name="load-keras", daemon=True))
_start = threading.Lock()


def start() -> None:
    """Begins loading, once per process."""
    with _start:
        if ENGINE.thread.ident is None:
            ENGINE.thread.start()


def wait() -> bool:
    """Waits, visibly, until networks can run; False, with the reason shown, if they cannot."""
    start()
    if ENGINE.is_loading:
        with st.spinner("Loading TensorFlow, once after each start…", show_time=True):
            ENGINE.thread.join()
    if ENGINE.problem:
        st.error(ENGINE.problem)
    return ENGINE.is_ready


@st.fragment(run_every=1.0)
def _loading_badge() -> None:
    if ENGINE.is_loading:
        st.badge("Loading TensorFlow", icon=":material/hourglass_top:", color="gray")
    else:
        st.rerun()


def badge() -> None:
    """Says in the sidebar where networks run; looks again each second while they load."""
    with st.sidebar:
        if ENGINE.is_loading:
            _loading_badge()
        elif ENGINE.problem:
            st.badge("No network library", icon=":material/error:", color="red")
        else:
            st.badge(f"{ENGINE.device} ready", icon=":material/memory:", color="green")
