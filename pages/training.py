"""How the trainings went: curves of any runs side by side, and watching the models learn."""

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from pages.shared import cache, state, wording
from pages.shared.charts import show_chart
from pages.shared.labelling import Names
from pages.shared.state import RUN_A, RUN_B, Selection
from segcore import figures, findings
from segcore.errors import SegcoreError
from segcore.figures import Axis, Curve
from segcore.images import resize_labels
from segcore.labels import colorize
from segcore.runs import Run

REFRESH = 3.0
"""Seconds between two looks at a running training."""

CHOSEN, AXIS = "training_runs", "training_axis"
PICTURE_WIDTH = 480

MEAN_IOU_NOTE = (
    "Mean IoU over the evaluated classes that occur (policy `cityscapes-19-present`), at the "
    "training's own resolution. Training scores are of augmented pictures while the weights "
    "still move, on every 4th pixel each way; validation scores of whole pictures after the epoch."
)


# --- which runs ----------------------------------------------------------------------------------


def runs_with_history(selection: Selection) -> dict[str, Run]:
    """Name -> run that has an epoch to show, those of the selection's data set first."""
    runs = [run for run in cache.list_runs() if cache.history(run)]
    return {run.name: run for run in sorted(runs, key=lambda run: run.dataset != selection.dataset)}


def default_names(selection: Selection, known: dict[str, Run]) -> list[str]:
    """The two runs of the sidebar, and what is training on the data set right now."""
    chosen = [run.name for run in (selection.run_a, selection.run_b) if run is not None]
    running = [
        name
        for name, run in known.items()
        if run.progress() is not None and run.dataset == selection.dataset
    ]
    return [name for name in dict.fromkeys([*chosen, *running]) if name in known]


def curves_of(names: list[str], selection: Selection) -> list[Curve]:
    """Run A and run B keep their colours, any other run gets one of its own."""
    runs = {run.name: run for run in cache.list_runs()}
    fixed = {run.name: color for run, color in sides(selection)}
    more = iter(figures.MORE_RUNS * len(names))
    short = short_names([runs[name] for name in names])
    return [
        Curve(
            name=short[name],
            color=fixed.get(name) or next(more),
            history=cache.history(runs[name]),
            best_epoch=runs[name].best_epoch,
        )
        for name in names
    ]


def sides(selection: Selection) -> list[tuple[Run, str]]:
    pairs = ((selection.run_a, RUN_A), (selection.run_b, RUN_B))
    return [(run, color) for run, color in pairs if run is not None]


def short_names(runs: list[Run]) -> dict[str, str]:
    """Run name -> what it is called in a legend, as short as tells them apart."""
    models = [wording.model_name(run) for run in runs]
    recipes = [f"{wording.model_name(run)} {wording.recipe_name(run)}" for run in runs]
    times = [f"{wording.model_name(run)} {started(run):%d %b %H:%M:%S}" for run in runs]
    names = {}
    for run, *candidates in zip(runs, models, recipes, times, strict=True):
        unique = [n for n in candidates if (*models, *recipes, *times).count(n) == 1]
        names[run.name] = (unique or candidates[-1:])[0]
    return names


def started(run: Run) -> datetime:
    return datetime.fromisoformat(run.created)


def run_option(run: Run) -> str:
    label = wording.run_label(run, is_champion=False)
    return f"{label} · {wording.data_name(run.dataset)}"


# --- curves --------------------------------------------------------------------------------------


def show_running(names: list[str]) -> bool:
    """Progress of the chosen runs that are still training; False where none is."""
    is_running = False
    for run in cache.list_runs():
        progress = run.progress() if run.name in names else None
        if progress is None:
            continue
        is_running = True
        done = progress["epoch"] - 1 + progress["step"] / max(progress["steps"], 1)
        left = progress["seconds_left"]
        remaining = f", {wording.duration(left)} left" if left else ""
        st.progress(
            min(1.0, done / progress["epochs"]),
            f"{wording.model_name(run)} `{run.recipe}` trains: epoch {progress['epoch']} of "
            f"{progress['epochs']}, step {progress['step']} of {progress['steps']}, "
            f"loss {progress['loss']:.3f}{remaining}",
        )
    return is_running


def show_curves(names: list[str], selection: Selection, axis: Axis) -> None:
    """Redrawn every few seconds while one of the runs trains."""
    runs = {run.name: run for run in cache.list_runs()}
    is_running = any(runs[name].progress() is not None for name in names)
    st.fragment(draw_curves, run_every=REFRESH if is_running else None)(names, selection, axis)


def draw_curves(names: list[str], selection: Selection, axis: Axis) -> None:
    show_running(names)
    curves = curves_of(names, selection)
    st.subheader("Mean IoU", anchor=False)
    st.caption("Dashed: training, solid: validation, shaded: the gap, star: best epoch.")
    show_chart(
        figures.learning_curves(curves, "mean_iou", axis), "Mean IoU over training", "curve_iou"
    )
    with st.grid(2, min_column_width=340, gap="medium"):
        for metric, title in (("loss", "Loss"), ("accuracy", "Pixel accuracy")):
            with st.container():
                st.subheader(title, anchor=False)
                show_chart(
                    figures.learning_curves(curves, metric, axis, legend=False),
                    f"{title} over training",
                    f"curve_{metric}",
                )
    st.markdown("\n".join(f"- {findings.training(curve.name, curve.history)}" for curve in curves))
    with st.grid(2, min_column_width=340, gap="medium"):
        for column, title in (
            ("learning_rate", "Learning rate"),
            ("images_per_second", "Images per second"),
        ):
            with st.container():
                st.subheader(title, anchor=False)
                show_chart(figures.single_curves(curves, column, axis), title, f"curve_{column}")


# --- tables --------------------------------------------------------------------------------------


def show_runs(runs: list[Run]) -> None:
    rows: list[dict[str, Any]] = []
    for run in runs:
        history = cache.history(run)
        best = run.manifest.get("best") or {}
        rows.append(
            {
                "Model": wording.model_name(run),
                "Recipe": run.recipe,
                "Data": wording.data_name(run.dataset),
                "Status": run.status,
                "Epochs": len(history),
                "Best val mean IoU": best.get("mean_iou"),
                "in epoch": best.get("epoch"),
                "Minutes": sum(row["seconds"] for row in history) / 60,
                "Parameters": wording.count(run.parameters),
                "Seed": run.seed,
                "Started": started(run),
                "Run": run.name,
            }
        )
    st.subheader("The runs", anchor=False)
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


@st.fragment
def show_recipes(runs: tuple[Run, Run], names: Names) -> None:
    rows = findings.recipe_differences(*(run.manifest["recipe"] for run in runs))
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.subheader("What the recipes differ in", anchor=False)
        show_all = st.toggle("Show all parameters")
    table = [
        {"Parameter": name, f"A · {names.a}": written(a), f"B · {names.b}": written(b)}
        for name, a, b, differs in rows
        if (differs or show_all) and name not in ("name", "summary", "expected", "model")
    ]
    if not table:
        st.markdown("Nothing: both were trained by the same parameters.")
        return
    differing = {name for name, _, _, differs in rows if differs}
    frame = pd.DataFrame(table)
    if show_all:
        frame.insert(1, "", ["≠" if name in differing else "" for name in frame["Parameter"]])
    st.dataframe(frame, hide_index=True)


def written(value: Any) -> str:
    """A parameter's value in words a reader expects."""
    if value is None or value is False:
        return "–"
    if isinstance(value, (list, tuple)):
        return " to ".join(str(part) for part in value)
    return "on" if value is True else str(value)


# --- watching the models learn -------------------------------------------------------------------


@st.fragment
def show_learning(selection: Selection, runs: list[tuple[Run, str]]) -> None:
    """One slider of epochs moves the predicted masks of the same validation images."""
    watched = [(run, name, run.snapshots()) for run, name in runs]
    watched = [entry for entry in watched if entry[2] and entry[0].snapshot_index()]
    if not watched:
        return
    st.subheader("Watch the model learn", anchor=False)
    last = max(max(snapshots) for _, _, snapshots in watched)
    epoch = st.slider("Epoch", 1, last, last) if last > 1 else 1
    strips = [
        (f"{'AB'[side]} · {name}", *snapshot_masks(run, snapshots, epoch))
        for side, (run, name, snapshots) in enumerate(watched)
    ]
    stages = "; ".join(stage_of(run, name, snaps, epoch) for run, name, snaps in watched)
    st.markdown(f"Masks of the same validation images, {stages}.")
    keys = list(dict.fromkeys(key for _, masks, _ in strips for key in masks))
    with st.grid(2 + len(strips), min_column_width=140, gap="small"):
        for key in keys:
            shape = show_sample(selection, key)
            for name, masks, at in strips:
                if key in masks:
                    show_mask(masks[key], shape, f"{name}, epoch {at}")


def snapshot_masks(
    run: Run, snapshots: dict[int, Any], epoch: int
) -> tuple[dict[str, np.ndarray], int]:
    """Key -> predicted mask after the epoch, or after the run's last one before it."""
    at = max((known for known in snapshots if known <= epoch), default=min(snapshots))
    index = run.snapshot_index() or {}
    with Image.open(snapshots[at]) as picture:
        stacked = np.asarray(picture)
    masks = stacked.reshape(len(index["keys"]), index["height"], index["width"])
    return dict(zip(index["keys"], masks, strict=True)), at


def stage_of(run: Run, name: str, snapshots: dict[int, Any], epoch: int) -> str:
    at = max((known for known in snapshots if known <= epoch), default=min(snapshots))
    iou = {int(row["epoch"]): row["val_mean_iou"] for row in cache.history(run)}
    return f"{name} after epoch {at}: mean IoU {wording.score(iou.get(at))}"


def show_sample(selection: Selection, key: str) -> tuple[int, int] | None:
    """Photograph and truth where they are on this machine; their height and width."""
    if selection.problem is not None:
        return None
    try:
        sample = cache.sample(selection.spec, state.SPLIT, key)
    except KeyError:  # a picture of another data set, or no longer there
        return None
    st.image(
        sample.image, caption=f"Photograph {key}", width="stretch", output_format="JPEG", alt=key
    )
    if sample.mask is not None:
        show_mask(sample.mask, None, "Truth")
    height, width = sample.image.shape[:2]
    return height, width


def show_mask(mask: np.ndarray, shape: tuple[int, int] | None, caption: str) -> None:
    """The mask in the proportions of its photograph; lossless."""
    height, width = shape or mask.shape
    size = (round(height * PICTURE_WIDTH / width), PICTURE_WIDTH)
    st.image(
        colorize(resize_labels(np.asarray(mask), size)),
        caption=caption,
        width="stretch",
        output_format="PNG",
        alt=caption,
    )


# --- page ----------------------------------------------------------------------------------------


def show_empty(selection: Selection) -> None:
    st.title("No training has finished an epoch yet", anchor=False)
    st.markdown("Start one: the `quick-` recipes take minutes, and their curves appear here live.")
    st.page_link("pages/admin.py", label="Start a training", icon=":material/model_training:")
    st.code(f"python -m segcore train --recipe quick-unet --data {selection.spec}", language="bash")


def finding(names: list[str], selection: Selection) -> str:
    """Which training learnt most: of run A and B where they are shown, else of all shown."""
    compared = [run.name for run, _ in sides(selection) if run.name in names]
    curves = zip(names, curves_of(names, selection), strict=True)
    return findings.best_scores(
        [
            (curve.name, curve.history, curve.best_epoch)
            for name, curve in curves
            if name in compared or not compared
        ]
    )


def main() -> None:
    selection = state.selection()
    known = runs_with_history(selection)
    if not known:
        show_empty(selection)
        return
    default = default_names(selection, known) or list(known)[:2]
    # The key follows the sidebar, so that another choice there starts from its own runs.
    key = f"{CHOSEN}_{'_'.join(default)}"
    names = st.session_state.get(key, default)
    names = [name for name in names if name in known]
    st.title(finding(names, selection), anchor=False)
    st.caption(MEAN_IOU_NOTE)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        with st.popover(f"Runs shown: {len(names)}", icon=":material/stacked_line_chart:"):
            names = st.multiselect(
                "Runs side by side",
                list(known),
                default=default,
                key=key,
                format_func=lambda name: run_option(known[name]),
                width=460,
            )
        axis: Axis = st.segmented_control(
            "Along", ["epoch", "minutes"], default="epoch", required=True, key=AXIS,
            label_visibility="collapsed",
        )  # fmt: skip
    if not names:
        st.info("Choose at least one run above.", icon=":material/stacked_line_chart:")
        return
    try:
        show_curves(names, selection, axis)
        if selection.runs is not None:
            pair = Names.of(*selection.runs)
            show_learning(selection, list(zip(selection.runs, (pair.a, pair.b), strict=True)))
        show_runs([known[name] for name in names])
        if selection.runs is not None:
            show_recipes(selection.runs, pair)
    except SegcoreError as error:
        st.error(str(error))


main()
