"""Charts of very many classes: the most telling first, all of them on demand."""

from collections.abc import Sequence
from typing import TypeVar

import streamlit as st

Class = TypeVar("Class")
"""What names a class: its id, or its name."""

MANY = 40
SHOWN = 30
"""A chart of more classes than `MANY` shows so many, until all are asked for."""


def asks_for_all(count: int, telling: str, key: str) -> bool:
    """Whether a chart of so many classes shows all; asked only where they are very many.

    Args:
        telling: which are shown else, in words.
    """
    if count <= MANY:
        return True
    return st.toggle(
        f"All {count} classes",
        key=key,
        help=f"Else the {SHOWN} {telling}.",
        persist_state="session",
    )


def ends_of(ordered: Sequence[Class]) -> list[Class]:
    """The first half of what is shown and the last, such as the commonest and the rarest."""
    return [*ordered[: SHOWN // 2], *ordered[-(SHOWN // 2) :]]
