"""Admin, storage: what runs take on the disk, and removing those that nothing needs."""

import streamlit as st

from segcore import settings
from segcore.files.sizes import byte_size
from segcore.files.writing import free_bytes
from segcore.jobs import storage
from segcore.jobs.admission import Admission
from segcore.jobs.storage import RunUsage
from studio.admin import actions


def show() -> None:
    st.header("Storage", anchor=False)
    usage = storage.run_usage()
    made_again = settings.engines_dir(), settings.predictions_dir(), settings.exports_dir()
    with st.grid(4, min_column_width=150):
        runs_bytes = sum(entry.bytes for entry in usage)
        for label, value in (
            ("Free on the disk", free_bytes(settings.artifacts_dir())),
            (f"{len(usage)} runs", runs_bytes),
            ("Prepared data", storage.folder_bytes(settings.prepared_dir())),
            ("Kept for speed", sum(map(storage.folder_bytes, made_again))),
        ):
            st.metric(label, byte_size(value), border=True)
    st.caption(
        "Champions, rollback targets, shipped runs and runs in use are never deleted. "
        "Prepared data is removed under Data sets. Kept for speed are converted networks, "
        "exports and labels: bounded, and made again where they are deleted."
    )
    if not usage:
        return
    st.dataframe(
        [
            {
                "run": entry.run.name,
                "recipe": entry.run.recipe,
                "status": entry.run.status,
                "MB": entry.bytes / 1e6,
                "stays because": entry.kept_because or "",
            }
            for entry in usage
        ],
        column_config={"MB": st.column_config.NumberColumn(format="%.1f")},
        hide_index=True,
    )
    _offer_removal({entry.run.name: entry for entry in usage if entry.kept_because is None})


def _offer_removal(removable: dict[str, RunUsage]) -> None:
    if not removable:
        st.caption("Every run is needed: there is nothing to remove.")
        return
    chosen = st.multiselect(
        "Runs to remove",
        list(removable),
        format_func=lambda name: f"{name} · {byte_size(removable[name].bytes)}",
        placeholder=f"{len(removable)} could go",
        key="removable",
    )
    if not chosen:
        return
    room = byte_size(sum(removable[name].bytes for name in chosen))
    listed = "\n".join(f"- `{name}`" for name in chosen)

    def remove(admission: Admission) -> None:
        for name in chosen:
            storage.delete_run(name, admission)

    actions.button_with_question(
        f"Remove {len(chosen)}, {room}",
        f"Remove for good:\n\n{listed}",
        remove,
        f"Removed {', '.join(chosen)}",
        key="remove runs",
        icon=":material/delete_forever:",
    )
