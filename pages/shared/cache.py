"""The only caches of the dashboard: each is bounded, and keyed by all that its value depends on.

Values of `cache_resource` are shared between visitors: nobody may change them.
"""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from segcore import comparison, datasets, evaluation, runs, settings
from segcore.errors import SegcoreError
from segcore.images import decode_image
from segcore.inference import Prediction, Predictor, load_predictor
from segcore.preparation import Prepared, Samples, load_prepared, native_samples
from segcore.runs import Run
from segcore.sources import Sample, Size, open_source

Stamp = tuple[tuple[str, int], ...]
"""Files with their modification times in nanoseconds: changes when one of them does."""


def stamp_of(*paths: Path) -> Stamp:
    """The stamp of the paths that exist, in their order."""
    found = []
    for path in paths:
        try:
            found.append((str(path), path.stat().st_mtime_ns))
        except FileNotFoundError:
            continue
    return tuple(found)


# --- runs ----------------------------------------------------------------------------------------


def list_runs() -> list[Run]:
    """Every run with a readable manifest, newest first."""
    return _list_runs(stamp_of(*sorted(settings.runs_dir().glob(f"*/{runs.MANIFEST}"))))


@st.cache_resource(max_entries=4, show_spinner=False)
def _list_runs(stamp: Stamp) -> list[Run]:
    return runs.list_runs()


def champions(dataset: str) -> dict[str, Run]:
    """Model family -> its champion on the data set, for those families that have one."""
    manifests = sorted(settings.runs_dir().glob(f"*/{runs.MANIFEST}"))
    return _champions(dataset, stamp_of(settings.registry_path(), *manifests))


@st.cache_resource(max_entries=16, show_spinner=False)
def _champions(dataset: str, stamp: Stamp) -> dict[str, Run]:
    return runs.champions(dataset)


def history(run: Run) -> list[dict[str, float]]:
    """A row per finished epoch, values as numbers; empty before the first."""
    return _history(run.name, stamp_of(run.path / runs.HISTORY))


@st.cache_data(max_entries=128, show_spinner=False)
def _history(name: str, stamp: Stamp) -> list[dict[str, float]]:
    return runs.get_run(name).history()


# --- data ----------------------------------------------------------------------------------------


def registered_data() -> list[str]:
    """Specs of the data sets that an admin registered; none where the list is damaged."""
    try:
        return datasets.registered()
    except SegcoreError:
        return []  # the admin page says what is wrong


@st.cache_data(max_entries=64, ttl=30, show_spinner=False)
def data_problem(spec: str) -> str | None:
    """Why the data set cannot be opened on this machine, in one line; None where it can."""
    try:
        open_source(spec)
    except SegcoreError as error:
        return str(error)
    return None


@st.cache_data(max_entries=64, ttl=30, show_spinner=False)
def fingerprint(spec: str, split: str) -> str:
    """Digest of the split's files, looked at again every half minute. Raises DataError."""
    return open_source(spec).fingerprint(split)


@st.cache_data(max_entries=64, ttl=30, show_spinner=False)
def splits(spec: str) -> tuple[str, ...]:
    """Names of the splits, in the order train, val, test. Raises DataError."""
    return open_source(spec).splits


def prepared(spec: str, size: Size | None = None) -> Prepared | None:
    """The prepared splits with their statistics, or None where none is. Raises DataError."""
    digests = tuple(fingerprint(spec, split) for split in splits(spec))
    manifests = stamp_of(*sorted(settings.prepared_dir().glob("*/*/manifest.json")))
    return _prepared(spec, size, digests, manifests)


@st.cache_resource(max_entries=8, show_spinner=False)
def _prepared(
    spec: str, size: Size | None, digests: tuple[str, ...], manifests: Stamp
) -> Prepared | None:
    return load_prepared(spec, size)


def samples(spec: str, split: str) -> Samples:
    """The split at its native size, each sample read when asked for. Raises DataError."""
    manifests = stamp_of(*sorted(settings.prepared_dir().glob("*/*/manifest.json")))
    return _samples(spec, split, fingerprint(spec, split), manifests)


@st.cache_resource(max_entries=8, show_spinner=False)
def _samples(spec: str, split: str, digest: str, manifests: Stamp) -> Samples:
    return native_samples(spec, split)


def sample(spec: str, split: str, key: str) -> Sample:
    """One sample at its native size, by its key. Raises DataError, KeyError."""
    return _sample(spec, split, key, fingerprint(spec, split))


@st.cache_resource(max_entries=64, show_spinner=False)
def _sample(spec: str, split: str, key: str, digest: str) -> Sample:
    all_samples = samples(spec, split)
    if key not in all_samples.keys:
        raise KeyError(key)
    return all_samples[all_samples.keys.index(key)]


# --- networks ------------------------------------------------------------------------------------


def predictor(run: Run) -> Predictor:
    """The run's network, ready to label images; waits for Keras to load. Raises RunError."""
    return _predictor(str(run.path), str(run.weights_hash))


@st.cache_resource(max_entries=4, show_spinner=False)
def _predictor(path: str, weights_hash: str) -> Predictor:
    return load_predictor(runs.get_run(Path(path).name))


def digest(image: np.ndarray) -> str:
    """Identity of an image (H, W, 3) uint8."""
    return hashlib.blake2b(image.tobytes() + repr(image.shape).encode(), digest_size=16).hexdigest()


def predict(run: Run, image: np.ndarray) -> Prediction:
    """What the run's network says about an image of a data set, (H, W, 3) uint8; without scores."""
    return _predict(str(run.path), str(run.weights_hash), digest(image), image)


@st.cache_resource(max_entries=24, show_spinner=False)
def _predict(path: str, weights_hash: str, digest: str, _image: np.ndarray) -> Prediction:
    return _without_scores(_predictor(path, weights_hash).predict(_image))


def decode_private(data: bytes) -> np.ndarray:
    """A visitor's own picture, (H, W, 3) uint8, gone with the visit. Raises ImageError."""
    return _decode_private(hashlib.blake2b(data, digest_size=16).hexdigest(), data)


@st.cache_resource(max_entries=1, show_spinner=False, scope="session")
def _decode_private(digest: str, _data: bytes) -> np.ndarray:
    return decode_image(_data)


def predict_private(run: Run, image: np.ndarray) -> Prediction:
    """As `predict`, for a visitor's own photo: gone with the visit, shared with no one."""
    return _predict_private(str(run.path), str(run.weights_hash), digest(image), image)


@st.cache_resource(max_entries=4, show_spinner=False, scope="session")
def _predict_private(path: str, weights_hash: str, digest: str, _image: np.ndarray) -> Prediction:
    return _without_scores(_predictor(path, weights_hash).predict(_image))


def _without_scores(prediction: Prediction) -> Prediction:
    """All that pages show, at a fifth of the memory and less."""
    return replace(prediction, scores=np.empty((0, 0, 0), np.float32))


# --- evaluations ---------------------------------------------------------------------------------


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
    return None if found is None else _report(found.identity, found)


@st.cache_data(max_entries=64, show_spinner=False)
def _report(identity: evaluation.Identity, _found: evaluation.Evaluation) -> dict[str, Any]:
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
