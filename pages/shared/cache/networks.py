"""Networks, and what they say about an image."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import streamlit as st

from pages.shared.visitors import DESK, visitor
from segcore import runs, trust
from segcore.inference import ONE_VIEW, Prediction, Predictor, Views, load_predictor
from segcore.runs import Run


def predictor(run: Run) -> Predictor:
    """The run's network, ready to label images; waits for Keras to load. Raises RunError."""
    return _predictor(str(run.path), str(run.weights_hash))


@st.cache_resource(max_entries=4, show_spinner=False)
def _predictor(path: str, weights_hash: str) -> Predictor:
    return load_predictor(runs.get_run(Path(path).name))


def digest(image: np.ndarray) -> str:
    """Identity of an image (H, W, 3) uint8."""
    return hashlib.blake2b(image.tobytes() + repr(image.shape).encode(), digest_size=16).hexdigest()


def predict(run: Run, image: np.ndarray, views: Views = ONE_VIEW) -> Prediction:
    """What the run's network says about an image of a data set, (H, W, 3) uint8; without scores."""
    return _predict(str(run.path), str(run.weights_hash), digest(image), views, image, visitor())


@st.cache_resource(max_entries=24, show_spinner=False)
def _predict(
    path: str, weights_hash: str, digest: str, views: Views, _image: np.ndarray, _visitor: str
) -> Prediction:
    with DESK.place(_visitor, photos=0):
        return without_scores(label(_predictor(path, weights_hash), _image, views))


def label(predictor: Predictor, image: np.ndarray, views: Views = ONE_VIEW) -> Prediction:
    """What the network says about an image (H, W, 3) uint8, when its turn has come."""
    return DESK.run(lambda: predictor.predict(image, views))


def predict_private(run: Run, image: np.ndarray, views: Views = ONE_VIEW) -> Prediction:
    """As `predict`, for a visitor's own photo: gone with the visit, shared with no one.

    Raises BusyError where too many ask, or this visitor has asked for too much.
    """
    key = str(run.path), str(run.weights_hash), digest(image), views
    return _predict_private(*key, image, visitor())


@st.cache_resource(max_entries=4, show_spinner=False, scope="session")
def _predict_private(
    path: str, weights_hash: str, digest: str, views: Views, _image: np.ndarray, _visitor: str
) -> Prediction:
    with DESK.place(_visitor, photos=0.5):  # the other half is the other run's
        return without_scores(label(_predictor(path, weights_hash), _image, views))


def without_scores(prediction: Prediction) -> Prediction:
    """All that pages show, at a fifth of the memory and less."""
    entropy = trust.entropy(prediction.scores)
    return replace(prediction, scores=np.empty((0, 0, 0), np.float32), entropy=entropy)
