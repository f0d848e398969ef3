"""Start a retrain, see how it goes, make the result the champion."""

from datetime import datetime
from functools import partial

import streamlit as st

from pages.shared import actions, cache, engine, gate, queue, state, wording
from segcore import evaluation, findings, jobs, runs, worker
from segcore.errors import SegcoreError
from segcore.jobs import Parameters
from segcore.recipes import RECIPES, Recipe
from segcore.runs import Run

BY = "admin page"

# --- start ---------------------------------------------------------------------------------------


def show_start() -> None:
    st.subheader("Start a training", anchor=False)
    with st.container(border=True):
        left, right = st.columns(2)
        recipes = sorted(RECIPES, key=lambda name: not name.startswith("quick-"))
        recipe = RECIPES[left.selectbox("Recipe", recipes, key="recipe")]
        data = right.selectbox(
            "Data",
            [data_set.spec for data_set in state.data_sets().values()],
            key="data_spec",
            accept_new_options=True,
            help="Choose one, or type the spec of another: camvid:DIR, cityscapes:DIR, pairs:DIR.",
        )
        st.caption(f"{recipe.summary} {recipe.expected}")
        parameters = _ask_parameters(recipe, data)
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("Start training", type="primary", icon=":material/play_arrow:"):
                _start(parameters)
            st.caption(_expectation(parameters, recipe))


def _ask_parameters(recipe: Recipe, data: str) -> Parameters:
    """The recipe's numbers to change; each recipe has widgets of its own."""
    epochs, batch, seed = st.columns(3)
    with st.expander("Starting weights"):
        weights, parent = st.columns(2)
        backbone = weights.selectbox(
            "Backbone",
            ["none", "imagenet"],
            index=["none", "imagenet"].index(recipe.backbone_weights),
            key=f"backbone {recipe.name}",
            disabled=recipe.model == "unet",
            help="ImageNet weights are downloaded by Keras when they are used first.",
        )
        start_from = parent.selectbox(
            "Start from",
            [run.name for run in cache.list_runs() if run.model == recipe.model and run.best_epoch],
            index=None,
            key=f"start from {recipe.name}",
            placeholder="New weights",
            help="The best weights of a run of the same network.",
        )
    return Parameters(
        recipe=recipe.name,
        data=data,
        epochs=epochs.number_input(
            "Epochs",
            1,
            1000,
            recipe.epochs,
            key=f"epochs {recipe.name}",
            help="Passes over the training pictures; the best one is kept.",
        ),
        batch_size=batch.number_input(
            "Batch size",
            1,
            256,
            recipe.batch_size,
            key=f"batch size {recipe.name}",
            help="Pictures in a step. More need more memory.",
        ),
        seed=seed.number_input(
            "Seed",
            0,
            2**31 - 1,
            recipe.seed,
            key=f"seed {recipe.name}",
            help="The same seed draws the same first weights and the same augmentation.",
        ),
        backbone_weights=None if recipe.model == "unet" else backbone,
        start_from=start_from,
    )


def _expectation(parameters: Parameters, recipe: Recipe) -> str:
    seconds = jobs.expected_seconds(
        recipe.name, str(parameters.data), parameters.epochs or recipe.epochs
    )
    if seconds is None:
        return "Not timed on this data yet: the time left shows after the first steps."
    return f"About {wording.duration(seconds)}, as the last run of this recipe on this data took."


def _start(parameters: Parameters) -> None:
    def start() -> None:
        jobs.enqueue(parameters)
        worker.ensure_worker()

    actions.act(start, f"{parameters.recipe} is in the queue")


# --- runs ----------------------------------------------------------------------------------------


def show_runs() -> None:
    st.subheader("Runs", anchor=False)
    found = cache.list_runs()
    if not found:
        st.info(
            "No run yet. Start `quick-unet` on `streets` above: it takes minutes.",
            icon=":material/model_training:",
        )
        return
    champions = {
        (run.name, dataset)
        for dataset in {run.dataset for run in found}
        for run in cache.champions(dataset).values()
    }
    st.dataframe(
        [_table_row(run, (run.name, run.dataset) in champions) for run in found],
        column_config={
            "champion": st.column_config.TextColumn("", width=30),
            "mean IoU": st.column_config.ProgressColumn(
                format="%.3f",
                min_value=0,
                max_value=1,
                help="Validation pictures at their own resolution, 19 Cityscapes classes.",
            ),
            "in training": st.column_config.NumberColumn(
                format="%.3f", help="Best validation mean IoU at the resolution it trained at."
            ),
            "started": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm"),
        },
        hide_index=True,
    )
    trained = {run.name: run for run in found if run.best_epoch and run.status != "running"}
    if trained:
        _show_actions(trained, {name for name, _ in champions})


def _table_row(run: Run, is_champion: bool) -> dict[str, object]:
    report = run.evaluation(run.dataset, state.SPLIT) or {}
    return {
        "champion": "★" if is_champion else "",
        "model": wording.model_name(run),
        "recipe": run.recipe,
        "data": wording.data_name(run.dataset),
        "mean IoU": report.get("mean_iou"),
        "in training": (run.manifest.get("best") or {}).get("mean_iou"),
        "status": run.status,
        "started": datetime.fromisoformat(run.created),
        "run": run.name,
    }


def _show_actions(trained: dict[str, Run], champions: set[str]) -> None:
    candidates = sorted(trained, key=lambda name: name in champions)
    with st.container(border=True):
        run = trained[
            st.selectbox(
                "Run to score or promote",
                candidates,
                format_func=lambda name: wording.run_label(trained[name], name in champions),
                key="candidate",
            )
        ]
        champion = cache.champions(run.dataset).get(run.model)
        is_champion = champion is not None and champion.name == run.name
        report = cache.report(run, run.dataset, state.SPLIT)
        st.markdown(_standing(run, champion))
        with st.container(horizontal=True):
            if st.button(
                "Evaluate" if report is None else "Evaluate again",
                icon=":material/scoreboard:",
                type="primary" if report is None else "secondary",
            ):
                _evaluate(run, force=report is not None)
            actions.button_with_question(
                "Promote",
                f"Make `{run.name}` the champion of {_seat(run.model, run.dataset)}? Visitors "
                f"see it from then on.\n\n{_standing(run, champion)}",
                partial(runs.promote, run, by=BY),
                f"{run.name} is the champion",
                key="promote",
                icon=":material/star:",
                emphasized=report is not None and not is_champion,
                disabled=is_champion,
            )


def _standing(run: Run, champion: Run | None) -> str:
    """How the run compares with the champion, as far as that is known."""
    if champion is None:
        return f"{_seat(run.model, run.dataset)} has no champion yet."
    if champion.name == run.name:
        return f"It is the champion of {_seat(run.model, run.dataset)}."
    report = cache.comparison_report(run, champion, run.dataset, state.SPLIT)
    if report is None:
        return f"The champion is `{champion.name}`. Which is better shows once both are evaluated."
    return findings.verdict(report, "this run", f"the champion `{champion.name}`")


def _evaluate(run: Run, force: bool) -> None:
    if not engine.wait():
        return
    bar = st.progress(0.0, "Reading the pictures")

    def show(done: int, total: int) -> None:
        bar.progress(done / total, f"Scored {done} of {total} pictures")

    here = [found for found in state.data_sets().values() if not found.problem]
    spec = next((found.spec for found in here if found.name == run.dataset), run.spec)
    actions.act(
        partial(evaluation.evaluate, run, spec, state.SPLIT, show, force),
        f"{run.name} is evaluated",
    )
    bar.empty()


# --- champions -----------------------------------------------------------------------------------


def show_promotions() -> None:
    seats = sorted({(run.model, run.dataset) for run in cache.list_runs()})
    history = [
        {"model and data": _seat(model, dataset), **promotion}
        for model, dataset in seats
        for promotion in reversed(runs.promotions(model, dataset))
    ]
    st.subheader("Promotions", anchor=False)
    if not history:
        st.caption("None yet: the shipped champions stand.")
        return
    for model, dataset in seats:
        standing = runs.promotions(model, dataset)
        if not standing:
            continue
        now = standing[-1]
        since = datetime.fromisoformat(now["at"])
        with actions.row(
            f"**{_seat(model, dataset)}**",
            f"{now['run']} since {since:%d %b %Y, %H:%M} UTC, by {now['by']}",
        ):
            before = f"`{standing[-2]['run']}`" if len(standing) > 1 else "the shipped champion"
            actions.button_with_question(
                "Roll back",
                f"Take back the promotion of `{now['run']}`? Visitors see {before} from then on.",
                partial(runs.rollback, model, dataset, BY),
                f"{_seat(model, dataset)} is rolled back",
                key=f"roll back {model} {dataset}",
                icon=":material/undo:",
            )
    st.dataframe(
        history,
        column_config={
            "at": st.column_config.DatetimeColumn("promoted", format="D MMM YYYY, HH:mm")
        },
        hide_index=True,
    )


def _seat(model: str, dataset: str) -> str:
    return f"{wording.MODEL_NAMES.get(model, model)} on {wording.data_name(dataset)}"


# --- page ----------------------------------------------------------------------------------------


def main() -> None:
    if not gate.is_signed_in():
        st.title("Retrain, watch, promote", anchor=False)
    gate.require()
    actions.say_what_is_done()
    try:
        listed = jobs.list_jobs()
    except SegcoreError as error:
        listed = []
        st.error(str(error), icon=":material/error:")
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.title(queue.headline(listed), anchor=False)
        st.button("Sign out", icon=":material/logout:", on_click=gate.sign_out, type="tertiary")
    st.caption("Visitors notice nothing of a training until its run is promoted.")
    show_start()
    queue.show(listed)
    try:
        show_runs()
        show_promotions()
    except SegcoreError as error:
        st.error(str(error), icon=":material/error:")


main()
