"""What the dashboard computes on the side for all visitors, and how a page follows it."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st

from segcore.errors import BusyError
from segcore.system.background import WorkQueue
from segcore.system.progress import Progress
from studio import engine, wording
from studio.errors import fragment, show_error

WORK_QUEUE = WorkQueue()
"""Work of this process: counts, predictions, scores and measurements, each made once and kept."""

VISITORS_QUEUE = WorkQueue(places=64, places_of_one=3, threads=2)
"""Work of this process on visitors' own files, seen by nobody else. Their
frames and photos take turns with all other images: `visitors.QUEUE`."""

REFRESH_SECONDS = 1.0


@dataclass(frozen=True)
class Asked:
    """Work that a visitor may ask for: as `WorkQueue.start`.

    Attributes:
        needs_network: a run labels images for it.
    """

    key: Hashable
    title: str
    step: Callable[[Progress], object]
    needs_network: bool = True


def offer(
    label: str,
    wanted: Sequence[Asked],
    *,
    again: bool = False,
    place: str | None = None,
    unasked: bool = False,
) -> None:
    """A button that has the works done; their progress instead, as long as they are.

    Args:
        unasked: they begin by themselves, once; the button is for trying again.
        again: it was done before, so that the button need not stand out.
        place: tells the button from others of that label on the page.
    """
    if follow([work.key for work in wanted]):
        return
    icon = ":material/replay:" if again else ":material/play_arrow:"
    untried = all(WORK_QUEUE.of(work.key) is None for work in wanted)
    begins = (unasked and untried) or st.button(
        label, type="secondary" if again else "primary", icon=icon, key=place and f"offer {place}"
    )
    if not begins or (any(work.needs_network for work in wanted) and not engine.wait()):
        return
    try:
        for work in wanted:
            WORK_QUEUE.start(work.key, work.title, work.step)
    except BusyError as error:
        show_error(error)
        return
    st.rerun()


def follow(keys: Sequence[Hashable], queue: WorkQueue = WORK_QUEUE) -> bool:
    """Shows how far the works are, and redraws the page when all are over.

    Returns False, with the reasons of those that failed, where none is under way.
    """
    works = [work for work in map(queue.of, keys) if work is not None]
    if any(not work.is_over for work in works):
        _show_progress(keys, queue)
        return True
    for work in works:
        if work.problem is not None:
            show_error(work.problem)
    return False


@partial(fragment, run_every=REFRESH_SECONDS)
def _show_progress(keys: Sequence[Hashable], queue: WorkQueue) -> None:
    works = [work for work in map(queue.of, keys) if work is not None and not work.is_over]
    if not works:
        st.rerun()
    for work in works:
        if work.total:
            left = work.seconds_left
            ends = "" if left is None else f", {wording.duration(left)} left"
            st.progress(work.fraction, f"{work.title}: {work.done} of {work.total}{ends}")
        else:
            st.progress(0.0, f"{work.title}: {'begins' if work.is_running else 'waits'}…")
    if queue is VISITORS_QUEUE:
        st.caption("This continues while you visit other pages.")
    else:
        st.caption("This continues without you; everyone who opens the page sees its progress.")
