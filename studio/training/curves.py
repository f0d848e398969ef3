"""Learning curves of any runs side by side, redrawn while one of them trains."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from segcore.errors import SegcoreError
from segcore.presentation import figures, findings
from segcore.presentation.figures import Axis, Curve, View
from segcore.presentation.run_colors import MORE_RUNS, RUN_A, RUN_B
from segcore.runs import Run, csv_logs
from studio import cache, choices, wording
from studio.errors import fragment, show_error
from studio.state import Selection
from studio.visits.memory import uploaded_bytes
from studio.widgets.charts import show_chart, unfolding

REFRESH = 3.0
"""Seconds between two looks at a running training."""

UPLOADED, LOGS = "training_uploaded", "training_logs"
"""Keys of the files that the visitor brought along, and of what was read from them."""


@dataclass(frozen=True)
class Choice:
    """How the visitor wants the curves.

    Attributes:
        seeds_as_band: runs that differ in their seed alone are one curve.
        logs: curves of files that the visitor brought along.
    """

    view: View
    seeds_as_band: bool
    logs: tuple[Curve, ...]


def ask_choice(runs: Sequence[Run]) -> Choice:
    """The controls of the curves, beside the choice of runs."""
    axis: Axis = st.segmented_control(
        "Along", ["epoch", "minutes"], default="epoch", required=True, key="training_axis",
        label_visibility="collapsed", persist_state="session",
    )  # fmt: skip
    with st.popover("Curves", icon=":material/tune:"):
        smoothing = st.slider(
            "Smoothing", 0.0, 0.95, 0.0, 0.05, width=280,
            key="training_smoothing", persist_state="session",
            help="Weight of the epochs before; the raw line stays behind, faint.",
        )  # fmt: skip
        log = st.toggle(
            "Log axis for loss and learning rate", key="training_log", persist_state="session"
        )
        band = any(len(same) > 1 for same in seed_groups(runs)) and st.toggle(
            "Seeds of one recipe as mean and band",
            value=True,
            key="training_band",
            persist_state="session",
        )
        logs = _ask_logs()
    return Choice(View(axis, smoothing, log), band, logs)


def _ask_logs() -> tuple[Curve, ...]:
    files = st.file_uploader(
        "Beside them, for this visit: logs of Keras' CSVLogger",
        type="csv",
        accept_multiple_files=True,
        max_upload_size=5,
        key=UPLOADED,
        on_change=_read_logs,
    )
    found: Sequence[Curve | str] = st.session_state.get(LOGS, ())
    for problem in found:
        if isinstance(problem, str):
            show_error(problem)
    # Streamlit empties an uploader that another part of the page was shown instead of.
    if found and not files:
        st.button(
            "Remove the logs", icon=":material/close:",
            on_click=st.session_state.pop, args=(LOGS,),
        )  # fmt: skip
    return tuple(curve for curve in found if isinstance(curve, Curve))


def _read_logs() -> None:
    """Remembers the files' curves, or what is wrong with a file, for this visit."""
    files = st.session_state[UPLOADED]
    found: list[Curve | str] = []
    for file, color in zip(files, reversed(MORE_RUNS * len(files)), strict=False):
        try:
            log = csv_logs.read_csv_log(uploaded_bytes(file), file.name)
        except SegcoreError as error:
            found.append(str(error))
            continue
        best = csv_logs.best_epoch(log.rows)
        epoch = int(best["epoch"]) if best else None
        found.append(Curve(file.name, color, log.rows, epoch, notes=tuple(log.notes)))
    st.session_state[LOGS] = found


def seed_groups(runs: Sequence[Run]) -> list[list[Run]]:
    """Runs that differ in nothing but their seed stand together, in the order of the first."""
    groups: dict[str, list[Run]] = {}
    identities = cache.identities()
    for run in runs:
        if run.is_imported:  # nobody knows by which recipe
            groups[run.name] = [run]
            continue
        recipe = {key: value for key, value in run.manifest.recipe.items() if key != "seed"}
        parent = run.manifest.start_from.run if run.manifest.start_from else None
        data = identities.get(run.name)
        groups.setdefault(
            f"{run.model} {data} {parent} {sorted(recipe.items())}",
            [],
        ).append(run)
    return list(groups.values())


def curves_of(runs: Sequence[Run], selection: Selection) -> list[Curve]:
    """A curve per run: run A and run B keep their colours, any other gets one of its own."""
    fixed = {run.name: color for run, color in sides(selection)}
    more = iter(MORE_RUNS * len(runs))
    short = short_names(runs)
    return [
        Curve(
            name=short[run.name],
            color=fixed.get(run.name) or next(more),
            history=cache.history(run),
            best_epoch=run.best_epoch,
            notes=tuple(run.notes),
            version=cache.history_version(run),
        )
        for run in runs
    ]


def sides(selection: Selection) -> list[tuple[Run, str]]:
    """Run A and run B with their colours, where they are chosen."""
    pairs = ((selection.run_a, RUN_A), (selection.run_b, RUN_B))
    return [(run, color) for run, color in pairs if run is not None]


def show_curves(names: Sequence[str], selection: Selection, choice: Choice) -> None:
    """Redrawn every few seconds while one of the runs trains."""
    is_running = any(run.progress() is not None for run in _runs(names))
    fragment(_draw, run_every=REFRESH if is_running else None)(names, selection, choice)


def _draw(names: Sequence[str], selection: Selection, choice: Choice) -> None:
    runs = _runs(names)
    for run in runs:
        _show_progress(run)
    each = curves_of(runs, selection)
    curves = [*(_with_bands(runs, each) if choice.seeds_as_band else each), *choice.logs]
    each += choice.logs
    st.header("Mean IoU", anchor=False)
    st.caption(
        (
            f"Of more than {figures.MANY} runs validation alone is drawn; point at a line for its "
            "name. Star: best epoch."
            if len(curves) > figures.MANY
            else "Dashed: training, solid: validation, shaded: the gap, star: best epoch."
        )
        + (" Of several seeds: their mean, and the range of validation." if curves != each else "")
    )
    linear = View(choice.view.axis, choice.view.smoothing)
    figure = cache.drawn(figures.learning_curves, curves, "mean_iou", linear)
    show_chart(figure, "Mean IoU over training", "curve_iou")
    with st.grid(2, min_column_width=340, gap="medium"):
        for metric, title, view in (
            ("loss", "Loss", choice.view),
            ("accuracy", "Pixel accuracy", linear),
        ):
            with st.container():
                st.header(title, anchor=False)
                figure = cache.drawn(figures.learning_curves, curves, metric, view, False)
                show_chart(figure, f"{title} over training", f"curve_{metric}")
    lines = [
        " ".join([findings.training(curve.name, curve.history), *map(wording.plain, curve.notes)])
        for curve in each
    ]
    data_name = choices.namer()
    for number, run in enumerate(runs):
        published = findings.published(run.recipe, cache.history(run), data_name(run))
        more = (published, _scored_anew(run, selection), choices.earlier_trainings(run))
        lines[number] = " ".join([lines[number], *filter(None, more)])
    st.markdown("\n".join(f"- {line}" for line in lines))
    with unfolding("Learning rate and images per second", "training_rates") as unfolded:
        if unfolded:
            _draw_rates(curves, choice.view, linear)


def _scored_anew(run: Run, selection: Selection) -> str | None:
    """The score on the selection's data as they are, for a run that was trained on them."""
    if cache.identities().get(run.name) != selection.data.identity:
        return None
    scored = cache.stored_evaluation(run, selection.data, choices.SPLIT)
    return findings.scored_anew(run.best_mean_iou, scored.scores.mean_iou) if scored else None


def _draw_rates(curves: Sequence[Curve], rate: View, speed: View) -> None:
    with st.grid(2, min_column_width=340, gap="medium"):
        for column, title, view in (
            ("learning_rate", "Learning rate", rate),
            ("images_per_second", "Images per second", speed),
        ):
            with st.container():
                st.markdown(f"**{title}**")
                show_chart(
                    cache.drawn(figures.single_curves, curves, column, view),
                    title,
                    f"curve_{column}",
                )


def _runs(names: Sequence[str]) -> list[Run]:
    """The runs as they are now, in the order of their names."""
    known = {run.name: run for run in cache.list_runs()}
    return [known[name] for name in names if name in known]


def _with_bands(runs: Sequence[Run], curves: Sequence[Curve]) -> list[Curve]:
    by_name = {run.name: curve for run, curve in zip(runs, curves, strict=True)}
    found = []
    for same in seed_groups(runs):
        grouped = [by_name[run.name] for run in same]
        name = f"{wording.model_name(same[0])} {wording.recipe_name(same[0])}, {len(same)} seeds"
        found.append(figures.mean_of_seeds(grouped, name) if len(same) > 1 else grouped[0])
    return found


def _show_progress(run: Run) -> None:
    progress = run.progress()
    if progress is None:
        return
    fraction, where = wording.training_progress(progress)
    st.progress(fraction, f"{wording.model_name(run)} `{run.recipe}` trains. {where}")


def short_names(runs: Sequence[Run]) -> dict[str, str]:
    """Run name -> what it is called in a legend, as short as tells them apart."""
    models = [wording.model_name(run) for run in runs]
    recipes = [f"{wording.model_name(run)} {wording.recipe_name(run)}" for run in runs]
    times = [f"{wording.model_name(run)} {started(run):%d %b %H:%M:%S}" for run in runs]
    data_name = choices.namer()
    several = len({data_name(run) for run in runs}) > 1
    names = {}
    for run, *candidates in zip(runs, models, recipes, times, strict=True):
        unique = [n for n in candidates if (*models, *recipes, *times).count(n) == 1]
        data = f" on {data_name(run)}" if several else ""
        names[run.name] = (unique or candidates[-1:])[0] + data
    return names


def started(run: Run) -> datetime:
    return datetime.fromisoformat(run.created)
