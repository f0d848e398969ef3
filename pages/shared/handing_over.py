"""The comparison as files to hand over."""

import streamlit as st

from pages.shared import state
from pages.shared.scored import Pair
from pages.shared.state import Selection
from segcore.report import Report, make_report


def show_downloads(selection: Selection, pair: Pair) -> None:
    """A button that opens the choice of files, each made when it is asked for."""
    a, b = pair
    name = f"comparison-{selection.dataset}-{state.SPLIT}"

    def make() -> Report:
        return make_report((a.run, a.evaluation), (b.run, b.evaluation))

    with st.popover("Report", icon=":material/download:"):
        st.markdown("All of this page, to hand over.")
        st.download_button(
            "One HTML file",
            lambda: make().html(),
            f"{name}.html",
            "text/html",
            icon=":material/description:",
            on_click="ignore",
            width="stretch",
            help="About 5 MB: its charts can be hovered over, and it loads nothing.",
        )
        st.download_button(
            "Tables as CSV and JSON",
            lambda: make().archive(),
            f"{name}.zip",
            "application/zip",
            icon=":material/table:",
            on_click="ignore",
            width="stretch",
        )
        st.caption("Or from the command line:")
        st.code(
            f"python -m segcore report --a {a.run.name} --b {b.run.name} "
            f"--data {selection.spec} --split {state.SPLIT} --out report.html",
            language="bash",
            wrap_lines=True,
        )
