"""Figures: plotly takes 15 to 40 ms for one, each time a page is shown."""

import hashlib
import importlib
import json
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import streamlit as st

from segcore.labels import LabelSpace
from segcore.presentation.figures import Curve

Drawn = TypeVar("Drawn")


def drawn(draw: Callable[..., Drawn], *args: Any) -> Drawn:
    """`draw(*args)`, remembered for the visit: some show a visitor's own logs.

    Args:
        draw: a function of `segcore.presentation.figures`, which depends on its arguments alone.
    """
    # Streamlit's own way to a key takes 10 ms for a history.
    content = json.dumps((draw.__qualname__, args), default=_plain)
    return _drawn(hashlib.blake2b(content.encode()).hexdigest(), draw, args)


def draw_now(draw: Callable[..., Drawn], args: tuple[Any, ...]) -> Drawn:
    """`draw(*args)`, once pandas is there whole.

    Plotly asks pandas even where another thread is still importing it, and it lacks half of what
    it is asked for.
    """
    importlib.import_module("pandas")
    return draw(*args)


@st.cache_resource(max_entries=24, show_spinner=False, scope="session")
def _drawn(key: str, _draw: Callable[..., Drawn], _args: tuple[Any, ...]) -> Drawn:
    return draw_now(_draw, _args)


def _plain(value: Any) -> Any:
    """NumPy's values and dataclasses, for JSON."""
    if isinstance(value, Curve) and value.version is not None:  # its rows take a tenth of a second
        return {**vars(value), "history": None, "seeds": None}
    if isinstance(value, LabelSpace):
        return value.as_dict()
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else vars(value)
