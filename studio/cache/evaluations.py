"""Stored evaluations, and what follows from them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import streamlit as st

from segcore import evaluation, runs
from segcore.data.preparation.digests import IDENTIFYING, known_digest
from segcore.evaluation import cost as cost_
from segcore.evaluation import generalization as generalization_
from segcore.evaluation import robustness as robustness_
from segcore.evaluation.comparison import Comparison, compare, in_common_classes
from segcore.runs import Run
from segcore.runs.data_sets import DataSet
from segcore.runs.results import result_files
from studio.cache.sources import source
from studio.cache.stamps import Stamp, stamp_of
from studio.cache.trained import runs_stamp


def digest_of(data: DataSet, split: str) -> str | None:
    """Digest of the split's images and masks; None where they were not read yet, or are not
    here."""
    if split == IDENTIFYING[0]:
        return data.digest
    return None if data.problem is not None else known_digest(source(data.spec), split)


def stored_evaluation(run: Run, data: DataSet, split: str) -> evaluation.Evaluation | None:
    """The evaluation of the run's weights on the data as they are, or None where there is none yet.

    It calls the data by name and never shows a path.
    """
    digest = digest_of(data, split)
    if digest is None:
        return None
    stamp = stamp_of(*result_files(run, "evaluation", split, digest))
    weights = str(run.weights_hash)
    return _stored_evaluation(str(run.path), weights, digest, data.name, split, stamp)


@st.cache_resource(max_entries=32, show_spinner=False)
def _stored_evaluation(
    path: str, weights_hash: str, digest: str, name: str, split: str, stamp: Stamp
) -> evaluation.Evaluation | None:
    run = runs.get_run(Path(path).name)
    found = evaluation.stored_evaluation(run, digest, split)
    if found is None or found.identity.weights_sha256 != weights_hash:
        return None
    return replace(found, spec=name)


def compared_evaluations(
    runs_: Sequence[Run], data: DataSet, split: str
) -> Sequence[evaluation.Evaluation | None]:
    """The evaluation of each run, of two in the classes that they are compared by; None for a
    missing one."""
    found = [stored_evaluation(run, data, split) for run in runs_]
    known = [
        (run, evaluation)
        for run, evaluation in zip(runs_, found, strict=True)
        if evaluation is not None
    ]
    return in_common_classes(*known) if len(known) == 2 else found


def comparison(run_a: Run, run_b: Run, data: DataSet, split: str) -> Comparison | None:
    """Compares the two stored evaluations; None where one of them is missing.

    Raises DataError where the two were not evaluated on the same images.
    """
    a, b = compared_evaluations((run_a, run_b), data, split)
    if a is None or b is None:
        return None
    return _comparison(a.identity, b.identity, a.spec, a, b)


@st.cache_resource(max_entries=32, show_spinner=False)
def _comparison(
    identity_a: evaluation.Identity,
    identity_b: evaluation.Identity,
    name: str,
    _a: evaluation.Evaluation,
    _b: evaluation.Evaluation,
) -> Comparison:
    return compare(_a, _b)


def robustness(run: Run, clean: evaluation.Evaluation) -> robustness_.Robustness | None:
    """What is stored of the run's robustness on what the evaluation is of, or None."""
    identity = clean.identity
    stamp = stamp_of(*result_files(run, "robustness", identity.split, identity.data_sha256))
    return _robustness(identity, stamp, run, clean)


@st.cache_resource(max_entries=32, show_spinner=False)
def _robustness(
    identity: evaluation.Identity, stamp: Stamp, _run: Run, _clean: evaluation.Evaluation
) -> robustness_.Robustness | None:
    return robustness_.robustness_of(_run, _clean)


def cost(run: Run) -> cost_.Cost | None:
    """What was measured of the run's weights, or None."""
    return _cost(run.name, run.weights_hash, stamp_of(*cost_.cost_files(run)))


@st.cache_resource(max_entries=128, show_spinner=False)
def _cost(name: str, weights_hash: str | None, stamp: Stamp) -> cost_.Cost | None:
    return cost_.stored_cost(runs.get_run(name))


def generalization(run: Run) -> generalization_.Generalization:
    """What is stored of the run's scores at home and away."""
    results = [
        *result_files(run, "evaluation", "val"),
        *result_files(run, "robustness", "val"),
        run.path / generalization_.LEFT_OUT,
    ]
    return _generalization(run.name, run.weights_hash, stamp_of(*results), runs_stamp())


@st.cache_resource(max_entries=32, show_spinner=False)
def _generalization(
    name: str, weights_hash: str | None, results: Stamp, all_runs: Stamp
) -> generalization_.Generalization:
    return generalization_.generalization_of(runs.get_run(name))
