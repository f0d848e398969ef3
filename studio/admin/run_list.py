"""Admin: the list of runs, a page at a time, and what is done with those that are selected."""

import tempfile
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path

import streamlit as st

from segcore.jobs import storage
from segcore.jobs.admission import Admission
from segcore.runs import Run, notes
from segcore.runs.archives import export_runs
from studio.admin import actions

PAGE, PAGE_SIZE = "page of runs", 20

Row = dict[str, object]
FIRST = ("champion", "model", "recipe")


def show(found: Sequence[Run], rows_of: Callable[[Sequence[Run]], list[Row]]) -> None:
    """Shows the runs in a table.

    Args:
        rows_of: what the table says of runs; asked of those on the page.
    """
    if not found:
        st.info("No run matches: remove a filter.", icon=":material/search_off:")
        return
    pages = -(-len(found) // PAGE_SIZE)
    page = min(st.session_state.get(PAGE, 1), pages)
    st.session_state[PAGE] = page  # fewer may be left than before
    shown = found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    said = notes.notes()
    rows = rows_of(shown)
    if any(run.name in said for run in shown):  # where a phone shows them, too
        each = [said.get(run.name, notes.NOTHING) for run in shown]
        rows = [
            {name: row[name] for name in FIRST} | {"labels": [*one.labels], "note": one.note} | row
            for row, one in zip(rows, each, strict=True)
        ]
    table = st.dataframe(
        rows,
        column_config={
            "champion": st.column_config.TextColumn("", width=30),
            "mean IoU": st.column_config.ProgressColumn(
                format="%.3f",
                min_value=0,
                max_value=1,
                help="Validation images at their own resolution, the classes that are scored.",
            ),
            "in training": st.column_config.NumberColumn(
                format="%.3f", help="Best validation mean IoU at the resolution it trained at."
            ),
            "started": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm"),
            "labels": st.column_config.ListColumn(width=150),
            "note": st.column_config.TextColumn(width=150),
        },
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        key=f"runs {hash(tuple(run.name for run in shown))}",
    )
    if pages > 1:
        st.pagination(pages, key=PAGE)
    chosen = [shown[place] for place in table.selection.rows if place < len(shown)]
    if not chosen:
        st.caption("Select rows to label, export or delete those runs.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{_count(chosen)} selected**", width="content")
        _offer_notes(chosen)
        _offer_export(chosen)
        _offer_deletion(chosen)


def _count(chosen: Collection[Run]) -> str:
    return "1 run" if len(chosen) == 1 else f"{len(chosen)} runs"


def _offer_notes(chosen: Sequence[Run]) -> None:
    said = notes.notes()
    each = [said.get(run.name, notes.NOTHING) for run in chosen]
    known = sorted({label for one in said.values() for label in one.labels})
    common = [label for label in each[0].labels if all(label in one.labels for one in each)]
    names = " ".join(run.name for run in chosen)
    with st.popover("Note and labels", icon=":material/label:"):
        wanted = st.multiselect(
            "Labels" if len(chosen) == 1 else "Labels that all of them have",
            known,
            default=common,
            accept_new_options=True,
            key=f"labels of {names}",
        )
        note = None
        if len(chosen) == 1:
            note = st.text_area(
                "Note", each[0].note, max_chars=notes.LONGEST_NOTE, key=f"note of {names}"
            )
        if st.button("Keep", type="primary", key="keep notes"):
            change = partial(_keep, chosen, set(common) - set(wanted), wanted, note)
            actions.act(change, f"Notes of {_count(chosen)} are kept")


def _keep(
    chosen: Sequence[Run],
    dropped: Collection[str],
    added: Sequence[str],
    note: str | None,
    _: Admission,
) -> None:
    said = notes.notes()
    for run in chosen:
        before = said.get(run.name, notes.NOTHING).labels
        notes.keep_labels(run, [*(label for label in before if label not in dropped), *added])
        if note is not None:
            notes.keep_note(run, note)


def _offer_export(chosen: Sequence[Run]) -> None:
    taken = [run for run in chosen if run.kind == "trained" and run.weights_hash]
    st.download_button(
        "Export",
        partial(_export, taken),
        "runs.zip",
        "application/zip",
        icon=":material/download:",
        on_click="ignore",
        disabled=not taken,
        help="One ZIP of a ZIP for each run, as another studio takes them in."
        if len(taken) == len(chosen)
        else f"{len(chosen) - len(taken)} of them were not trained here, or have no weights: "
        "use the file that they came from.",
    )


def _export(taken: Sequence[Run]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "runs.zip"
        export_runs(taken, path)
        return path.read_bytes()


def _offer_deletion(chosen: Sequence[Run]) -> None:
    names = [run.name for run in chosen]
    reasons = storage.reasons_to_stay(names)
    gone = [name for name in names if name not in reasons]
    stays = "\n".join(f"- `{name}` stays: {reason}." for name, reason in reasons.items())
    if not gone:
        st.button(
            "Delete", icon=":material/delete_forever:", disabled=True, help=stays, key="delete runs"
        )
        return
    listed = "\n".join(f"- `{name}`" for name in gone)

    def delete(admission: Admission) -> None:
        storage.delete_runs(gone, admission)

    actions.button_with_question(
        "Delete" if not reasons else f"Delete {len(gone)} of {len(names)}",
        f"Delete for good:\n\n{listed}\n\n{stays}",
        delete,
        f"Deleted {', '.join(gone)}",
        key="delete runs",
        icon=":material/delete_forever:",
    )
