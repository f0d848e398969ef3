"""Admin: a run to take home, all of it or its network for other programs."""

from functools import partial

import streamlit as st

from segcore.prediction.export import FORMATS
from segcore.prediction.export.own_process import export_apart, stored_export
from segcore.runs import Run
from segcore.system.progress import Progress
from studio.background import Asked, offer

TITLES = {"zip": "all of the run, for another studio"} | {
    name: f"network as {kind.title}" for name, kind in FORMATS.items()
}


def show(run: Run) -> None:
    """A button that opens the choice of formats; a file is made when it is asked for."""
    if run.kind != "trained":
        st.caption("It was not trained here: use the file that it came from.")
        return
    opened = st.popover("Export", icon=":material/download:", key="export", on_change="rerun")
    if not opened.open:
        return
    with opened:
        name = st.selectbox("What", list(TITLES), format_func=TITLES.__getitem__, key="export as")
        path = stored_export(run, name)
        if path is not None:
            st.download_button(
                "Download", path.read_bytes, f"{run.name}-{name}.zip", "application/zip",
                icon=":material/download:", on_click="ignore", width="stretch",
            )  # fmt: skip
            return
        key = "export", run.name, run.network_hash, name
        title = f"Export of {run.name}"
        offer("Make the file", [Asked(key, title, partial(_make, run, name), needs_network=False)])
        if name != "zip":
            st.caption("It takes a minute: it is checked against Keras before it is handed over.")


def _make(run: Run, name: str, _: Progress) -> None:
    export_apart(run, name)
