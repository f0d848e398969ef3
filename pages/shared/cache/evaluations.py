"""Stored evaluations, and what follows from them."""

from pathlib import Path
from typing import Any

import streamlit as st

from pages.shared.cache.stamps import Stamp, stamp_of
from segcore import comparison, evaluation, runs
from segcore import cost as cost_
from segcore.evaluation import robustness as robustness_
from segcore.runs import Run


def stored_evaluation(run: Run, dataset: str, split: str) -> evaluation.Evaluation | None:
    """The evaluation of the run's weights on the split, or None where there is none yet."""
    path = run.path / f"evaluation-{dataset}-{split}.npz"
    return _stored_evaluation(str(run.path), str(run.weights_hash), dataset, split, stamp_of(path))


@st.cache_resource(max_entries=32, show_spinner=False)
def _stored_evaluation(
    path: str, weights_hash: str, dataset: str, split: str, stamp: Stamp
) -> evaluation.Evaluation | None:
    run = runs.get_run(Path(path).name)
    found = evaluation.stored_evaluation(run, dataset, split)
    if found is None or found.identity.weights_sha256 != weights_hash:
        return None
    return found


def report(run: Run, dataset: str, split: str) -> dict[str, Any] | None:
    """`Evaluation.report()` of the stored evaluation, or None."""
    found = stored_evaluation(run, dataset, split)
    return None if found is None else _report((found.identity, found.is_complete), found)


@st.cache_data(max_entries=64, show_spinner=False)
def _report(of: tuple[evaluation.Identity, bool], _found: evaluation.Evaluation) -> dict[str, Any]:
    return _found.report()


def comparison_report(run_a: Run, run_b: Run, dataset: str, split: str) -> dict[str, Any] | None:
    """`Comparison.report()` of the two stored evaluations; None where one of them is missing.

    Raises DataError where the two were not evaluated on the same images.
    """
    a, b = (stored_evaluation(run, dataset, split) for run in (run_a, run_b))
    if a is None or b is None:
        return None
    return _comparison_report(a.identity, b.identity, a, b)


@st.cache_data(max_entries=32, show_spinner=False)
def _comparison_report(
    identity_a: evaluation.Identity,
    identity_b: evaluation.Identity,
    _a: evaluation.Evaluation,
    _b: evaluation.Evaluation,
) -> dict[str, Any]:
    return comparison.compare(_a, _b).report()


def robustness(run: Run, clean: evaluation.Evaluation) -> robustness_.Robustness | None:
    """What is stored of the run's robustness on what the evaluation is of, or None."""
    stamp = stamp_of(robustness_.path_of(run, clean.identity.dataset, clean.identity.split))
    return _robustness(clean.identity, stamp, run, clean)


@st.cache_resource(max_entries=32, show_spinner=False)
def _robustness(
    of: evaluation.Identity, stamp: Stamp, _run: Run, _clean: evaluation.Evaluation
) -> robustness_.Robustness | None:
    return robustness_.robustness_of(_run, _clean)


def cost(run: Run) -> cost_.Cost | None:
    """What was measured of the run's weights, or None."""
    return _cost(run.name, run.weights_hash, stamp_of(cost_.path_of(run)))


@st.cache_resource(max_entries=128, show_spinner=False)
def _cost(name: str, weights_hash: str | None, stamp: Stamp) -> cost_.Cost | None:
    return cost_.stored_cost(runs.get_run(name))
