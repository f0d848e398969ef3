"""Admin, runs and champions: score a run, compare it with the champion, promote, roll back."""

from datetime import datetime
from functools import partial
from typing import Any

import streamlit as st

from pages.shared import cache, state, wording
from pages.shared.admin import actions
from segcore import findings, jobs, runs, worker
from segcore.errors import DataError
from segcore.jobs.admission import Admission
from segcore.jobs.tasks import Scoring, Training
from segcore.runs import Run


def show() -> None:
    found = cache.list_runs()
    st.subheader("Runs", anchor=False)
    if not found:
        st.info(
            "No run yet. Start `quick-unet` on `streets` under Train: it takes minutes.",
            icon=":material/model_training:",
        )
        return
    champions = {
        (run.name, dataset)
        for dataset in {run.dataset for run in found}
        for run in cache.champions(dataset).values()
    }
    names = {name for name, _ in champions}
    trained = {run.name: run for run in found if run.weights_hash and run.status != "running"}
    if trained:
        _show_candidate(trained, names)
    _show_interrupted(found)
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
    _show_promotions()


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


# --- a candidate ---------------------------------------------------------------------------------


def _show_candidate(trained: dict[str, Run], champions: set[str]) -> None:
    candidates = sorted(trained, key=lambda name: name in champions)
    if st.session_state.get("candidate") in trained:
        state.send_again("candidate")
    with st.container(border=True):
        run = trained[
            st.selectbox(
                "Run to score or promote",
                candidates,
                format_func=lambda name: (
                    f"{wording.run_label(trained[name], name in champions)} · "
                    f"{wording.data_name(trained[name].dataset)}"
                ),
                key="candidate",
            )
        ]
        champion = cache.champions(run.dataset).get(run.model)
        is_champion = champion is not None and champion.name == run.name
        may_be_promoted = run.model in runs.MODEL_FAMILIES and not is_champion
        unscored = _unscored(run, champion)
        st.markdown(_standing(run, champion, unscored))
        with st.container(horizontal=True):
            if unscored and st.button(
                "Score both" if len(unscored) > 1 else "Score",
                icon=":material/scoreboard:",
                type="primary",
                help="A job of the queue: seconds to minutes, before any training that waits.",
            ):
                scored = " and ".join(one.name for one in unscored)
                actions.act(
                    partial(_score, unscored, run.dataset), f"Scoring {scored} is in the queue"
                )
            actions.button_with_question(
                "Promote",
                f"Make `{run.name}` the champion of {_seat(run.model, run.dataset)}? Visitors "
                f"see it from then on.\n\n{_standing(run, champion, unscored)}",
                partial(_promote, run),
                f"{run.name} is the champion of {_seat(run.model, run.dataset)}",
                key="promote",
                icon=":material/star:",
                emphasized=may_be_promoted and _is_better(run, champion, unscored),
                disabled=not may_be_promoted,
            )


def _is_better(run: Run, champion: Run | None, unscored: list[Run]) -> bool:
    """Whether the run is known to be better than the champion, or the first there is."""
    if unscored or champion is None:
        return not unscored
    report = cache.comparison_report(run, champion, run.dataset, state.SPLIT)
    return report is not None and report["verdict"] == "a"


def _unscored(run: Run, champion: Run | None) -> list[Run]:
    """The run and the champion, as far as they must be scored before they can be compared."""
    both = [run] if champion is None or champion.name == run.name else [run, champion]
    found = [one for one in both if cache.report(one, run.dataset, state.SPLIT) is None]
    if not found and champion is not None:
        try:
            cache.comparison_report(run, champion, run.dataset, state.SPLIT)
        except DataError:  # of other pictures: the data set has changed since
            return both
    return found


def _score(wanted: list[Run], dataset: str, admission: Admission) -> None:
    here = [found for found in state.data_sets().values() if not found.problem]
    spec = next((found.spec for found in here if found.name == dataset), wanted[0].spec)
    for run in wanted:
        jobs.enqueue(Scoring(run.name, spec, state.SPLIT), admission)
    worker.ensure_worker()


def _promote(run: Run, admission: Admission) -> None:
    runs.promote(run, by=admission.by)


def _standing(run: Run, champion: Run | None, unscored: list[Run]) -> str:
    """How the run compares with the champion, as far as that is known."""
    if run.model not in runs.MODEL_FAMILIES:
        return f"{_seat(run.model, run.dataset)} has no champion: visitors choose it themselves."
    if champion is None:
        return f"{_seat(run.model, run.dataset)} has no champion yet."
    if champion.name == run.name:
        return f"It is the champion of {_seat(run.model, run.dataset)}."
    if unscored:
        return f"The champion is `{champion.name}`. Which is better shows once both are scored."
    report = cache.comparison_report(run, champion, run.dataset, state.SPLIT)
    assert report is not None
    it, other = "this run", "the champion"
    verdict = {
        "a": f":green-badge[:material/trending_up: better] than the champion `{champion.name}`.",
        "b": f":red-badge[:material/trending_down: worse] than the champion `{champion.name}`.",
        "undecided": f":gray-badge[undecided] against the champion `{champion.name}`.",
        "none": f":gray-badge[no verdict] against the champion `{champion.name}`.",
    }[report["verdict"]]
    return (
        f"{verdict} Mean IoU {wording.score(report['mean_iou_a'])} against "
        f"{wording.score(report['mean_iou_b'])}, {report['images']} pictures of the "
        f"{report['split']} split.\n\n"
        f"- {findings.verdict(report, it, other)}\n- {findings.resampling(report)}"
    )


def _show_interrupted(found: list[Run]) -> None:
    """Trainings that can go on, the newest few; those of the queue are resumed there."""
    queued = jobs.runs_in_use()
    known = {job.run for job in jobs.list_jobs()}
    stopped = [
        run
        for run in found
        if run.status in ("stopped", "failed") and run.name not in queued | known
    ]
    for run in stopped[:3]:
        epochs = run.manifest.get("epochs", 0)
        with actions.row(f"**{run.name}** {run.status}", f"{epochs} epochs are done"):
            if st.button("Resume", key=f"resume {run.name}", icon=":material/replay:"):
                actions.act(partial(_resume, run), f"{run.name} is in the queue")


def _resume(run: Run, admission: Admission) -> None:
    jobs.enqueue(Training(resume=run.name), admission)
    worker.ensure_worker()


# --- champions -----------------------------------------------------------------------------------


def _show_promotions() -> None:
    st.subheader("Promotions", anchor=False)
    history = _history()
    if not history:
        st.caption("None yet: the shipped champions stand.")
        return
    for model, dataset in runs.seats():
        standing = runs.promotions(model, dataset)
        if standing:
            _show_seat(model, dataset, standing)
    moment = partial(st.column_config.DatetimeColumn, format="D MMM YYYY, HH:mm")
    st.dataframe(
        history,
        column_config={"promoted": moment(), "rolled back": moment()},
        hide_index=True,
    )


def _show_seat(model: str, dataset: str, standing: list[dict[str, str]]) -> None:
    now = standing[-1]
    with actions.row(
        f"**{_seat(model, dataset)}**",
        f"{now['run']} since {wording.moment(now['at'])} UTC, by {now['by']}",
    ):
        before = f"`{standing[-2]['run']}`" if len(standing) > 1 else "the shipped champion"
        actions.button_with_question(
            "Roll back",
            f"Take back the promotion of `{now['run']}`? Visitors see {before} from then on.",
            partial(_roll_back, model, dataset),
            f"The promotion of {now['run']} on {_seat(model, dataset)} is rolled back",
            key=f"roll back {model} {dataset}",
            icon=":material/undo:",
        )


def _roll_back(model: str, dataset: str, admission: Admission) -> None:
    runs.rollback(model, dataset, admission.by)


def _history() -> list[dict[str, Any]]:
    """Every promotion, standing or taken back, newest first."""
    entries = [
        {**entry, "seat": f"{model}/{dataset}"}
        for model, dataset in runs.seats()
        for entry in runs.promotions(model, dataset)
    ]
    ordered = sorted(
        [*entries, *runs.rolled_back()],
        key=lambda entry: (entry["at"], entry.get("rolled_back_at", "")),
        reverse=True,
    )
    rows = []
    for entry in ordered:
        model, _, dataset = entry["seat"].partition("/")
        undone = entry.get("rolled_back_at")
        rows.append(
            {
                "seat": _seat(model, dataset),
                "run": entry["run"],
                "promoted": datetime.fromisoformat(entry["at"]),
                "by": entry["by"],
                "rolled back": datetime.fromisoformat(undone) if undone else None,
                "rolled back by": entry.get("rolled_back_by", ""),
            }
        )
    return rows


def _seat(model: str, dataset: str) -> str:
    return f"{wording.MODEL_NAMES.get(model, model)} on {wording.data_name(dataset)}"
