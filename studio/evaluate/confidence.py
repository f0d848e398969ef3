"""Can the confidence be trusted: calibration before and after scaling, and what may be kept."""

from collections.abc import Sequence

import streamlit as st

from segcore.evaluation.calibration import TARGET
from segcore.presentation import figures, findings
from studio import cache
from studio.evaluate.scored import Scored, scope
from studio.widgets.charts import show_chart


def show_trust(sides: Sequence[Scored]) -> None:
    """Calibration as trained, and what needs newer counts where runs have them."""
    st.header("Is the confidence calibrated?", anchor=False)
    for side in sides:
        if not side.evaluation.has_confidence:
            st.markdown(f"{side.name} says nothing of its confidence.")
    if not any(side.evaluation.has_confidence for side in sides):
        return
    st.markdown(findings.calibration([(side.name, side.scores.ece) for side in sides]))
    as_trained = [
        (side.name, side.color, bins.pixels, bins.correct, bins.confidence)
        for side in sides
        if side.evaluation.has_confidence
        for bins in [side.evaluation.calibration]
    ]
    scaled = [
        (side.name, side.color, bins.pixels, bins.correct, bins.confidence)
        for side in sides
        if side.evaluation.trust is not None and side.evaluation.trust.scaling is not None
        for bins in [side.evaluation.trust.scaling.after]
    ]
    with st.grid(2, min_column_width=340, gap="medium"):
        with st.container():
            st.markdown("**As trained**")
            show_chart(
                cache.drawn(figures.reliability, as_trained),
                "Accuracy at each confidence, as trained",
            )
        if scaled:
            with st.container():
                st.markdown("**After temperature scaling**")
                show_chart(
                    cache.drawn(figures.reliability, scaled), "Accuracy at each confidence, scaled"
                )
    if scaled:
        _explain_scaling(sides)
    show_coverage(sides)


def _explain_scaling(sides: Sequence[Scored]) -> None:
    found = [
        findings.temperatures(side.name, side.evaluation.trust.scaling)
        for side in sides
        if side.evaluation.trust is not None
    ]
    st.markdown("\n".join(f"- {sentence}" for sentence in found if sentence))
    sequences = len(set(sides[0].evaluation.sequences))
    half = "split (its first or its last images)" if sequences == 1 else "sequences"
    st.caption(
        "A temperature divides the logits and leaves every label as it is; each image is judged "
        f"with the one fitted on the other half of the {half}. Of {scope(sides[0].evaluation)}, on "
        "a grid of about 8,000 pixels each, so the error before differs a little from that above."
    )


def show_coverage(sides: Sequence[Scored]) -> None:
    """How many pixels may be kept so that nearly all of those are right."""
    curves = [
        (side.name, side.color, *side.evaluation.trust.risk_coverage())
        for side in sides
        if side.evaluation.trust is not None
    ]
    if not curves:
        return
    st.header(f"Pixels to keep for {TARGET * 100:.0f} % accuracy", anchor=False)
    kept = [
        findings.kept(side.name, side.evaluation.trust.kept())
        for side in sides
        if side.evaluation.trust is not None
    ]
    st.markdown("\n".join(f"- {sentence}" for sentence in kept if sentence))
    st.caption(
        "Pixels sorted by confidence, before temperature scaling; "
        f"{scope(sides[0].evaluation)}. The threshold is chosen on the images it is reported on."
    )
    show_chart(
        cache.drawn(figures.risk_coverage, curves, TARGET), "Accuracy of the most confident pixels"
    )
