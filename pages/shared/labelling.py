"""Both models' labels of one picture, predicted when it is looked at."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages.shared import cache, engine, wording
from pages.shared.linked_viewer import Linked
from pages.shared.viewer import Panel, Side, label_layer, show_panels
from pages.shared.visitors import DESK, visitor
from segcore.errors import SegcoreError
from segcore.inference import AUGMENTED, Prediction, Preprocessing
from segcore.runs import Run
from segcore.tiling import count_tiles, predict_tiled


@dataclass(frozen=True)
class Names:
    """How the two runs are called where they stand beside each other."""

    a: str
    b: str

    @classmethod
    def of(cls, run_a: Run, run_b: Run) -> "Names":
        return cls(*wording.distinct_names(run_a, run_b))


Pair = tuple[Prediction, Prediction]

TILES_PER_PHOTO = 5
"""Tiles that count as one photo in a visitor's allowance."""


def predict_pair(runs: tuple[Run, Run], image: np.ndarray, *, private: bool = False) -> Pair | None:
    """What both runs say about an image (H, W, 3) uint8, or None with the reason on the page.

    Args:
        private: a visitor's own picture, which is remembered for this visit only.
    """
    if not engine.wait(*runs):
        return None
    predict = cache.predict_private if private else cache.predict
    try:
        predictions = []
        for run in runs:
            with st.spinner(f"{wording.model_name(run)} labels the picture…"):
                predictions.append(predict(run, image))
    except SegcoreError as error:
        st.error(str(error))
        return None
    return predictions[0], predictions[1]


def predict_before_eyes(
    runs: tuple[Run, Run], names: Names, image: np.ndarray, *, private: bool = False
) -> Pair | None:
    """As `predict_pair`; as long as an engine loads, the picture is there and waits."""
    waiting = st.empty()
    if not engine.is_ready(*runs):
        with waiting.container():
            show_panels(image, [Panel("photo", "Photograph"), *prediction_panels(names, None)])
    pair = predict_pair(runs, image, private=private)
    waiting.empty()
    return pair


def predict_pair_in_tiles(runs: tuple[Run, Run], names: Names, image: np.ndarray) -> Pair | None:
    """As `predict_pair` for a visitor's own photo, at its own resolution, with progress."""
    if not engine.wait(*runs):
        return None
    try:
        found = [
            _predict_in_tiles(run, name, image)
            for run, name in zip(runs, (names.a, names.b), strict=True)
        ]
    except SegcoreError as error:
        st.error(str(error))
        return None
    return found[0], found[1]


def _predict_in_tiles(run: Run, name: str, image: np.ndarray) -> Prediction:
    def predict() -> Prediction:
        predictor = cache.predictor(run)
        tile = predictor.preprocessing.size
        cost = count_tiles(image.shape[:2], tile) / TILES_PER_PHOTO
        bar = st.progress(0.0, f"{name} labels the photo in tiles…")

        def tell(done: int, count: int) -> None:
            bar.progress(done / count, f"{name} has labelled {done} of {count} tiles")

        def label(part: np.ndarray) -> Prediction:
            return cache.label(predictor, part, AUGMENTED)

        try:
            with DESK.place(visitor(), max(1.0, cost)):
                return predict_tiled(image, tile, label, tell)
        finally:
            bar.empty()

    return cache.keep("tiled", f"{run.weights_hash} {cache.digest(image)}", predict, most=4)


def tiled_seconds(run: Run, prediction: Prediction) -> float:
    """About how long labelling in tiles will take, by the time that the whole photo took."""
    preprocessing = Preprocessing.of(run)
    scales = (1.0,) if preprocessing.mode == "stretch" else AUGMENTED.scales
    views = 2 * sum(scale**2 for scale in scales)
    tiles = count_tiles(prediction.labels.shape, preprocessing.size)
    return (tiles + 1) * views * prediction.timings.network_ms / 1000


def policy(run: Run, *, in_tiles: bool) -> str:
    """At which resolution and in how many views the run labels a photo, in words."""
    preprocessing = Preprocessing.of(run)
    size = "{1}x{0}".format(*preprocessing.size)
    if not in_tiles:
        return f"the whole photo at the training's resolution ({preprocessing.mode} to {size})"
    scales = 1 if preprocessing.mode == "stretch" else len(AUGMENTED.scales)
    return f"the photo's own resolution in tiles of {size} and as a whole, {2 * scales} views each"


def linked_predictions(names: Names, pair: Pair) -> list[Linked]:
    """The two predictions as panels of the linked viewer."""
    sides: tuple[tuple[Side, str, Prediction], ...] = (
        ("a", f"A · {names.a}", pair[0]),
        ("b", f"B · {names.b}", pair[1]),
    )
    return [
        Linked(side, title, found.labels, found.confidence, wording.timing(found))
        for side, title, found in sides
    ]


def difference_panel(pair: Pair) -> Linked:
    """Where the two predictions differ, for a picture without truth; read by `DIFFERENCES`."""
    same = pair[0].labels == pair[1].labels
    return Linked("map", "Where they differ", same.astype(np.uint8))


def prediction_panels(names: Names, pair: Pair | None) -> list[Panel]:
    """The panels of run A and run B; where there are no predictions yet, panels that wait."""
    if pair is None:
        return [
            Panel("a", f"A · {names.a}", pending="Predicting…"),
            Panel("b", f"B · {names.b}", pending="Predicting…"),
        ]
    return [
        Panel(side, title, label_layer(prediction.labels), wording.timing(prediction))
        for side, title, prediction in (
            ("a", f"A · {names.a}", pair[0]),
            ("b", f"B · {names.b}", pair[1]),
        )
    ]
