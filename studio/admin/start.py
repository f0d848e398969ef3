"""Admin, the form that starts a training: a recipe or a clone of a run, every parameter open."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from segcore import jobs
from segcore.data.sources import split_specs
from segcore.errors import SegcoreError
from segcore.files.sizes import byte_size
from segcore.jobs import estimates, worker
from segcore.jobs.admission import Admission
from segcore.jobs.estimates import Estimate
from segcore.jobs.tasks import Training
from segcore.labels.merge_syntax import in_words, merging
from segcore.recipes import RECIPES, Recipe
from segcore.recipes.checks import edited, recipe_of
from segcore.recipes.fields import Field, Group, fields_of, value_of
from segcore.runs import Run
from studio import cache, choices, wording
from studio.admin import actions

FIRST = ("epochs", "batch_size", "learning_rate", "seed")
"""What most trainings change; the rest is one click away."""


def show() -> None:
    st.header("Start a training", anchor=False)
    with st.container(border=True):
        bases = _bases()
        labels = _labels(bases)
        names = {one.spec: one.name for one in cache.data_sets() if one.spec != "streets"}
        left, middle, right = st.columns(3)
        name = left.selectbox(
            "Recipe, or a run to clone",
            list(bases),
            key="recipe",
            persist_state="session",
            format_func=labels.__getitem__,
            help="A clone begins with all parameters of that run, for you to change.",
        )
        base = bases[name]
        try:
            recipe = base if isinstance(base, Recipe) else recipe_of(base.manifest.recipe)
        except SegcoreError as error:  # of another version
            st.error(wording.sentence(str(error)), icon=":material/error:")
            return
        data = middle.selectbox(
            "Data",
            _specs(base),
            key=f"data_spec {name}" if isinstance(base, Run) else "data_spec",
            accept_new_options=True,
            format_func=lambda spec: f"{names[spec]} · {spec}" if spec in names else spec,
            persist_state="session",
            help="Trained on its train split, scored on val. Choose one, or type the spec of "
            "another: camvid:DIR, cityscapes:DIR, folders:DIR, pairs:DIR.",
        )
        start_from = right.selectbox(
            "Start from the weights of",
            [
                run.name
                for run in cache.list_runs()
                if run.model == recipe.model and run.weights_hash
            ],
            index=None,
            key=f"start from {name}",
            persist_state="session",
            placeholder="New weights",
            help="The best weights of a run of the same network.",
        )
        st.caption(f"{recipe.summary} {recipe.expected}")
        try:
            recipe = edited(recipe, _ask(recipe, name))
            merge, ignore = _ask_classes(base, name, data)
            _offer(Training(recipe, data, start_from, merge=merge, ignore=ignore))
        except SegcoreError as error:
            st.error(wording.sentence(str(error)), icon=":material/error:")
            st.button("Start training", type="primary", icon=":material/play_arrow:", disabled=True)


def _ask_classes(base: Recipe | Run, name: str, data: str) -> tuple[str, str]:
    """Which classes are merged and which ignored; both are empty where all are learnt.

    Raises SegcoreError.
    """
    merged, ignored = ("", "") if isinstance(base, Recipe) else in_words(base.class_map)
    with st.expander("Fewer classes", icon=":material/merge:", expanded=bool(merged or ignored)):
        left, right = st.columns([3, 2])
        merge = left.text_input(
            "Merge",
            merged,
            key=f"merge {name}",
            persist_state="session",
            placeholder="car, truck, bus = vehicle; road; rest = other",
            help="CLASS, CLASS = NAME makes one class of several. CLASS alone stays what it is. "
            "rest = NAME makes one of all that are not named.",
        )
        ignore = right.text_input(
            "Ignore",
            ignored,
            key=f"ignore {name}",
            persist_state="session",
            placeholder="class, class, or rest",
            help="Neither trained on nor scored.",
        )
        classes = merging(cache.label_space(split_specs(data)[0]), [merge], [ignore])
        known = [label.name for label in classes.target.labels if not label.is_void]
        st.caption(f"{len(known)} classes: {', '.join(map(wording.plain, known))}.")
    return merge, ignore


def _bases() -> dict[str, Recipe | Run]:
    """What a training can begin with, quick recipes first, then runs, newest first."""
    recipes = sorted(RECIPES.values(), key=lambda recipe: not recipe.name.startswith("quick-"))
    found: dict[str, Recipe | Run] = {recipe.name: recipe for recipe in recipes}
    trained = [run for run in cache.list_runs() if run.kind == "trained" and not run.is_imported]
    return found | {run.name: run for run in trained}


def _labels(bases: Mapping[str, Recipe | Run]) -> dict[str, str]:
    """The label of each recipe and run in the list."""
    data_name = choices.namer()
    cloned = [base for base in bases.values() if isinstance(base, Run)]
    labels = wording.run_labels(cloned)
    clones = {run.name: f"Clone: {labels[run.name]} · {data_name(run)}" for run in cloned}
    return {name: name for name in bases} | clones


def _specs(base: Recipe | Run) -> list[str]:
    specs = [data_set.spec for data_set in choices.data_sets().values()]
    return specs if isinstance(base, Recipe) else list(dict.fromkeys([base.spec, *specs]))


def _offer(task: Training) -> None:
    assert task.recipe is not None and task.data is not None
    expected = estimates.estimate(task.recipe, task.data)
    estimates.check(task.recipe, task.data)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Start training", type="primary", icon=":material/play_arrow:"):
            title = task.title(choices.name_at(task.data))
            actions.act(lambda pass_: _start(task, pass_), f"{title}: queued")
        st.caption(_expected(expected))


def _start(task: Training, admission: Admission) -> None:
    jobs.enqueue(task, admission)
    worker.ensure_worker()


def _expected(expected: Estimate) -> str:
    memory, disk = byte_size(expected.memory), byte_size(expected.disk)
    needs = f"about {memory} of memory, {disk} on the disk"
    if expected.seconds is None or expected.timed is None:
        return f"Needs {needs}. Not timed yet: the time left shows after the first steps."
    on = expected.timed.manifest.device or "an unknown device"
    return (
        f"About {wording.duration(expected.seconds)}, at the speed of `{expected.timed.name}` on "
        f"{on}; {needs}."
    )


# --- parameters ----------------------------------------------------------------------------------


def _ask(recipe: Recipe, base: str) -> dict[str, Any]:
    """Path -> value of every parameter; each base has widgets of its own."""
    fields = fields_of(recipe.model)
    values: dict[str, Any] = {}
    with st.grid(4, min_column_width=150):
        for field in fields:
            if field.path in FIRST:
                values[field.path] = _widget(field, recipe, base, described=False)
    with st.expander("All parameters", icon=":material/tune:"):
        for group in Group:
            st.markdown(f"**{group}**")
            with st.grid(3, min_column_width=220):
                for field in fields:
                    if field.group == group and field.path not in FIRST:
                        values[field.path] = _widget(field, recipe, base, described=True)
    return values


def _widget(field: Field, recipe: Recipe, base: str, described: bool) -> Any:
    with st.container(gap="xsmall"):
        value = _input(field, value_of(recipe, field), f"{field.path} {base}", described)
        if described:
            shown = field.kind in ("switch", "choice")  # the widget itself says what it may be
            st.caption(field.sentence if shown else f"{field.sentence} {field.range.capitalize()}.")
    return value


def _input(field: Field, value: Any, key: str, described: bool) -> Any:
    explained = None if described else f"{field.sentence} {field.range.capitalize()}."
    match field.kind:
        case "switch":
            return st.toggle(
                field.label, bool(value), key=key, help=explained, persist_state="session"
            )
        case "choice":
            choices = list(dict.fromkeys([*field.choices, value]))
            return st.selectbox(
                field.label,
                choices,
                choices.index(value),
                key=key,
                help=explained,
                persist_state="session",
            )
        case "size" | "range":
            joined = " × " if field.kind == "size" else " to "
            return st.text_input(
                field.label,
                joined.join(f"{part:g}" for part in value) if value else "",
                key=key,
                placeholder=field.optional,
                help=explained,
                persist_state="session",
            )
    number: Any = int if field.kind == "whole" else float
    return st.number_input(
        field.label,
        number(field.low),
        number(field.high),
        None if value is None else number(value),
        step=1 if number is int else None,
        format="%d" if number is int else "%g",
        key=key,
        placeholder=field.optional,
        help=explained,
        persist_state="session",
    )
