"""What a page says where something is missing, and the way on."""

from collections.abc import Iterable, Sequence

import streamlit as st

from segcore.errors import RunError
from segcore.models import family_of
from segcore.presentation.sides import Side
from segcore.runs import Run
from studio import cache, choices, identities, state, wording
from studio.errors import without_paths
from studio.state import Selection

SHOWN_UNREADABLE = 3
QUICK = ("quick-unet", "quick-danet")


def require_run(selection: Selection) -> Sequence[Side]:
    """The run or two that pages show; without any the page ends here and says how to get one."""
    if selection.sides:
        return selection.sides
    st.title("No trained run is chosen yet", anchor=False)
    can_choose = bool(choices.comparable_runs(selection.data))
    st.markdown(
        f"{'Choose one in the sidebar, or train' if can_choose else 'Train'} the two models on "
        "this data set, here or from the command line; the `quick-` recipes take minutes."
    )
    commands = [_training(recipe, selection) for recipe in QUICK]
    st.code("\n".join(commands), language=None)
    st.page_link("pages/admin.py", label="Start a training", icon=":material/model_training:")
    st.stop()


def offer_second(selection: Selection, use: str) -> None:
    """How to get a second run where one is shown alone.

    Args:
        use: what a second run would be for on this page, such as "is compared image by image".
    """
    if selection.pair is not None:
        return
    run_a, run_b = selection.run_a, selection.run_b
    if run_a is not None and run_b is not None:
        a, b = (len(run.label_space.labels) for run in (run_a, run_b))
        st.info(
            f"Only run A is shown: neither its {a} classes nor the {b} of run B map onto the "
            f"other's; a second run {use} once another is chosen in the sidebar.",
            icon=":material/difference:",
        )
        return
    (alone,) = selection.sides
    others = [name for name in choices.comparable_runs(selection.data) if name != alone.run.name]
    family = family_of(alone.run.model)
    recipe = next(name for name in QUICK if not name.endswith(f"-{family}"))
    choose = "choose one in the sidebar, or train it" if others else "train one"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"A second run {use}: {choose} with "
            f"`{_training(recipe, selection)}` or from the browser.",
            width="content",
        )
        st.page_link("pages/admin.py", label="Start a training", icon=":material/model_training:")


def _training(recipe: str, selection: Selection) -> str:
    return f"python -m segcore train --recipe {recipe} --data {selection.data.argument}"


def able(sides: Sequence[Side], purpose: str) -> Sequence[Side]:
    """Those that can do what `purpose` says; says so of each that holds masks alone."""
    found = []
    for side in sides:
        try:
            side.run.require_network(purpose)
            found.append(side)
        except RunError as error:
            st.info(wording.sentence(f"{side.name}, {error}."), icon=":material/image:")
    return sides if len(found) == len(sides) else found


def show_unreadable(shown: Iterable[Run] = ()) -> None:
    """A line for each run that the lists leave out, and for each history of a run that is to be
    shown and cannot be read; how to fix it."""
    found = [*(one.problem for one in cache.unreadable_runs()), *cache.unreadable_histories(shown)]
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
