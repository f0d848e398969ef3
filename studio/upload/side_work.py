"""What a visitor has made of files of their own, on the side: it goes on while they click."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

from segcore.errors import BusyError
from segcore.runs import Run
from segcore.system.progress import Progress
from studio import background, engine
from studio.errors import show_error
from studio.visits import memory

Made = TypeVar("Made")


def made(name: str, key: str) -> object | None:
    """What was made by that name and key in this visit; None where it was not, or is not yet."""
    return memory.STORE.get(memory.visit(), name, key)


def start(
    name: str, key: str, title: str, runs: Sequence[Run], make: Callable[[Progress], Made]
) -> None:
    """Has something made on the side and kept for the visit; says so where that cannot be.

    Args:
        title: what it is, in words.
        runs: who label images for it.
        make: gets a function that it reports its progress to; runs without Streamlit's context.
    """
    if not engine.wait(*runs):
        return
    visit = memory.visit()

    def step(progress: Progress) -> None:
        memory.STORE.put(visit, name, key, make(progress))

    try:
        background.VISITORS_QUEUE.start((visit, name, key), title, step, owner=visit)
    except BusyError as error:
        show_error(error)
        return
    st.rerun()


def follow(name: str, key: str) -> bool:
    """Shows how far it is, or why it failed; False where it is not under way."""
    return background.follow([(memory.visit(), name, key)], background.VISITORS_QUEUE)
