"""The comparison as files to hand over."""

import streamlit as st

from segcore.presentation.report import make_report
from segcore.presentation.sides import Pair
from segcore.runs.data_sets import slug_of
from studio import cache
from studio.evaluate.scored import Scored
from studio.state import Selection


def show_downloads(selection: Selection, pair: Pair[Scored]) -> None:
    """A button that opens the choice of files; they are made when it is opened."""
    a, b = pair
    name = f"comparison-{slug_of(selection.data.name)}-{selection.split}"
    # Files that Streamlit makes on a click alone are gone when the page happens to run meanwhile.
    opened = st.popover("Report", icon=":material/download:", key="report", on_change="rerun")
    if not opened.open:
        return
    with opened:
        with st.spinner("Writing the report…"):
            key = f"{_state(a)} {_state(b)}"
            page, tables = cache.keep("reports", key, lambda: _files(pair), most=1)
        st.markdown("This whole page as a file.")
        st.download_button(
            "One HTML file",
            page,
            f"{name}.html",
            "text/html",
            icon=":material/description:",
            on_click="ignore",
            width="stretch",
            help="About 5 MB, with interactive charts; it works offline.",
        )
        st.download_button(
            "Tables as CSV and JSON",
            tables,
            f"{name}.zip",
            "application/zip",
            icon=":material/table:",
            on_click="ignore",
            width="stretch",
        )
        st.caption("Or from the command line:")
        st.code(
            f"python -m segcore report --a {a.run.name} --b {b.run.name} "
            f"--data {selection.data.argument} --split {selection.split} --out report.html",
            language=None,
            wrap_lines=True,
        )


def _files(pair: Pair[Scored]) -> tuple[bytes, bytes]:
    a, b = pair
    report = make_report((a.run, a.evaluation), (b.run, b.evaluation))
    return report.html(), report.archive()


def _state(side: Scored) -> str:
    """All that a report of the run depends on."""
    robustness = cache.robustness(side.run, side.evaluation)
    measured = None if robustness is None else sorted(robustness.matrices)
    return f"{side.evaluation.spec} {side.evaluation.identity} {measured} {cache.cost(side.run)}"
