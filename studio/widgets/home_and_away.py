"""What both networks score where they were chosen, and on what they were not trained on."""

from collections.abc import Sequence

import streamlit as st

from segcore.evaluation.generalization import Generalization, LeftOutScore
from segcore.presentation import figures, findings
from segcore.presentation.sides import Pair, Side
from segcore.runs.lineage import pretraining
from studio import cache, wording
from studio.widgets.charts import show_chart

VALIDATION = "validation film"
CORRUPTED = "in bad weather, light"
HOME = "retrained: validation film"
AWAY = "retrained: unseen films"


def show_home_and_away(*shown: Sequence[Side] | None) -> None:
    """The finding and its chart, for the first pair of which both left-out scores are known."""
    for sides in shown:
        known = [cache.generalization(side.run) for side in sides or ()]
        left_out = [one.left_out for one in known if one.left_out is not None]
        if sides is not None and len(left_out) == 2:
            _show(Pair(*sides), known, left_out)
            return


def show_expectation(sides: Sequence[Side]) -> None:
    """What to expect of networks on a street that they have not seen, as far as is known."""
    known = [(side.name, cache.generalization(side.run).expected) for side in sides]
    sentences = [
        findings.expected_elsewhere(name, score) for name, score in known if score is not None
    ]
    if sentences:
        st.caption(
            f"What to expect on a street that a network has not seen: {'; '.join(sentences)}. "
            "Expect less at night, in rain or snow, and from cameras that are not behind "
            "a car's windscreen."
        )


def _show(pair: Pair[Side], known: list[Generalization], left_out: list[LeftOutScore]) -> None:
    pretrained = [side.name for side in pair if pretraining(side.run)]
    with st.container(border=True):
        st.header("At home and away", anchor=False)
        st.markdown(
            findings.at_home_and_away(
                *pair.names,
                *left_out,
                pretrained=pretrained[0] if len(pretrained) == 1 else None,
            )
        )
        scores = [
            (side.name, side.color, _scores(one)) for side, one in zip(pair, known, strict=True)
        ]
        show_chart(
            cache.drawn(figures.home_and_away, scores),
            "Mean IoU of both networks on their validation film, on corrupted copies of it, and on "
            "films left out when each was retrained",
        )
        st.caption(
            f"{pair.a.name} `{pair.a.run.name}` and {pair.b.name} `{pair.b.run.name}`. "
            "Retrained: the same network from random or ImageNet's weights, on the same data "
            f"{findings.conditions(left_out[0])}; for {wording.duration(left_out[0].seconds)} and "
            f"{wording.duration(left_out[1].seconds)}."
        )


def _scores(found: Generalization) -> dict[str, float]:
    """Place -> mean IoU, as far as it is known."""
    twin = found.left_out
    scores = {
        VALIDATION: found.val,
        CORRUPTED: found.corrupted,
        HOME: None if twin is None else twin.mean_iou_val,
        AWAY: None if twin is None else twin.mean_iou,
    }
    return {place: iou for place, iou in scores.items() if iou is not None}
