"""Admin, runs and champions: score a run, compare it with the champion, promote, roll back."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

import streamlit as st

from segcore import jobs, runs
from segcore.jobs import worker
from segcore.jobs.admission import Admission
from segcore.jobs.tasks import Scoring, Training
from segcore.models import model_families
from segcore.presentation import findings
from segcore.runs import Run
from segcore.runs.data import val_digest
from segcore.runs.data_sets import SLUG_DIGITS, DataSet, default_name
from segcore.runs.registry import Promotion, UndonePromotion
from studio import cache, choices, state, wording
from studio.admin import actions, downloads, elsewhere, run_list
from studio.errors import show_error
from studio.widgets import guards, run_finder


def show() -> None:
    found = cache.list_runs()
    st.header("Runs", anchor=False)
    if not found:
        elsewhere.show()
        guards.show_unreadable()
        st.info(
            "No run yet. Start `quick-unet` on `streets` under Train: it takes minutes.",
            icon=":material/model_training:",
        )
        return
    serving = _champions(found)
    listed = run_finder.ask(found, serving, "admin runs")
    trained = {run.name: run for run in listed if run.weights_hash and run.status != "running"}
    if trained:
        _show_candidate(trained, serving)
    _show_interrupted(found)
    run_list.show(listed, partial(_rows, serving=serving))
    elsewhere.show()
    guards.show_unreadable()
    _show_promotions()


def _champions(found: list[Run]) -> set[str]:
    """Names of the runs that are the champion on the data that they were trained on."""
    known = cache.identities()
    champions = {data: cache.champions(data) for data in set(known.values())}
    return {
        run.name
        for run in found
        if any(run.name == one.name for one in champions.get(known.get(run.name, ""), {}).values())
    }


def _rows(shown: Sequence[Run], serving: set[str]) -> list[dict[str, object]]:
    data_name = choices.namer()
    return [
        _table_row(run, data, run.name in serving, data_name(run))
        for run, data in zip(shown, _data_of(shown), strict=True)
    ]


def _table_row(run: Run, data: DataSet, is_champion: bool, data_name: str) -> dict[str, object]:
    found = cache.stored_evaluation(run, data, choices.SPLIT)
    return {
        "champion": "★" if is_champion else "",
        "model": wording.model_name(run),
        "recipe": run.recipe,
        "data": data_name,
        "mean IoU": found.scores.mean_iou if found else None,
        "in training": run.best_mean_iou,
        "status": run.status,
        "started": datetime.fromisoformat(run.created),
        "run": run.name,
    }


def _data_of(found: Sequence[Run]) -> list[DataSet]:
    """The data set that each run was trained on, where it is if it is here."""
    known = cache.identities()
    # Those that are here last, so that they count.
    listed = sorted(choices.data_sets().values(), key=lambda one: one.problem is None)
    by_identity = {one.identity: one for one in listed}
    each = []
    for run in found:
        identity = known.get(run.name)
        name, digest = default_name(run.spec, identity), val_digest(identity)
        each.append(by_identity.get(identity) or DataSet(run.spec, name, identity, digest))
    return each


# --- a candidate ---------------------------------------------------------------------------------


def _show_candidate(trained: dict[str, Run], champions: set[str]) -> None:
    found = sorted(trained.values(), key=lambda run: run.name in champions)
    kept = [name for name in trained if name == st.session_state.get("candidate")]
    if st.session_state.get("candidate") in trained:
        state.send_again("candidate")
    data_name, labels = choices.namer(), wording.run_labels(trained.values(), champions)
    with st.container(border=True):
        run = trained[
            st.selectbox(
                "Run to score or promote",
                run_finder.offered(found, kept),
                format_func=lambda name: f"{labels[name]} · {data_name(trained[name])}",
                key="candidate",
            )
        ]
        (data,) = _data_of([run])
        champion = cache.champions(data.identity).get(run.model)
        is_champion = champion is not None and champion.name == run.name
        may_be_promoted = run.model in model_families() and not is_champion
        unscored = _unscored(run, champion, data)
        seat = _seat(run.model, data.name)
        st.markdown(_standing(run, champion, unscored, data))
        with st.container(horizontal=True):
            if unscored and st.button(
                "Score both" if len(unscored) > 1 else "Score",
                icon=":material/scoreboard:",
                type="primary",
                help="A job in the queue: seconds to minutes, ahead of waiting trainings.",
            ):
                scored = " and ".join(one.name for one in unscored)
                actions.act(partial(_score, unscored, data), f"Scoring {scored}: queued")
            actions.button_with_question(
                "Promote",
                f"Make `{run.name}` the champion of {seat}? Whoever looks at {data.name} sees it "
                f"from then on.\n\n{_standing(run, champion, unscored, data)}",
                partial(_promote, run, data.identity),
                f"{run.name} is the champion of {seat}",
                key="promote",
                icon=":material/star:",
                emphasized=may_be_promoted and _is_better(run, champion, unscored, data),
                disabled=not may_be_promoted,
            )
            _offer_photos(run, data)
            downloads.show(run)


def _offer_photos(run: Run, data: DataSet) -> None:
    """The choice of who labels visitors' photos, apart from the champions of data sets."""
    now = cache.champions(runs.PHOTOS).get(run.model)
    family = wording.model_name(run)
    standing = f"Now it is `{now.name}`." if now else "Now it is the run in the visitor's sidebar."
    scored = cache.stored_evaluation(run, data, choices.SPLIT)
    known = (
        f"Its mean IoU there is {wording.score(scored.scores.mean_iou)}, on {scored.images} images."
        if scored
        else "It is not scored there."
    )
    actions.button_with_question(
        "Label photos with it",
        f"Have `{run.name}` label the photos of visitors, as their {family}? {standing}\n\n"
        f":material/warning: It was trained on {data.name}. {known} That says nothing about photos "
        "unlike those: look at some of them under Upload first, with this run in the sidebar.",
        partial(_promote, run, runs.PHOTOS),
        f"{run.name} labels visitors' photos",
        key="photos",
        icon=":material/add_a_photo:",
        disabled=run.model not in model_families() or (now is not None and now.name == run.name),
    )


def _is_better(run: Run, champion: Run | None, unscored: list[Run], data: DataSet) -> bool:
    """Whether the run is known to be better than the champion, or the first there is."""
    if unscored or champion is None:
        return not unscored
    comparison = cache.comparison(run, champion, data, choices.SPLIT)
    return comparison is not None and comparison.mean_iou.verdict == "a"


def _unscored(run: Run, champion: Run | None, data: DataSet) -> list[Run]:
    """The run and the champion, as far as they must be scored before they can be compared."""
    both = [run] if champion is None or champion.name == run.name else [run, champion]
    return [one for one in both if cache.stored_evaluation(one, data, choices.SPLIT) is None]


def _score(wanted: list[Run], data: DataSet, admission: Admission) -> None:
    for run in wanted:
        jobs.enqueue(Scoring(run.name, data.spec, choices.SPLIT), admission)
    worker.ensure_worker()


def _promote(run: Run, data: str | None, admission: Admission) -> None:
    runs.promote(run, data, by=admission.by)


def _standing(run: Run, champion: Run | None, unscored: list[Run], data: DataSet) -> str:
    """How the run compares with the champion, as far as that is known."""
    seat = _seat(run.model, data.name)
    if run.model not in model_families():
        return f"{seat} has no champion: visitors choose it themselves."
    if champion is None:
        return f"{seat} has no champion yet."
    if champion.name == run.name:
        return f"It is the champion of {seat}."
    if unscored:
        return f"The champion is `{champion.name}`. Which is better shows once both are scored."
    comparison = cache.comparison(run, champion, data, choices.SPLIT)
    assert comparison is not None
    it, other = "this run", "the champion"
    verdict = {
        "a": f":green-badge[:material/trending_up: better] than the champion `{champion.name}`.",
        "b": f":red-badge[:material/trending_down: worse] than the champion `{champion.name}`.",
        "undecided": f":gray-badge[undecided] against the champion `{champion.name}`.",
        "none": f":gray-badge[no verdict] against the champion `{champion.name}`.",
    }[comparison.mean_iou.verdict]
    return (
        f"{verdict} Mean IoU {wording.score(comparison.a.scores.mean_iou)} against "
        f"{wording.score(comparison.b.scores.mean_iou)}, {comparison.a.images} images of the "
        f"{comparison.a.split} split.\n\n"
        f"- {findings.verdict(comparison, it, other)}\n- {findings.resampling(comparison)}"
    )


def _show_interrupted(found: list[Run]) -> None:
    """Trainings that can go on, the newest few; those of the queue are resumed there."""
    queued = jobs.runs_in_use()
    known = jobs.runs_of_jobs()
    stopped = [
        run
        for run in found
        if run.status in ("stopped", "failed") and run.name not in queued | known
    ]
    for run in stopped[:3]:
        with actions.row(f"**{run.name}** {run.status}", f"{run.epochs} epochs are done"):
            if st.button("Resume", key=f"resume {run.name}", icon=":material/replay:"):
                actions.act(partial(_resume, run), f"{run.name}: queued to go on")


def _resume(run: Run, admission: Admission) -> None:
    jobs.enqueue(Training(resume=run.name), admission)
    worker.ensure_worker()


# --- champions -----------------------------------------------------------------------------------


def _show_promotions() -> None:
    st.header("Promotions", anchor=False)
    if problem := runs.registry_problem():
        show_error(problem)
        return
    history = _history()
    if not history:
        st.caption("None yet: the shipped champions stand.")
        return
    for model, data in runs.seats():
        standing = runs.promotions(model, data)
        if standing:
            _show_seat(model, data, standing)
    moment = partial(st.column_config.DatetimeColumn, format="D MMM YYYY, HH:mm")
    st.dataframe(
        history,
        column_config={"promoted": moment(), "rolled back": moment()},
        hide_index=True,
    )


def _show_seat(model: str, data: str, standing: list[Promotion]) -> None:
    now = standing[-1]
    seat = _seat(model, _name_of(data))
    with actions.row(
        f"**{seat}**",
        f"{now.run} since {wording.moment(now.at)} UTC, by {now.by}",
    ):
        before = f"`{standing[-2].run}`" if len(standing) > 1 else "the shipped champion"
        actions.button_with_question(
            "Roll back",
            f"Take back the promotion of `{now.run}`? Visitors see {before} from then on.",
            partial(_roll_back, model, data),
            f"The promotion of {now.run} on {seat} is rolled back",
            key=f"roll back {model} {data}",
            icon=":material/undo:",
        )


def _roll_back(model: str, data: str, admission: Admission) -> None:
    runs.rollback(model, data, admission.by)


def _history() -> list[dict[str, Any]]:
    """Every promotion, standing or taken back, newest first."""
    entries: list[tuple[str, Promotion]] = [
        (f"{model}/{data}", promotion)
        for model, data in runs.seats()
        for promotion in runs.promotions(model, data)
    ]
    entries += [(undone.seat, undone) for undone in runs.rolled_back()]
    rows = []
    for seat, entry in sorted(entries, key=lambda entry: _moments(entry[1]), reverse=True):
        model, _, data = seat.partition("/")
        undone = entry if isinstance(entry, UndonePromotion) else None
        rows.append(
            {
                "seat": _seat(model, _name_of(data)),
                "run": entry.run,
                "promoted": datetime.fromisoformat(entry.at),
                "by": entry.by,
                "rolled back": datetime.fromisoformat(undone.rolled_back_at) if undone else None,
                "rolled back by": undone.rolled_back_by if undone else "",
            }
        )
    return rows


def _moments(entry: Promotion) -> tuple[str, str]:
    return entry.at, entry.rolled_back_at if isinstance(entry, UndonePromotion) else ""


def _name_of(data: str) -> str:
    """The name of a seat's data: listed, or what is left of it."""
    if data == runs.PHOTOS:
        return "visitors' photos"
    listed = [one.name for one in choices.data_sets().values() if one.identity == data]
    return listed[0] if listed else default_name(data[:SLUG_DIGITS], data)


def _seat(model: str, data_name: str) -> str:
    return f"{wording.title_of(model)} on {data_name}"
