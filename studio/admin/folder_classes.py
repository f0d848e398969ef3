"""Admin, the classes of somebody's own folder: what is believed of them, to be corrected."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import streamlit as st

from segcore.data.sources import FirstLook
from segcore.data.sources.folder_corrections import CorrectedClass, corrections_of
from segcore.data.sources.folders import FoldersSource
from segcore.files.reading import Plain
from segcore.jobs import registration
from segcore.jobs.admission import Admission
from segcore.runs.data_sets import DataSet
from studio import cache
from studio.admin import actions

ID, NAME, COLOR, SHARE, SCORED, IGNORED = "id", "name", "colour", "share", "scored", "ignored"


def show(data_set: DataSet, look: FirstLook | None) -> None:
    """A table to correct names, colours and what counts in; nothing where classes are given.

    Args:
        look: what some of its masks hold.
    """
    source = cache.source(data_set.spec)
    if not isinstance(source, FoldersSource):
        return
    with st.expander("Classes", icon=":material/palette:"):
        edited: Sequence[Mapping[str, Any]] = st.data_editor(
            _rows(source, {} if look is None else look.shares),
            key=f"classes of {data_set.spec}",
            hide_index=True,
            disabled=[ID, SHARE],
            column_config={
                COLOR: st.column_config.TextColumn(validate="^#[0-9a-fA-F]{6}$"),
                SHARE: st.column_config.NumberColumn(
                    format="percent", help="Of the pixels of the samples that were looked at."
                ),
                IGNORED: st.column_config.CheckboxColumn(
                    help="Its pixels have no label: neither trained on nor scored."
                ),
            },
        )
        st.caption(
            "Kept here, never in the folder. Correct names before training: runs know classes by "
            "them. What is scored or ignored makes it another data set, prepared and scored again."
        )
        if st.button("Save the classes", key=f"correct {data_set.spec}"):
            actions.act(
                partial(_correct, data_set.spec, edited), f"{data_set.name}: the classes are saved"
            )


def _rows(source: FoldersSource, shares: Mapping[str, float]) -> list[dict[str, Any]]:
    corrected = {one.id: one for one in corrections_of(source.spec)}
    rows = []
    for label in source.classes_found.space.labels:
        known = corrected.get(label.id)
        name = label.name if known is None else known.name
        rows.append(
            {
                ID: label.id,
                NAME: str(name),
                COLOR: label.hex_color if known is None else known.color,
                SHARE: shares.get(name, shares.get(label.name, 0.0)),
                SCORED: label.is_scored if known is None else known.scored,
                IGNORED: known is not None and known.ignored,
            }
        )
    return rows


def _correct(spec: str, rows: Sequence[Mapping[str, Any]], admission: Admission) -> None:
    classes = [
        CorrectedClass(row[ID], Plain(row[NAME] or ""), row[COLOR] or "", row[SCORED], row[IGNORED])
        for row in rows
    ]
    registration.correct_classes(spec, classes, admission)
    cache.look_again()  # opened with the classes of before
