"""What the dashboard computes on the side for all visitors, and how a page follows it."""

from collections.abc import Hashable, Sequence

import streamlit as st

from segcore.background import Bench

BENCH = Bench()
"""Of this process: evaluations and measurements, each done once and kept."""

REFRESH_SECONDS = 1.0


def follow(keys: Sequence[Hashable]) -> bool:
    """Shows how far the works are, and draws the page anew when all are over.

    Returns False, with the reasons of those that failed, where none is under way.
    """
    works = [work for work in map(BENCH.of, keys) if work is not None]
    if any(not work.is_over for work in works):
        _show_progress(keys)
        return True
    for work in works:
        if work.problem is not None:
            st.error(work.problem, icon=":material/error:")
    return False


@st.fragment(run_every=REFRESH_SECONDS)
def _show_progress(keys: Sequence[Hashable]) -> None:
    works = [work for work in map(BENCH.of, keys) if work is not None and not work.is_over]
    if not works:
        st.rerun()
    for work in works:
        if work.total:
            st.progress(work.fraction, f"{work.title}: {work.done} of {work.total}")
        else:
            st.progress(0.0, f"{work.title}: {'begins' if work.is_running else 'waits'}…")
    st.caption("This goes on without you; whoever opens the page sees how far it is.")
