"""The only caches of the dashboard: each is bounded, and keyed by all that its value depends on.

Values of `cache_resource` are shared between visitors: nobody may change them.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import streamlit as st

from pages.shared import engine
from pages.shared.gallery import Thumbnail, make_thumbnail
from pages.shared.visitors import DESK, visitor
from segcore import comparison, datasets, disagreement, evaluation, runs, settings
from segcore.counting import CountedSplit, stored_counts
from segcore.decoder import Decoder
from segcore.disagreement import PictureAgreement
from segcore.engines.converted import verdict_path
from segcore.errors import SegcoreError
from segcore.images import Photo
from segcore.inference import ONE_VIEW, Prediction, Predictor, Views, load_fastest_predictor
from segcore.predictions import stored_predictions
from segcore.preparation import Prepared, Samples, load_prepared, native_samples
from segcore.runs import Run
from segcore.sources import Sample, has_masks, open_source

Kept = TypeVar("Kept")
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


def class_iou(run: Run) -> list[dict[str, float]]:
    """As `Run.class_iou`."""
    return _class_iou(run.name, stamp_of(run.path / runs.CLASS_IOU))


@st.cache_data(max_entries=32, show_spinner=False)
def _class_iou(name: str, stamp: Stamp) -> list[dict[str, float]]:
    return runs.get_run(name).class_iou()


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


def data_problem(spec: str) -> str | None:
    """Why the data set cannot be opened on this machine, in one line; None where it can."""
    return _opened(spec)[1]


def whole_spec(spec: str) -> str:
    """The spec with its directory's whole path, the same for all ways of writing it."""
    return _opened(spec)[0]


@st.cache_data(max_entries=64, ttl=30, show_spinner=False)
def _opened(spec: str) -> tuple[str, str | None]:
    try:
        return open_source(spec).spec, None
    except SegcoreError as error:
        return spec, str(error)


@st.cache_data(max_entries=64, ttl=30, show_spinner=False)
def fingerprint(spec: str, split: str) -> str:
    """Digest of the split's files, looked at again every half minute. Raises DataError."""
    return open_source(spec).fingerprint(split)


@st.cache_data(max_entries=64, ttl=30, show_spinner=False)
def splits(spec: str) -> tuple[str, ...]:
    """Names of the splits, in the order train, val, test. Raises DataError."""
    return open_source(spec).splits


@st.cache_data(max_entries=64, ttl=30, show_spinner=False)
def masked_splits(spec: str) -> tuple[str, ...]:
    """Names of the splits that have masks, in the order train, val, test. Raises DataError."""
    source = open_source(spec)
    return tuple(split for split in source.splits if has_masks(source, split))


def counted(spec: str, split: str) -> CountedSplit | None:
    """What the split's masks hold, or None where they are not counted yet. Raises DataError."""
    kept = settings.prepared_dir()
    files = stamp_of(*sorted([*kept.glob("*/*/manifest.json"), *kept.glob("*-counts/*.npz")]))
    return _counted(spec, split, fingerprint(spec, split), files)


@st.cache_resource(max_entries=16, show_spinner=False)
def _counted(spec: str, split: str, digest: str, files: Stamp) -> CountedSplit | None:
    return stored_counts(spec, split)


def prepared(spec: str) -> Prepared | None:
    """What is prepared of it at its default size, or None. Raises DataError."""
    digests = tuple(fingerprint(spec, split) for split in splits(spec))
    return _prepared(
        spec, digests, stamp_of(*sorted(settings.prepared_dir().glob("*/*/manifest.json")))
    )


@st.cache_resource(max_entries=8, show_spinner=False)
def _prepared(spec: str, digests: tuple[str, ...], manifests: Stamp) -> Prepared | None:
    return load_prepared(spec)


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


def thumbnail(spec: str, split: str, key: str) -> Thumbnail:
    """A sample small, with its mask. Raises DataError, KeyError."""
    return _thumbnail(spec, split, key, fingerprint(spec, split))


@st.cache_data(max_entries=512, show_spinner=False)
def _thumbnail(spec: str, split: str, key: str, digest: str) -> Thumbnail:
    found = sample(spec, split, key)
    return make_thumbnail(key, found.image, found.mask)


# --- networks ------------------------------------------------------------------------------------


def predictor(run: Run) -> Predictor:
    """The run's network, ready to label images; where it needs Keras, waits for that to load.

    Raises RunError.
    """
    return _predictor(str(run.path), str(run.weights_hash), _converted_stamp(run))


@st.cache_resource(max_entries=4, show_spinner=False)
def _predictor(path: str, weights_hash: str, converted: Stamp) -> Predictor:
    run = runs.get_run(Path(path).name)
    loaded = load_fastest_predictor(run)
    engine.convert_later(run)
    return loaded


def _converted_stamp(run: Run) -> Stamp:
    """Changes when the run's checkpoint was converted, so that the faster engine is loaded."""
    return stamp_of(verdict_path(run))


def digest(image: np.ndarray) -> str:
    """Identity of an image (H, W, 3) uint8."""
    return hashlib.blake2b(image.tobytes() + repr(image.shape).encode(), digest_size=16).hexdigest()


def predict(run: Run, image: np.ndarray) -> Prediction:
    """What the run's network says about an image of a data set, (H, W, 3) uint8; without scores."""
    return _predict(
        str(run.path), str(run.weights_hash), _converted_stamp(run), digest(image), image, visitor()
    )


@st.cache_resource(max_entries=24, show_spinner=False)
def _predict(
    path: str, weights_hash: str, converted: Stamp, digest: str, _image: np.ndarray, _visitor: str
) -> Prediction:
    with DESK.place(_visitor, photos=0):
        return without_scores(label(_predictor(path, weights_hash, converted), _image))


def label(predictor: Predictor, image: np.ndarray, views: Views = ONE_VIEW) -> Prediction:
    """What the network says about an image (H, W, 3) uint8, when its turn has come."""
    return DESK.run(lambda: predictor.predict(image, views))


def open_private(key: str, data: bytes, decoder: Decoder) -> Photo:
    """A visitor's own picture, known by `key`, gone with the visit. Raises ImageError."""
    return _open_private(key, data, decoder)


@st.cache_resource(max_entries=3, show_spinner=False, scope="session")
def _open_private(key: str, _data: bytes, _decoder: Decoder) -> Photo:
    return _decoder.photo(_data)


def unpack_private(key: str, data: bytes) -> tuple[tuple[str, bytes | str], ...]:
    """(name, bytes, or why it is left out) of each file in a visitor's ZIP. Raises ImageError."""
    return _unpack_private(key, data)


@st.cache_resource(max_entries=2, show_spinner=False, scope="session")
def _unpack_private(key: str, _data: bytes) -> tuple[tuple[str, bytes | str], ...]:
    with Decoder() as decoder:
        return tuple(decoder.archive(_data))


def predict_private(run: Run, image: np.ndarray) -> Prediction:
    """As `predict`, for a visitor's own photo: gone with the visit, shared with no one.

    Raises BusyError where too many ask, or this visitor has asked for too much.
    """
    return _predict_private(
        str(run.path), str(run.weights_hash), _converted_stamp(run), digest(image), image, visitor()
    )


@st.cache_resource(max_entries=4, show_spinner=False, scope="session")
def _predict_private(
    path: str, weights_hash: str, converted: Stamp, digest: str, _image: np.ndarray, _visitor: str
) -> Prediction:
    with DESK.place(_visitor, photos=0.5):  # the other half is the other run's
        return without_scores(label(_predictor(path, weights_hash, converted), _image))


def keep(name: str, key: str, make: Callable[[], Kept], most: int = 2) -> Kept:
    """What `make` returns for the key, made once and kept for the visit; the last `most` of a name.

    For work that shows its progress, which a cached function cannot.
    """
    kept: dict[str, Kept] = st.session_state.setdefault(name, {})
    if key not in kept:
        made = make()
        kept[key] = made
        while len(kept) > most:
            del kept[next(iter(kept))]
    return kept[key]


def without_scores(prediction: Prediction) -> Prediction:
    """All that pages show, at a fifth of the memory and less."""
    return replace(prediction, scores=np.empty((0, 0, 0), np.float32))


# --- a whole split by two runs -------------------------------------------------------------------

Pair = tuple[Run, Run]


def agreements(pair: Pair, spec: str, split: str) -> list[PictureAgreement] | None:
    """What two runs say about each picture; None where one has not labelled them all yet."""
    return _agreements(pair[0].name, pair[1].name, spec, split, _labelled_stamp(pair, spec, split))


@st.cache_data(max_entries=16, show_spinner="Comparing the two models' masks…")
def _agreements(
    a: str, b: str, spec: str, split: str, stamp: tuple[str, Stamp]
) -> list[PictureAgreement] | None:
    stored = [stored_predictions(runs.get_run(name), spec, split) for name in (a, b)]
    if stored[0] is None or stored[1] is None:
        return None
    return list(disagreement.agreements(samples(spec, split), stored[0], stored[1]))


def suspect_thumbnail(pair: Pair, spec: str, split: str, key: str) -> Thumbnail:
    """A picture with 1 where both runs contradict its truth; both have labelled it."""
    stamp = _labelled_stamp(pair, spec, split)
    return _suspect_thumbnail(pair[0].name, pair[1].name, spec, split, key, stamp)


@st.cache_data(max_entries=64, show_spinner=False)
def _suspect_thumbnail(
    a: str, b: str, spec: str, split: str, key: str, stamp: tuple[str, Stamp]
) -> Thumbnail:
    found = sample(spec, split, key)
    stored = [stored_predictions(runs.get_run(name), spec, split) for name in (a, b)]
    if found.mask is None or stored[0] is None or stored[1] is None:
        raise KeyError(key)
    suspect = disagreement.suspect_pixels(found.mask, key, stored[0], stored[1])
    return make_thumbnail(key, found.image, suspect.astype(np.uint8))


def _labelled_stamp(pair: Pair, spec: str, split: str) -> tuple[str, Stamp]:
    paths = [path for run in pair for path in (settings.predictions_dir() / run.name).glob("*.zip")]
    return fingerprint(spec, split), stamp_of(*sorted(paths))


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
