"""Start a retrain, see how it goes, make the result the champion; data sets, storage, the log."""

from datetime import datetime

import streamlit as st

from segcore.errors import SegcoreError
from segcore.jobs import Job, audit
from studio.admin import actions, data_sets, gate, promotion, queue, start, storage
from studio.errors import errors_told, show_error
from studio.widgets.parts import ask_part

TRAIN, RUNS, DATA, STORAGE, LOG = "Train", "Runs and champions", "Data sets", "Storage", "Log"


def show_train(listed: list[Job]) -> None:
    # What runs is what one comes back for; the form is for those who find nothing running.
    if any(not job.has_ended for job in listed):
        queue.show(listed)
        start.show()
    else:
        start.show()
        queue.show(listed)


def show_log() -> None:
    st.header("Who did what", anchor=False)
    entries = audit.latest()
    if not entries:
        st.caption("Nothing has been logged yet.")
        return
    st.dataframe(
        [
            {"when": datetime.fromisoformat(entry.at), "who": entry.by, "what": entry.what}
            for entry in entries
        ],
        column_config={"when": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm:ss")},
        hide_index=True,
    )


def main() -> None:
    if not gate.is_signed_in():
        st.title("Retrain, watch, promote", anchor=False)
    gate.require()
    actions.say_what_is_done()
    try:
        listed = queue.listed_jobs()
    except SegcoreError as error:
        listed = []
        show_error(error)
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.title(queue.headline(listed), anchor=False)
        st.button(
            "Sign out", icon=":material/logout:", on_click=gate.sign_out, type="tertiary",
            help="Here and in every other tab and browser of yours. A sign-in lasts twelve hours.",
        )  # fmt: skip
    st.caption("Training does not affect visitors until you promote the run.")
    room = ask_part([TRAIN, RUNS, DATA, STORAGE, LOG])
    if room != TRAIN:
        queue.show_strip(listed)
    with errors_told():
        if room == TRAIN:
            show_train(listed)
        elif room == RUNS:
            promotion.show()
        elif room == DATA:
            data_sets.show()
        elif room == STORAGE:
            storage.show()
        else:
            show_log()


with errors_told():
    main()
