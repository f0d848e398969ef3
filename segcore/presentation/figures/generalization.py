"""The chart of what networks score where they were chosen, and elsewhere."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from segcore.presentation.figures.style import PAIR, styled


def home_and_away(runs: Sequence[tuple[str, str, Mapping[str, float]]]) -> go.Figure:
    """Mean IoU of each run in each place, a bar each.

    Args:
        runs: name, colour and place -> mean IoU, of each run; a place may be missing.
    """
    places = list(dict.fromkeys(place for *_, scores in runs for place in scores))
    figure = go.Figure()
    for name, color, scores in runs:
        known = [scores.get(place) for place in places]
        figure.add_bar(
            x=known,
            y=places,
            orientation="h",
            name=name,
            marker={"color": color},
            text=["" if iou is None else f"{iou:.2f}" for iou in known],
            textposition="outside",
            cliponaxis=False,
            hovertemplate=f"{name}: mean IoU %{{x:.3f}}, %{{y}}<extra></extra>",
        )
    highest = max((iou for *_, scores in runs for iou in scores.values()), default=1.0)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(range=[0, min(1.0, highest * 1.15)], title="mean IoU")
    figure.update_layout(height=(PAIR + 16) * len(places) + 90, barmode="group")
    return styled(figure)
