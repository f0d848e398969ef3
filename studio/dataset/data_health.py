"""Which samples cannot be used, and whose truth may be wrong."""

import pandas as pd
import streamlit as st

from segcore.evaluation.disagreement import CONFIDENT
from segcore.presentation.tables import Cell, Kind, Table
from segcore.runs.data_sets import slug_of
from studio import cache, choices, wording
from studio.dataset.imbalance import Splits
from studio.dataset.sample_browser import offer_closer_look
from studio.errors import fragment, without_paths
from studio.state import Selection
from studio.widgets import split_predictions
from studio.widgets.gallery import LegendEntry, show_gallery

SUSPECTS = 8
SUSPECT_COLOR = "#e5007d"

SUSPECT_NOTE = (
    f"Validation pixels where both models are at least {CONFIDENT:.0%} sure and agree on another "
    "class than the truth, outlines left out. Not every one is a mistake of the labelling: two "
    "models can share one of their own."
)


def show_health(splits: Splits) -> None:
    st.header("Data health", anchor=False)
    reports = {name: split.health for name, split in splits.items()}
    checked = ", ".join(f"{name} {health.checked}" for name, health in reports.items())
    if all(health.is_healthy for health in reports.values()):
        st.success(f"Every sample can be used ({checked}).", icon=":material/check_circle:")
        return
    left_out = sum(len(health.findings) for health in reports.values())
    st.warning(f"{left_out} samples were left out ({checked} checked).", icon=":material/warning:")
    rows = [
        {
            "Split": name,
            "Problem": problem.value,
            "Sample": finding.key,
            "What": without_paths(finding.message),
        }
        for name, health in reports.items()
        for problem, found in health.by_problem().items()
        for finding in found
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True)


@fragment
def show_suspects(selection: Selection) -> None:
    """Images whose truth both runs contradict, worst first."""
    st.header("Suspected label errors", anchor=False)
    st.caption(SUSPECT_NOTE)
    found = split_predictions.agreements(selection, "To find them")
    if found is None or selection.pair is None:
        return
    suspects = sorted((p for p in found if p.suspect), key=lambda p: -p.suspect)
    if not suspects:
        st.success(f"None in {len(found)} images.", icon=":material/check_circle:")
        return
    worst = suspects[0]
    st.markdown(
        f"{len(suspects)} of {len(found)} images; most in `{worst.key}`: "
        f"{wording.share(worst.suspect)} of it, where both see {worst.prediction} and the truth "
        f"says {worst.truth}."
    )
    page = st.pagination(-(-len(suspects) // SUSPECTS), key=f"suspects_{selection.data.slug}")
    shown = suspects[(page - 1) * SUSPECTS : page * SUSPECTS]
    thumbnails = [
        cache.suspect_thumbnail(selection.pair.runs, selection.spec, choices.SPLIT, picture.key)
        for picture in shown
    ]
    captions = [
        f"{p.key} · {wording.share(p.suspect)}, {p.truth} or {p.prediction}?" for p in shown
    ]
    legend = [LegendEntry(1, "suspect", SUSPECT_COLOR, "")]
    opened = show_gallery("suspects", thumbnails, captions, legend)
    offer_closer_look(selection, choices.SPLIT, "suspects", opened)
    columns: dict[str, Kind] = {
        "Picture": "text", "Suspect": "percent", "Truth": "text", "Both models": "text",
    }  # fmt: skip
    rows: list[list[Cell]] = [[p.key, p.suspect, p.truth, p.prediction] for p in suspects]
    st.download_button(
        "All as CSV",
        Table("suspects", "Suspected label errors", columns, rows).csv(),
        f"suspects-{slug_of(selection.data.name)}-{choices.SPLIT}.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )
