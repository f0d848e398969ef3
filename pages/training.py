"""How the trainings went: curves of any runs side by side, and watching the models learn."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from segcore.presentation import findings
from segcore.presentation.sides import Pair, Side
from segcore.runs import Run
from segcore.runs.data import UNREAD
from segcore.runs.seen_data import policy_of
from studio import address, cache, choices, state, wording
from studio.errors import errors_told, fragment
from studio.state import Selection
from studio.training import curves, snapshots
from studio.widgets import guards, presenting, run_finder
from studio.widgets.parts import ask_part

CURVES, CLASSES, MASKS, RUNS = "Curves", "Classes", "Masks", "Runs"
CHOSEN = "training_runs"

MEAN_IOU_NOTE = (
    "Mean IoU over the scored classes that occur, at the training resolution. Training scores are "
    "measured during training, on augmented images, on every fourth row and column; validation "
    "scores after each epoch, on whole images."
)


SIZES = ("size", "crop")
"""Parameters that are a height and a width; other pairs are ranges."""


# --- which runs ----------------------------------------------------------------------------------


def runs_with_history(selection: Selection) -> dict[str, Run]:
    """Name -> run that has finished an epoch, those of the selection's data set first."""
    ordered = [*choices.trained_on(selection.data), *cache.list_runs()]
    return {run.name: run for run in ordered if run.epochs}


def with_readable_history(names: list[str], known: dict[str, Run]) -> list[Run]:
    """What can be drawn of the runs that were chosen."""
    return [known[name] for name in names if cache.history(known[name])]


def default_names(selection: Selection, known: dict[str, Run]) -> list[str]:
    """The two runs of the sidebar, and what is training on the data set right now.

    To an audience it is told by two that learned from the start.
    """
    story = choices.story_runs(selection.data)
    if story and presenting.station() is presenting.LEARNING:
        return story
    chosen = [run.name for run, _ in curves.sides(selection)]
    trained = {run.name for run in choices.trained_on(selection.data)}
    running = [
        name for name, run in known.items() if name in trained and run.progress() is not None
    ]
    return [name for name in dict.fromkeys([*chosen, *running]) if name in known]


def ask_names(known: dict[str, Run], default: list[str], key: str) -> list[str]:
    chosen = [name for name in st.session_state.get(key, default) if name in known]
    data_name, labels = choices.namer(), wording.run_labels(known.values())
    with st.popover(f"Runs shown: {len(chosen)}", icon=":material/stacked_line_chart:"):
        found = run_finder.ask(list(known.values()), choices.champion_names(), "training")
        return st.multiselect(
            "Runs side by side",
            run_finder.offered(found, chosen),
            default=default,
            key=key,
            format_func=lambda name: run_option(known[name], labels[name], data_name),
            width=460,
        )


def offer_story(selection: Selection) -> None:
    """From the champions, which went on from earlier trainings, to two that learned from the start
    with the same budget, and back."""
    story = choices.story_runs(selection.data)
    if not story or presenting.station() is not None:
        return
    if [side.run.name for side in selection.sides] == story:
        best = choices.default_runs(selection.data)
        if [*best] != story:
            st.button("Back to the best", icon=":material/undo:", on_click=choose, args=best)
    else:
        st.button(
            "Both from the start", icon=":material/first_page:", on_click=choose, args=story,
            help="A U-Net with random weights and a DANet with ImageNet's, trained on the same "
            "images for the same number of steps.",
        )  # fmt: skip


def choose(a: str | None, b: str | None) -> None:
    """Makes them run A and run B, in the sidebar and the address."""
    st.session_state[address.A], st.session_state[address.B] = a, b


def run_option(run: Run, label: str, data_name: Callable[[Run], str]) -> str:
    return f"{label} · {data_name(run)} · seed {run.seed}"


# --- tables --------------------------------------------------------------------------------------


def show_runs(runs: list[Run]) -> None:
    rows: list[dict[str, Any]] = []
    data_name = choices.namer()
    for run in runs:
        history = cache.history(run)
        rows.append(
            {
                "Model": wording.model_name(run),
                "Recipe": run.recipe,
                "Data": data_name(run),
                "Status": run.status,
                "Epochs": len(history),
                "Best val mean IoU": run.best_mean_iou,
                "in epoch": run.best_epoch,
                "Minutes": sum(row["seconds"] for row in history) / 60,
                "Parameters": wording.count(run.parameters),
                "Seed": run.seed,
                "Started": curves.started(run),
                "Run": run.name,
            }
        )
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={
            "Best val mean IoU": st.column_config.ProgressColumn(
                format="%.3f", min_value=0, max_value=1, help=MEAN_IOU_NOTE
            ),
            "Minutes": st.column_config.NumberColumn(format="%.0f"),
            "Started": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm"),
        },
    )


@fragment
def show_recipes(pair: Pair[Side]) -> None:
    rows = findings.recipe_differences(*(run.manifest.recipe for run in pair.runs))
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.header("How the recipes differ", anchor=False)
        show_all = st.toggle("Show all parameters")
    table = [
        {"Parameter": name, pair.a.title: written(name, a), pair.b.title: written(name, b)}
        for name, a, b, differs in rows
        if (differs or show_all) and name not in ("name", "summary", "expected", "model")
    ]
    if not table:
        st.markdown("Not at all: both use the same parameters.")
        return
    differing = {name for name, _, _, differs in rows if differs}
    frame = pd.DataFrame(table)
    if show_all:
        frame.insert(1, "", ["≠" if name in differing else "" for name in frame["Parameter"]])
    st.dataframe(frame, hide_index=True)


def written(name: str, value: Any) -> str:
    """A parameter's value in words a reader expects."""
    if value is None or value is False:
        return "–"
    if isinstance(value, (list, tuple)):
        return (" x " if name in SIZES else " to ").join(str(part) for part in value)
    return "on" if value is True else str(value)


# --- page ----------------------------------------------------------------------------------------


def show_empty(selection: Selection) -> None:
    st.title("No training has finished an epoch yet", anchor=False)
    st.markdown("Start one: the `quick-` recipes take minutes, and their curves appear here live.")
    st.page_link("pages/admin.py", label="Start a training", icon=":material/model_training:")
    data = selection.data.argument
    st.code(f"python -m segcore train --recipe quick-unet --data {data}", language=None)


def finding(runs: list[Run], selection: Selection) -> str:
    """Which training scored highest, of run A and B where they are shown, else of all shown, and
    which of them went on from earlier ones."""
    compared = [run.name for run, _ in curves.sides(selection)]
    shown = [run for run in runs if run.name in compared] or runs
    drawn = curves.curves_of(shown, selection)
    identities = cache.identities()
    data = {identities.get(run.name, UNREAD) for run in shown if not run.is_imported}
    names = [
        wording.with_beginning(curve.name, run) for curve, run in zip(drawn, shown, strict=True)
    ]
    if len({known for known in data if not known.startswith(UNREAD)}) > 1:
        return findings.scores_on_different_data(
            [(name, run.best_mean_iou) for name, run in zip(names, shown, strict=True)]
        )
    return findings.best_scores(
        [(name, curve.history, curve.best_epoch) for name, curve in zip(names, drawn, strict=True)]
    )


def policy_line(selection: Selection) -> str:
    """Which classes count in scores on the data set."""
    policy = selection.space.policy
    if selection.problem is None:
        policy = policy_of(selection.space, cache.source(selection.spec).merges)
    return f"Policy on {selection.data.name}: `{policy}`."


def main() -> None:
    selection = state.selection()
    known = runs_with_history(selection)
    if not known:
        show_empty(selection)
        guards.show_unreadable()
        return
    default = default_names(selection, known) or list(known)[:2]
    # The key follows the sidebar, so that another choice there starts from its own runs.
    told = ["told"] if presenting.station() is presenting.LEARNING else []
    key = "_".join([CHOSEN, *(run.name for run, _ in curves.sides(selection)), *told])
    wanted = [name for name in st.session_state.get(key, default) if name in known]
    st.title(finding(with_readable_history(wanted, known), selection), anchor=False)
    st.caption(f"{MEAN_IOU_NOTE} {policy_line(selection)}")
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        part = ask_part([CURVES, CLASSES, MASKS, RUNS])
        offer_story(selection)
        with st.container(horizontal=True, gap="small", width="content"):
            wanted = ask_names(known, default, key)
            shown = with_readable_history(wanted, known)
            choice = curves.ask_choice(shown) if part == CURVES else None
    if not shown:
        guards.show_unreadable(known[name] for name in wanted)
        st.info("Choose at least one run above.", icon=":material/stacked_line_chart:")
        return
    if choice is not None:
        curves.show_curves([run.name for run in shown], selection, choice)
    elif part == RUNS:
        show_runs(shown)
        if selection.pair is not None:
            show_recipes(selection.pair)
    elif not selection.sides:
        st.info("This part shows run A and run B: choose them in the sidebar.")
    elif part == CLASSES:
        snapshots.show_classes_learnt(selection.sides)
    else:
        snapshots.show_learning(selection, selection.sides)
    guards.show_unreadable(known[name] for name in wanted)


with errors_told():
    main()
