"""Networks, and what they say about an image."""

import hashlib
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import streamlit as st

from segcore import runs
from segcore.evaluation import calibration, labelling
from segcore.prediction.inference import ONE_VIEW, Prediction, Predictor, Views, without_scores
from segcore.prediction.loading import fastest_engine, load_fastest_predictor
from segcore.runs import Run
from segcore.runs.stored_masks import StoredMasks
from studio import engine
from studio.visits.memory import STORE, visit
from studio.visits.visitors import ALLOWANCE, QUEUE, visitor

Network = tuple[str, str, str]
"""A run's folder, its network's hash, and what serves it: a faster engine may come later."""


def _network(run: Run) -> Network:
    return str(run.path), run.network_hash, fastest_engine(run)


def predictor(run: Run) -> Predictor:
    """The run's network, ready to label images; where it needs Keras, waits for that to load.

    Raises RunError.
    """
    return _predictor(_network(run))


@st.cache_resource(max_entries=4, show_spinner=False)
def _predictor(network: Network) -> Predictor:
    run = runs.get_run(Path(network[0]).name)
    loaded = load_fastest_predictor(run)
    engine.convert_later(run)
    return loaded


def warm_up(run: Run) -> None:
    """Has the run's network built for images of the size that it was trained at."""
    loaded = predictor(run)
    loaded.warm_up(*loaded.preprocessing.size)


def digest(image: np.ndarray) -> str:
    """Identity of an image (H, W, 3) uint8."""
    return hashlib.blake2b(image.tobytes() + repr(image.shape).encode(), digest_size=16).hexdigest()


def predict(run: Run, image: np.ndarray, views: Views = ONE_VIEW) -> Prediction:
    """What the run's network says about an image of a data set, (H, W, 3) uint8; without scores."""
    return _predict(_network(run), digest(image), views, image, visitor())


@st.cache_resource(max_entries=24, show_spinner=False)
def _predict(
    network: Network, digest: str, views: Views, _image: np.ndarray, _visitor: str
) -> Prediction:
    return as_shown(label(_predictor(network), _image, views, _visitor))


def label(
    predictor: Predictor,
    image: np.ndarray,
    views: Views = ONE_VIEW,
    asked_by: str | None = None,
) -> Prediction:
    """What the network says about an image (H, W, 3) uint8. Each use of it waits for its turn.

    Args:
        asked_by: the visitor, for a thread that is not of a visit; else who the visit's is.

    Raises:
        BusyError: too many wait.
    """
    return predictor.predict(image, views, partial(QUEUE.run, asked_by or visitor()))


def given(run: Run, key: str) -> Prediction:
    """What the masks of a run from elsewhere say about an image of their split. Raises RunError."""
    return _given(run.name, str(run.weights_hash), key)


@st.cache_resource(max_entries=24, show_spinner=False)
def _given(name: str, masks: str, key: str) -> Prediction:
    return labelling.given(StoredMasks(runs.get_run(name)).labels(key))


def predict_private(run: Run, image: np.ndarray, views: Views = ONE_VIEW) -> Prediction:
    """As `predict`, for a visitor's own photo: gone with the visit, shared with no one.

    Raises BusyError where too many ask, or this visitor has asked for too much.
    """
    network = _network(run)

    def predict() -> Prediction:
        ALLOWANCE.spend(visitor(), 0.5)  # the other half is the other run's
        return as_shown(label(_predictor(network), image, views))

    return STORE.keep(visit(), "labels", (network, digest(image), views), predict, most=4)


def as_shown(prediction: Prediction) -> Prediction:
    """All that pages show, at a fifth of the memory and less; every other pixel's entropy."""
    entropy = calibration.entropy(prediction.scores[::2, ::2])
    confidence = prediction.confidence.astype(np.float16)  # shown in 256 steps
    return replace(without_scores(prediction), confidence=confidence, entropy=entropy)
