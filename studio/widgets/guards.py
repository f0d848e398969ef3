"""What a page says where something is missing, and the way on."""

import streamlit as st

from segcore.errors import RunError
from segcore.presentation.sides import Pair, Side
from studio import cache, identities, state, wording
from studio.errors import without_paths
from studio.state import Selection

SHOWN_UNREADABLE = 3


def require_pair(selection: Selection) -> Pair[Side]:
    """Both runs of the selection; without two the page ends here and says how to get them."""
    if selection.pair is not None:
        return selection.pair
    if selection.run_a is not None and selection.run_b is not None:
        st.title("These two runs tell other classes apart", anchor=False)
        st.markdown(
            f"Neither the {len(selection.run_a.label_space.labels)} classes of run A nor the "
            f"{len(selection.run_b.label_space.labels)} of run B map onto the other's: choose "
            "another run in the sidebar."
        )
        st.stop()
    st.title("Two trained runs are needed for a comparison")
    st.markdown(
        "Train the two models of this data set, here or from the command line; "
        "the `quick-` recipes take minutes."
    )
    st.code(
        f"python -m segcore train --recipe quick-unet --data {selection.data.argument}\n"
        f"python -m segcore train --recipe quick-danet --data {selection.data.argument}",
        language=None,
    )
    st.page_link("pages/admin.py", label="Start a training", icon=":material/model_training:")
    st.stop()


def have_networks(pair: Pair[Side], purpose: str) -> bool:
    """Whether both runs can do what `purpose` says; says so of one that holds masks alone."""
    able = True
    for side in pair:
        try:
            side.run.require_network(purpose)
        except RunError as error:
            able = False
            st.info(wording.sentence(f"{side.name}, {error}."), icon=":material/image:")
    return able


def show_unreadable() -> None:
    """A line for each run, or its history, that the lists leave out, and how to fix it."""
    found = [*(one.problem for one in cache.unreadable_runs()), *cache.unreadable_histories()]
    for problem in found[:SHOWN_UNREADABLE]:
        st.warning(wording.sentence(without_paths(problem)), icon=":material/folder_off:")
    if len(found) > SHOWN_UNREADABLE:
        rest = len(found) - SHOWN_UNREADABLE
        st.caption(f"{rest} more cannot be read: `python -m segcore doctor` names them.")


def offer_streets(selection: Selection) -> None:
    """Says that the images are not on this machine, and leads to those that always are."""
    st.warning(
        f"The images of {selection.data.name} are not on this machine. An admin can register "
        "their folder under Admin, Data sets, which also says what is wrong with it; or the server "
        f"is started with `SEGCORE_DATA={selection.data.layout}:DIR`.",
        icon=":material/image:",
    )
    st.button(
        "Show the built-in streets",
        icon=":material/swap_horiz:",
        on_click=state.choose_data_set,
        args=("streets",),
    )


def is_known(selection: Selection) -> bool:
    """Whether it is known what the data set is; until then its images are being read, once."""
    if selection.data.identity is not None or selection.problem is not None:
        return True
    st.title(f"Reading the images of {selection.data.name}", anchor=False)
    st.markdown("Its scores and champions show once it is known which images these are.")
    identities.show_reading(selection.data)
    return False


def require_pictures(selection: Selection) -> None:
    """Ends the page where the data set's images are not on this machine."""
    if selection.problem is not None:
        offer_streets(selection)
        st.stop()
