"""What bad weather, light and cameras cost: live on one image, and over the whole split."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from segcore.evaluation.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from segcore.evaluation.robustness import Robustness, measure_robustness
from segcore.labels import LabelSpace, metrics
from segcore.presentation import figures, findings, tables
from segcore.presentation.report.measured import ROBUSTNESS
from segcore.presentation.sides import Side
from segcore.system.progress import Progress
from studio import cache, wording
from studio.background import Asked, offer
from studio.errors import fragment
from studio.evaluate.scored import Scored, scope
from studio.state import Selection
from studio.viewer import Panel, outcome_panel, show_viewer
from studio.widgets import guards, side_by_side
from studio.widgets.charts import show_chart
from studio.widgets.tabular import show_table

DEFAULT, DEFAULT_SEVERITY = "fog", 3


def show_lab(selection: Selection, sides: Sequence[Side]) -> None:
    """One image at a time, corrupted and labelled as one looks."""
    st.header("Try it on an image", anchor=False)
    sides = guards.able(sides, "label a corrupted image")
    if not sides:
        return
    if selection.problem is not None:
        guards.offer_streets(selection)
        return
    _show_image(selection.of(sides), sides)


@fragment
def _show_image(selection: Selection, sides: Sequence[Side]) -> None:
    keys = cache.samples(selection.spec, selection.split).keys
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key = st.selectbox("Image", keys, key="lab_image", width=280)
        severity = st.select_slider(
            "Severity", [0, *SEVERITIES], DEFAULT_SEVERITY, key="lab_severity", width=280
        )
    name = st.pills(
        "Corruption", list(CORRUPTIONS), default=DEFAULT, required=True, key="lab_corruption"
    )
    sample = cache.sample(selection.spec, selection.split, key)
    image = corrupt(sample.image, name, severity, seed=keys.index(key))
    clean = side_by_side.predict(sides, sample.image)
    found = side_by_side.predict(sides, image) if clean is not None else None
    if clean is None or found is None:
        return
    clean, found = (side_by_side.by_classes_of(selection, sides, each) for each in (clean, found))
    truth, space = selection.truth(sample.mask), selection.compared
    panels = [Panel("photo", f"{name}, severity {severity}" if severity else "As it is")]
    if truth is not None:
        _show_loss(sides, truth, clean, found, severity, space)
        masks = [one.labels for one in found]
        panels += [Panel("truth", "Truth", truth), outcome_panel(truth, masks, space)]
    panels += side_by_side.prediction_panels(sides, found)
    show_viewer("robustness lab", image, panels, space)


def _show_loss(
    sides: Sequence[Side],
    truth: np.ndarray,
    clean: side_by_side.Predictions,
    found: side_by_side.Predictions,
    severity: int,
    space: LabelSpace,
) -> None:
    """Mean IoU on this image, against that on the image as it is."""
    with st.grid(2, min_column_width=190):
        for side, *predictions in zip(sides, clean, found, strict=True):
            before, after = (
                metrics.mean_iou(metrics.confusion_matrix(truth, prediction.labels, space))
                for prediction in predictions
            )
            st.metric(
                f"{wording.square(side)} {side.name}, mean IoU of this image",
                wording.score(after),
                delta=f"{wording.difference(after - before)} against the image as it is",
                delta_color="off" if severity == 0 else "normal",
                delta_arrow="off",
                border=True,
                help="Over the evaluated classes in its truth, at the image's own resolution.",
            )


def show_curves(selection: Selection, sides: Sequence[Scored]) -> None:
    """What the whole split loses, as far as that is measured."""
    st.header("Over the whole split", anchor=False)
    measured = [
        (side, found)
        for side in sides
        for found in [cache.robustness(side.run, side.evaluation)]
        if found is not None
    ]
    complete = {side.letter for side, found in measured if found.is_complete}
    may_be = [side for side in sides if side.run.has_network and not side.evaluation.is_summed]
    missing = [side for side in may_be if side.letter not in complete]
    if missing and selection.problem is None:
        _offer(selection, missing)
    if measured:
        _show_measured(measured)


def _offer(selection: Selection, missing: list[Scored]) -> None:
    images = len(missing[0].evaluation.keys)
    listed = " and ".join(side.name for side in missing)
    st.info(
        f"Not measured for {listed} yet: {images} images, {len(CORRUPTIONS)} corruptions, "
        f"{len(SEVERITIES)} severities, which is {images * len(CORRUPTIONS) * len(SEVERITIES):,} "
        "images to label for each. The curves of a corruption appear when it is done, and stay.",
        icon=":material/rainy:",
    )
    offer("Measure the split", [_work(side, selection) for side in missing])


def _work(side: Scored, selection: Selection) -> Asked:
    run, spec, split = side.run, selection.spec, selection.split

    def measure(progress: Progress) -> None:
        measure_robustness(run, spec, split, progress)

    key = "robustness", run.name, run.weights_hash, spec, split
    return Asked(key, f"{side.name}, corrupted images labelled", measure)


def _show_measured(measured: list[tuple[Scored, Robustness]]) -> None:
    said = [findings.robustness(side.name, robustness) for side, robustness in measured]
    st.markdown("\n".join(f"- {sentence}" for sentence in said if sentence))
    evaluation = measured[0][0].evaluation
    st.caption(f"{ROBUSTNESS} Of {scope(evaluation)}, policy `{evaluation.policy}`.")
    kept = [(side.name, side.color, robustness.kept_shares) for side, robustness in measured]
    curves = [(side.name, side.color, robustness.curves) for side, robustness in measured]
    show_chart(
        cache.drawn(figures.kept_shares, kept), "Share of the mean IoU kept under each corruption"
    )
    with st.grid(3, min_column_width=160, gap="small"):
        for name, curve in cache.drawn(figures.severity_curves, curves).items():
            with st.container(gap="xxsmall"):
                st.markdown(f"**{name[0].upper()}{name[1:]}**, mean IoU")
                show_chart(curve, f"Mean IoU over the severity of {name}")
    with st.expander("The numbers"):
        show_table(tables.robustness([(side.title, robustness) for side, robustness in measured]))
