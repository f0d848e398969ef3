"""The drawing that explains intersection over union."""

import plotly.graph_objects as go

from segcore.presentation.figures.style import NEUTRAL, styled, with_opacity

TRUTH_BOX, PREDICTION_BOX = (0.0, 0.0, 6.0, 4.0), (2.0, 1.0, 8.0, 5.0)
"""left, bottom, right, top"""


def intersection_over_union(color: str) -> go.Figure:
    """Two overlapping boxes, truth and prediction, and the IoU that they have.

    Args:
        color: of the prediction, "#rrggbb".
    """
    both = (
        max(TRUTH_BOX[0], PREDICTION_BOX[0]),
        max(TRUTH_BOX[1], PREDICTION_BOX[1]),
        min(TRUTH_BOX[2], PREDICTION_BOX[2]),
        min(TRUTH_BOX[3], PREDICTION_BOX[3]),
    )
    intersection = _area(both)
    union = _area(TRUTH_BOX) + _area(PREDICTION_BOX) - intersection
    figure = go.Figure()
    for box, line, fill in (
        (TRUTH_BOX, NEUTRAL, with_opacity(NEUTRAL, 0.15)),
        (PREDICTION_BOX, color, with_opacity(color, 0.15)),
        (both, color, with_opacity(color, 0.55)),
    ):
        left, bottom, right, top = box
        figure.add_shape(
            type="rect", x0=left, y0=bottom, x1=right, y1=top, line={"color": line}, fillcolor=fill
        )
    for x, y, text in (
        (1.0, 2.0, "truth"),
        (7.0, 3.0, "prediction"),
        (4.0, 2.5, f"both<br>IoU {intersection / union:.2f}"),
    ):
        figure.add_annotation(x=x, y=y, text=text, showarrow=False)
    figure.update_xaxes(visible=False, range=[-0.3, 8.3])
    figure.update_yaxes(visible=False, range=[-0.3, 5.3])
    figure.update_layout(height=200, margin={"l": 0, "r": 0})
    return styled(figure)


def _area(box: tuple[float, float, float, float]) -> float:
    left, bottom, right, top = box
    return (right - left) * (top - bottom)
