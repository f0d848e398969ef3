"""The labels of one image by the models that are shown, predicted when it is looked at."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from segcore.errors import SegcoreError
from segcore.labels import LabelSpace
from segcore.labels.class_map import common
from segcore.labels.merges import merged
from segcore.prediction.inference import AUGMENTED, ONE_VIEW, Prediction, Views
from segcore.prediction.tiling import count_tiles, predict_tiled
from segcore.presentation.sides import Letter, Side, runs_of
from segcore.runs import Run
from segcore.runs.seen_data import seen_by
from segcore.system.priority import give_way
from studio import cache, engine, viewer, wording
from studio.errors import show_error
from studio.state import Selection
from studio.viewer import Panel, show_viewer
from studio.visits.visitors import ALLOWANCE, DETAILED_PHOTOS, NICENESS, visitor

Predictions = Sequence[Prediction]
"""The predictions of the sides that are shown, in their order."""

PANELS: dict[Letter, viewer.Side] = {"A": "a", "B": "b"}

TILED = "tiled"
"""Name of what was labelled in tiles, among what a visit keeps."""

TILES_PER_PHOTO = 5
"""Tiles that count as one photo in a visitor's allowance."""


@dataclass(frozen=True)
class Quality:
    """How closely an image is looked at.

    Attributes:
        in_tiles: at its own resolution in tiles too, not only at the training's as a whole.
        augmented: mirrored and at several scales too.
    """

    in_tiles: bool = False
    augmented: bool = False

    @property
    def views(self) -> Views:
        return AUGMENTED if self.augmented else ONE_VIEW


QUICK = Quality()
DETAILED = Quality(in_tiles=True, augmented=True)


def predict(
    sides: Sequence[Side],
    image: np.ndarray,
    quality: Quality = QUICK,
    *,
    private: bool = False,
    key: str | None = None,
) -> Predictions | None:
    """What each run says about an image (H, W, 3) uint8, or None with the reason on the page.

    Args:
        private: a visitor's own image, which is remembered for this visit only.
        key: of an image of a data set's split, which runs without a network have masks of.
    """
    if quality.in_tiles:
        return predict_in_tiles(sides, cache.digest(image), lambda: image, quality, key)
    if not _are_ready(sides):
        return None
    label = cache.predict_private if private else cache.predict
    try:
        predictions = []
        for side in sides:
            if _gives_masks(side, key):
                predictions.append(cache.given(side.run, str(key)))
                continue
            with st.spinner(f"{side.name} labels the image…"):
                predictions.append(label(side.run, image, quality.views))
    except SegcoreError as error:
        show_error(error)
        return None
    return predictions


def predict_before_eyes(
    sides: Sequence[Side],
    image: np.ndarray,
    quality: Quality = QUICK,
    *,
    private: bool = False,
    key: str | None = None,
) -> Predictions | None:
    """As `predict`; while an engine loads, the image is already shown."""
    waiting = st.empty()
    if not engine.is_ready(*_networks(sides)):
        with waiting.container():
            photo = Panel("photo", "Image")
            panels = [photo, *prediction_panels(sides, None)]
            show_viewer("waiting", image, panels, sides[0].run.label_space)
    predictions = predict(sides, image, quality, private=private, key=key)
    waiting.empty()
    return predictions


def _networks(sides: Sequence[Side]) -> list[Run]:
    return [run for run in runs_of(sides) if run.has_network]


def _gives_masks(side: Side, key: str | None) -> bool:
    return key is not None and not side.run.has_network


def _are_ready(sides: Sequence[Side]) -> bool:
    """Waits, visibly, until all networks can label; masks are always ready."""
    served = _networks(sides)
    return not served or engine.wait(*served)


def by_classes_of(
    selection: Selection, sides: Sequence[Side], predictions: Predictions
) -> Predictions:
    """The predictions in the classes that the sides are shown by on the selected data set, for an
    image that is from it."""
    source = cache.source(selection.spec)
    known = [seen_by(side.run, source).merges for side in sides]
    labels = [merged(one.labels, merges) for one, merges in zip(predictions, known, strict=True)]
    return _in_common(sides, predictions, labels)


def in_common_classes(
    sides: Sequence[Side], predictions: Predictions
) -> tuple[Predictions, LabelSpace]:
    """The predictions in the classes of the coarser run, and those."""
    maps = common(*(run.class_map for run in runs_of(sides)))
    space = sides[0].run.label_space if maps is None else maps[0].target
    return _in_common(sides, predictions, [one.labels for one in predictions]), space


def _in_common(
    sides: Sequence[Side], predictions: Predictions, labels: Sequence[np.ndarray]
) -> Predictions:
    maps = common(*(run.class_map for run in runs_of(sides)))
    if maps is None:  # no pair that is shown is like this
        return predictions
    return [
        replace(found, labels=map_.mask(mask))
        for found, map_, mask in zip(predictions, maps, labels, strict=True)
    ]


def predict_in_tiles(
    sides: Sequence[Side],
    digest: str,
    read: Callable[[], np.ndarray],
    quality: Quality,
    key: str | None = None,
) -> Predictions | None:
    """As `predict`, at the image's own resolution; one visitor at a time.

    Args:
        digest: identity of the image, `cache.digest`.
        read: the image, called when the turn has come: waiting takes no memory.
        key: as `predict`.
    """
    names = [f"{side.run.network_hash} {digest} {quality}" for side in sides]
    known: list[Prediction] = [
        found for name in names if (found := cache.kept(TILED, name)) is not None
    ]
    if len(known) == len(sides):
        return known
    if not _are_ready(sides):
        return None
    bar = st.progress(0.0)

    def tell_waiting() -> None:
        bar.progress(0.0, "Waiting for the photos of other visitors…")

    try:
        with DETAILED_PHOTOS.turn(visitor(), meanwhile=tell_waiting):
            give_way(NICENESS)
            image = read()
            return [
                cache.given(side.run, str(key))
                if _gives_masks(side, key)
                else cache.keep(TILED, name, partial(_label_tiles, side, image, quality, bar), 4)
                for side, name in zip(sides, names, strict=True)
            ]
    except SegcoreError as error:
        show_error(error)
        return None
    finally:
        bar.empty()


def _label_tiles(
    side: Side, image: np.ndarray, quality: Quality, bar: DeltaGenerator
) -> Prediction:
    """Raises BusyError where the visitor has asked for too much, and as `cache.label`."""
    predictor = cache.predictor(side.run)
    tile = predictor.preprocessing.size

    def tell(done: int, count: int) -> None:
        bar.progress(done / count, f"{side.name} has labelled {done} of {count} tiles")

    def label(part: np.ndarray) -> Prediction:
        return cache.label(predictor, part, quality.views)

    ALLOWANCE.spend(visitor(), max(1.0, count_tiles(image.shape[:2], tile) / TILES_PER_PHOTO))
    found = predict_tiled(image, tile, label, tell)
    return replace(found, confidence=found.confidence.astype(np.float16))


def tiled_seconds(run: Run, prediction: Prediction) -> float:
    """About how long labelling in tiles will take, by the time that the whole photo took."""
    preprocessing = run.preprocessing
    scales = (1.0,) if preprocessing.mode == "stretch" else AUGMENTED.scales
    views = 2 * sum(scale**2 for scale in scales)
    tiles = count_tiles(prediction.labels.shape, preprocessing.size)
    return (tiles + 1) * views * prediction.timings.network_ms / 1000


def policy(run: Run, quality: Quality) -> str:
    """At which resolution and in how many views the run labels an image, in words."""
    preprocessing = run.preprocessing
    size = "{1}x{0}".format(*preprocessing.size)
    scales = 1 if preprocessing.mode == "stretch" else len(quality.views.scales)
    count = scales * (2 if quality.augmented else 1)
    views = f", {count} views each" if count > 1 else ""
    if quality.in_tiles:
        return f"the photo's own resolution in tiles of {size} and as a whole{views}"
    return f"the whole photo at the training's resolution ({preprocessing.mode} to {size}){views}"


def prediction_panels(sides: Sequence[Side], predictions: Predictions | None) -> list[Panel]:
    """The predictions as panels of the viewer; where there are none yet, panels that wait."""
    if predictions is None:
        return [Panel(PANELS[side.letter], side.title, pending="Predicting…") for side in sides]
    return [
        Panel(
            PANELS[side.letter],
            side.title,
            found.labels,
            confidence=found.confidence if side.run.has_network else None,
            entropy=found.entropy,
            note=wording.timing(found) if side.run.has_network else "",
        )
        for side, found in zip(sides, predictions, strict=True)
    ]
