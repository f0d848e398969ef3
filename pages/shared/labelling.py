"""Both models' labels of one picture, predicted when it is looked at."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages.shared import cache, engine, wording
from pages.shared.linked_viewer import Linked
from pages.shared.viewer import Panel, Side, label_layer, show_panels
from segcore.errors import SegcoreError
from segcore.inference import Prediction
from segcore.runs import Run


@dataclass(frozen=True)
class Names:
    """How the two runs are called where they stand beside each other."""

    a: str
    b: str

    @classmethod
    def of(cls, run_a: Run, run_b: Run) -> "Names":
        return cls(*wording.distinct_names(run_a, run_b))


Pair = tuple[Prediction, Prediction]


def predict_pair(runs: tuple[Run, Run], image: np.ndarray, *, private: bool = False) -> Pair | None:
    """What both runs say about an image (H, W, 3) uint8, or None with the reason on the page.

    Args:
        private: a visitor's own picture, which is remembered for this visit only.
    """
    if not engine.wait():
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
    """As `predict_pair`; as long as the network library loads, the picture is there and waits."""
    waiting = st.empty()
    if not engine.ENGINE.is_ready:
        with waiting.container():
            show_panels(image, [Panel("photo", "Photograph"), *prediction_panels(names, None)])
    pair = predict_pair(runs, image, private=private)
    waiting.empty()
    return pair


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
