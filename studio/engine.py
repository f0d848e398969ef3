"""What runs networks loads in the background, so that the first page does not wait for it.

Runs that were converted (`segcore.prediction.conversion`) need no more than OpenVINO; TensorFlow
takes seconds and is loaded only for a run that was not, which is then converted in the background.
"""

import logging
import threading
import time
from dataclasses import dataclass, field
from functools import partial

import streamlit as st

from segcore import runs
from segcore.data.known_data_sets import STREETS
from segcore.errors import SegcoreError
from segcore.prediction.engines.openvino_library import load_openvino
from segcore.prediction.loading import may_be_converted, serves_converted
from segcore.runs import Run
from segcore.system import backend, devices
from studio.errors import fragment, show_error, without_paths
from studio.visits.memory import NO_VISIT
from studio.visits.visitors import QUEUE

OPENVINO = "OpenVINO on the CPU"
DRAWING_SECONDS = 0.3
"""From a first page's words until they are drawn (docs/speed.md)."""


@dataclass
class Loading:
    """The loading of what runs networks in this process.

    Attributes:
        thread: does the loading; a daemon, so that stopping the dashboard need not wait for it.
        asked: set when loading begins.
        title: what was loaded and where it runs, in words, once that is known.
        problem: why loading failed, in one line.
    """

    thread: threading.Thread
    asked: threading.Event = field(default_factory=threading.Event)
    title: str | None = None
    problem: str | None = None

    @property
    def is_pending(self) -> bool:
        return self.title is None and self.problem is None

    def start(self) -> None:
        """Begins, once per process."""
        with _start:
            if not self.asked.is_set():
                self.thread.start()
                self.asked.set()


def _load_first() -> None:
    """What the first page needs: OpenVINO, or Keras where one of its runs is not converted."""
    try:
        if _serves_first_converted():
            load_openvino()  # what the first prediction would wait for
            FIRST.title = OPENVINO
            return
    except SegcoreError as error:
        FIRST.problem = str(error)
        return
    except ImportError as error:
        FIRST.problem = f"OpenVINO cannot be loaded ({error}); set SEGCORE_ENGINE=keras."
        return
    KERAS.start()
    KERAS.thread.join()
    FIRST.title, FIRST.problem = KERAS.title, KERAS.problem


def _load_keras() -> None:
    try:
        backend.check_backend()
        import keras

        import segcore.models  # noqa: F401 -- the rest of what the first prediction needs

        gpus = devices.gpus()
        place = f"{len(gpus)} GPU" if gpus else "the CPU"
        names = {"tensorflow": "TensorFlow", "jax": "JAX"}
        KERAS.title = f"{names[keras.backend.backend()]} on {place}"
    except SegcoreError as error:
        KERAS.problem = str(error)
    except ImportError as error:
        KERAS.problem = f"Keras cannot be loaded ({error}); `make run` installs what is missing."


_start = threading.Lock()
FIRST = Loading(threading.Thread(target=_load_first, name="load-engine", daemon=True))
KERAS = Loading(threading.Thread(target=_load_keras, name="load-keras", daemon=True))


def start() -> None:
    """Begins loading what the first page needs, once per process."""
    FIRST.start()


def give_way() -> None:
    """Lets the browser draw what it was sent, once after each start, and begins loading then.

    What follows, the first image and the networks, takes the interpreter and all cores.
    """
    if not FIRST.asked.is_set():
        time.sleep(DRAWING_SECONDS)
    start()


def is_ready(*served: Run) -> bool:
    """Whether these runs can label an image now; without any, whether Keras is loaded."""
    return KERAS.title is not None or (bool(served) and all(map(serves_converted, served)))


def load(*served: Run) -> None:
    """As `wait`, for threads that are not of a visit. Raises SegcoreError."""
    start()
    if is_ready(*served):
        return
    KERAS.start()
    KERAS.thread.join()
    if KERAS.problem:
        raise SegcoreError(KERAS.problem)


def wait(*served: Run) -> bool:
    """Waits, visibly, until these runs can label images; without any, until Keras is loaded.

    Returns False, with the reason shown, where that cannot be.
    """
    start()
    try:
        if is_ready(*served):
            return True
    except SegcoreError as error:
        show_error(error)
        return False
    KERAS.start()
    if KERAS.is_pending:
        with st.spinner("Loading TensorFlow, once after each start…", show_time=True):
            KERAS.thread.join()
    if KERAS.problem:
        show_error(KERAS.problem)
    return KERAS.title is not None


# --- converting ----------------------------------------------------------------------------------

CALM_SECONDS = 10.0
"""After which a run that is served already is converted for this processor: not while the first
visitor waits for a page that Keras' import would hold up."""

_asked: set[str] = set()


def convert_later(run: Run) -> None:
    """Converts a run's checkpoint in the background, once, where that may make it faster."""
    if not may_be_converted(run):
        return
    with _start:
        if run.name in _asked:
            return
        _asked.add(run.name)
    threading.Thread(target=_convert, args=(run,), name="convert", daemon=True).start()


def _convert(run: Run) -> None:
    if serves_converted(run):
        time.sleep(CALM_SECONDS)
    KERAS.start()  # a shipped run was served without it until now
    KERAS.thread.join()
    log = logging.getLogger(__name__)
    if KERAS.problem:
        log.warning("%s is not converted: %s", run.name, KERAS.problem)
        return

    from segcore.prediction.conversion import convert

    try:
        verdict = convert(run, lambda step: QUEUE.run(NO_VISIT, step))
    except SegcoreError as error:
        log.warning("%s is not converted: %s", run.name, error)
        return
    if serves_converted(run):
        log.info("%s is served by OpenVINO: %s", run.name, verdict.reason)
    else:
        log.warning("%s stays with Keras: %s", run.name, verdict.reason)
    if _serves_first_converted():
        FIRST.title = OPENVINO


def _serves_first_converted() -> bool:
    """Whether the runs of the data set that visitors meet first need no Keras."""
    champions = runs.champions(STREETS).values()
    return bool(champions) and all(map(serves_converted, champions))


# --- the badge -----------------------------------------------------------------------------------


@partial(fragment, run_every=1.0)
def _loading_badge() -> None:
    if FIRST.is_pending:
        st.badge("Getting ready", icon=":material/hourglass_top:", color="gray")
    else:
        st.rerun()


def badge() -> None:
    """Says in the sidebar what runs networks, and where; looks again until that is known."""
    with st.sidebar:
        if FIRST.is_pending:
            _loading_badge()
        elif FIRST.problem:
            why = without_paths(FIRST.problem)
            st.badge("No engine", icon=":material/error:", color="red", help=why)
        else:
            st.badge(f"{FIRST.title}", icon=":material/memory:", color="green")
