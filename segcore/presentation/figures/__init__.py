"""Plotly figures: pure functions from data to `go.Figure`.

One template serves the light and the dark theme: backgrounds are clear, lines and text are of a
grey that reads on both, and a class whose own colour is near black keeps a visible edge. Where
colour would have to tell classes apart, their names stand beside it.
"""

from segcore.presentation.figures.cost import Candidate, accuracy_against_latency
from segcore.presentation.figures.data import (
    image_shares,
    location_map,
    pixel_shares,
    region_sizes,
    seen_together,
    share_against_iou,
)
from segcore.presentation.figures.evaluation import (
    OTHER,
    class_differences,
    class_iou,
    confusion,
    error_bands,
    region_recall,
    reliability,
    risk_coverage,
)
from segcore.presentation.figures.generalization import home_and_away
from segcore.presentation.figures.intersection import intersection_over_union
from segcore.presentation.figures.networks import network_drawing
from segcore.presentation.figures.robustness import kept_shares, severity_curves
from segcore.presentation.figures.style import NEUTRAL
from segcore.presentation.figures.training import (
    MANY,
    Axis,
    Curve,
    View,
    classes_over_epochs,
    learning_curves,
    mean_of_seeds,
    single_curves,
)

__all__ = [
    "MANY",
    "NEUTRAL",
    "OTHER",
    "Axis",
    "Candidate",
    "Curve",
    "View",
    "accuracy_against_latency",
    "class_differences",
    "class_iou",
    "classes_over_epochs",
    "confusion",
    "error_bands",
    "home_and_away",
    "image_shares",
    "intersection_over_union",
    "kept_shares",
    "learning_curves",
    "location_map",
    "mean_of_seeds",
    "network_drawing",
    "pixel_shares",
    "region_recall",
    "region_sizes",
    "reliability",
    "risk_coverage",
    "seen_together",
    "severity_curves",
    "share_against_iou",
    "single_curves",
]
