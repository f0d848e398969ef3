"""The report of a comparison, to hand over: the finding, its figures, and what it is all from."""

import html
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import plotly.graph_objects as go

from segcore.errors import DataError
from segcore.evaluation import Evaluation
from segcore.evaluation.comparison import Comparison, compare
from segcore.evaluation.cost import stored_cost
from segcore.evaluation.error_breakdown import small_classes
from segcore.evaluation.robustness import Robustness, robustness_of
from segcore.labels import CITYSCAPES, metrics
from segcore.presentation import figures, findings, tables
from segcore.presentation.report.document import Chart, Report, Section
from segcore.presentation.report.measured import cost_section, robustness_section
from segcore.presentation.sides import Pair, ScoredSide, scored_pair
from segcore.presentation.tables import Table
from segcore.runs import Run, identity_of
from segcore.runs.data_sets import data_sets, name_among

__all__ = ["Report", "make_report"]

Scored = tuple[Run, Evaluation]
ScoredPair = Pair[ScoredSide]

COUNTED = (
    "Every figure comes from the confusion matrices of single images, counted at the truth's own "
    "resolution."
)
OF_CITYSCAPES = (
    "Truth pixels count where their id is one of Cityscapes' 19 evaluated classes; averages run "
    "over those of the 19 that occur in the truth."
)
OF_ITS_OWN = (
    "The data set is scored by its own classes, and a prediction counts as the class that it "
    "belongs to; averages run over the classes that occur in the truth."
)
OF_OWN_CLASSES = (
    "Truth pixels count where their class is one that is scored; averages run over those that "
    "occur in the truth."
)


def make_report(a: Scored, b: Scored) -> Report:
    """Makes the report of two runs scored on the same images; where the images differ, it has no
    verdict.

    What was measured of their robustness and cost is in it too.
    """
    pair = scored_pair(a, b)
    compared: Comparison | None = None
    title, lead = f"{pair.a.name} and {pair.b.name} cannot be compared", []
    try:
        compared = compare(a[1], b[1])
        title = findings.headline(compared, *pair.names)
        lead = [findings.verdict(compared, *pair.names), findings.resampling(compared)]
    except DataError as error:
        lead = [str(error)]
    sections = [
        _scores(pair, compared),
        _confusions(pair),
        *_anatomy(pair),
        _confidence(pair),
        *robustness_section(_measured(pair)),
        cost_section(pair, [stored_cost(side.run) for side in pair]),
        _origin(pair),
    ]
    return Report(title, lead, _facts(pair), sections)


def _measured(pair: ScoredPair) -> list[tuple[ScoredSide, Robustness]]:
    found = [(side, robustness_of(side.run, side.evaluation)) for side in pair]
    return [(side, robustness) for side, robustness in found if robustness is not None]


def _facts(pair: ScoredPair) -> dict[str, str]:
    evaluation = pair.a.evaluation
    return {
        **{side.title: side.run.name for side in pair},
        "Data": f"{_data_name(pair)}, {evaluation.split} split",
        "Images": f"{evaluation.images} at {evaluation.resolution}",
        "Sequences": str(len(set(evaluation.sequences))),
        "Policy": f"{evaluation.policy}, version {metrics.METRIC_VERSION}",
        "Data hash": evaluation.identity.data_sha256,
        **{f"Weights hash {side.letter}": str(side.run.weights_hash) for side in pair},
        "Written": f"{datetime.now(UTC):%d %B %Y, %H:%M} UTC, segmentation studio {_version()}",
    }


def _data_name(pair: ScoredPair) -> str:
    """The facts, without the data's path: a report is handed to others."""
    evaluation = pair.a.evaluation
    return name_among(data_sets(), evaluation.spec, evaluation.identity.data_sha256)


def _version() -> str:
    try:
        return version("segmentation-studio")
    except PackageNotFoundError:  # run from a folder
        return "from source"


def _shown(pair: ScoredPair) -> ScoredPair:
    """The sides as charts name them: plotly takes names for HTML."""
    a, b = (replace(side, name=html.escape(side.name, quote=False)) for side in pair)
    return Pair(a, b)


def _scores(pair: ScoredPair, compared: Comparison | None) -> Section:
    shown = _shown(pair)
    iou = [(side.name, side.color, side.scores.class_iou) for side in shown]
    charts = [Chart("IoU of each class", figures.class_iou(iou))]
    if compared is not None:
        differences = figures.class_differences(compared.per_class, *shown.names)
        charts.append(
            Chart("Difference A − B of each class, 95 % interval for all together", differences)
        )
    width = pair.a.evaluation.boundary_width
    is_of_cityscapes = pair.a.evaluation.space.has_classes_of(CITYSCAPES)
    is_usual = pair.a.evaluation.policy == CITYSCAPES.policy
    of_policy = OF_CITYSCAPES if is_usual else OF_ITS_OWN if is_of_cityscapes else OF_OWN_CLASSES
    return Section(
        "Scores",
        notes=[of_policy, COUNTED, f"Boundaries are bands of {width} pixels."],
        charts=charts,
        tables=[
            tables.scores(pair, compared),
            tables.classes(pair, compared),
            *tables.categories(pair, compared),
        ],
    )


def _confusions(pair: ScoredPair) -> Section:
    present = np.flatnonzero(metrics.present_classes(pair.a.evaluation.matrix)).tolist()
    return Section(
        "Which classes are confused",
        notes=["Rows are the truth, columns the prediction; each row adds up to 100 %."],
        charts=[Chart(side.title, _confusion_of(side, present)) for side in pair],
        folded=[
            table(side) for table in (tables.confused_pairs, tables.confusion) for side in pair
        ],
    )


def _confusion_of(side: ScoredSide, present: list[int]) -> go.Figure:
    names = side.evaluation.space.names
    return figures.confusion(side.evaluation.matrix, side.color, present, names)


def _anatomy(pair: ScoredPair) -> list[Section]:
    if not tables.error_bands(pair) or not tables.region_recall(pair):
        return []
    shown = _shown(pair)
    d = pair.a.evaluation.boundary_width
    bands = [(side.name, side.color, side.anatomy.shares) for side in shown if side.anatomy]
    charts = [Chart("Errors near boundaries and inside regions", figures.error_bands(bands, d))]
    evaluation = pair.a.evaluation
    for label in small_classes(evaluation.space, evaluation.anatomy):
        rows = [
            (side.name, side.color, side.anatomy.region_recall(label))
            for side in shown
            if side.anatomy is not None
        ]
        if any(row.regions for row in rows[0][2]):
            caption = f"Recall of {evaluation.space.names[label]} by the size of its regions"
            charts.append(Chart(caption, figures.region_recall(rows)))
    return [
        Section(
            "Where the errors lie",
            [findings.error_bands(s.name, s.anatomy.shares, d) for s in pair if s.anatomy],
            [f"Near is within {d} pixels of where the truth changes its label."],
            charts,
            tables.error_bands(pair),
            tables.region_recall(pair),
        )
    ]


def _confidence(pair: ScoredPair) -> Section:
    shown = [side for side in _shown(pair) if side.evaluation.has_confidence]
    charts = [
        Chart(
            "Accuracy at each confidence, as trained",
            figures.reliability([(s.name, s.color, *_bins(s)) for s in shown]),
        )
    ]
    said = [findings.calibration([(side.name, side.scores.ece) for side in pair])]
    for side in pair:
        found = side.evaluation.trust
        if found is not None:
            said += filter(None, [findings.temperatures(side.name, found.scaling)])
            said += filter(None, [findings.kept(side.name, found.kept())])
    return Section("Is the confidence calibrated?", said, (), charts, tables.trust(pair))


def _bins(side: ScoredSide) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    bins = side.evaluation.calibration
    return bins.pixels, bins.correct, bins.confidence


def _origin(pair: ScoredPair) -> Section:
    """Which runs these are, and what made them."""
    facts = [_origin_of(side) for side in pair]
    rows = [[name, *(str(known.get(name, "–")) for known in facts)] for name in facts[0]]
    columns: dict[str, tables.Kind] = {"": "text", **{side.title: "text" for side in pair}}
    return Section("The runs", tables=[Table("runs", "How they were trained", columns, rows)])


def _origin_of(side: ScoredSide) -> dict[str, Any]:
    manifest = side.run.manifest
    seen = manifest.preprocessing
    return {
        "Run": side.run.name,
        "Recipe": side.run.recipe,
        "Trained on": name_among(data_sets(), side.run.spec, identity_of(side.run)),
        "Parameters": f"{side.run.parameters:,}",
        "Input": f"{seen.size[1]}x{seen.size[0]}, {seen.mode}" if seen else "–",
        "Best epoch": side.run.best_epoch or "–",
        "Seed": side.run.seed,
        "Weights (SHA-256)": side.run.weights_hash,
        "Trained with": ", ".join(
            f"{name} {version}" for name, version in manifest.versions.items()
        ),
        "Trained by": manifest.device or "–",
        "Scored by": side.evaluation.identity.device,
        "Commit": manifest.commit or "–",
    }
