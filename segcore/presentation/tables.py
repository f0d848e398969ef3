"""The tables of a run's scores or a comparison, as pages show them and files carry them away."""

import csv
import io
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass, field
from typing import Literal

from segcore.errors import UnreadableError
from segcore.evaluation.comparison import Comparison, Difference
from segcore.evaluation.corruptions import SEVERITIES
from segcore.evaluation.cost import Cost
from segcore.evaluation.error_breakdown import small_classes
from segcore.evaluation.robustness import Robustness
from segcore.presentation import findings
from segcore.presentation.sides import ScoredSide
from segcore.runs import Run
from segcore.runs.lineage import seconds_in_all, training_seconds

Kind = Literal["text", "score", "difference", "percent", "number", "count"]
"""How the values of a column are written; a percentage is stored as a share of 1."""

Cell = str | float | int | None

DEFINITIONS = {
    "mean_iou": ("Mean IoU", "IoU per class, averaged over the classes in the truth"),
    "pixel_accuracy": ("Pixel accuracy", "Share of the scored pixels labelled right"),
    "mean_accuracy": ("Mean accuracy", "Share labelled right of each class, averaged"),
    "frequency_weighted_iou": ("Frequency-weighted IoU", "IoU weighted by each class's pixels"),
    "mean_category_iou": ("Mean category IoU", "IoU per category, averaged"),
    "mean_boundary_iou": ("Mean boundary IoU", "IoU of the bands along the outlines only"),
    "ece": ("Calibration error (ECE)", "Confidence against accuracy; lower is better"),
    "tasm_iou_score": ("TASM IoU score", "For comparison with published figures; not a mean IoU"),
}
LOWER_IS_BETTER = {"ece"}
NO_CONTEST = {"tasm_iou_score"}
VERDICTS = {"a": "A better", "b": "B better", "undecided": "undecided", "none": "no verdict"}
LOW, HIGH = "95 % from", "95 % to"
PAIRS = 20


@dataclass(frozen=True)
class Table:
    """Rows of values under named columns.

    Attributes:
        name: of its file.
        columns: title -> how its values are written.
        rows: a value per column; None where there is none.
        note: what a reader must know.
    """

    name: str
    title: str
    columns: dict[str, Kind]
    rows: Sequence[Sequence[Cell]]
    note: str = field(default="", kw_only=True)

    def records(self) -> list[dict[str, Cell]]:
        """A dict per row."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def csv(self) -> str:
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(map(_harmless, self.columns))
        writer.writerows([_harmless(value) for value in row] for row in self.rows)
        return stream.getvalue()


def _harmless(value: Cell) -> Cell:
    """Text that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(tuple("=+-@\t\r")) else value


def scores(sides: Sequence[ScoredSide], comparison: Comparison | None) -> Table:
    """The figures of the whole split."""
    rows = []
    for key, (title, definition) in DEFINITIONS.items():
        if key == "mean_category_iou" and not sides[0].evaluation.space.categories:
            continue
        values = [getattr(side.scores, key) for side in sides]
        compared: list[Cell] = []
        if len(sides) == 2:
            ends = _ends(_of_score(key, comparison))
            compared = [_difference(*values), *ends, _ahead(key, *values)]
        rows.append([title, *values, *compared, definition])
    columns: dict[str, Kind] = {
        "Score": "text",
        **_sides(sides),
        **_differences(sides, "Ahead"),
        "What it is": "text",
    }
    return Table("scores", "Scoreboard", columns, rows)


def _difference(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b


def _ahead(key: str, a: float | None, b: float | None) -> str:
    if a is None or b is None or key in NO_CONTEST or a == b:
        return "–"
    return "A" if (a < b) == (key in LOWER_IS_BETTER) else "B"


def _of_score(key: str, comparison: Comparison | None) -> Difference | None:
    """The difference of a score, where resamples were drawn for it."""
    if comparison is None:
        return None
    tested = {
        "mean_iou": comparison.mean_iou,
        "mean_category_iou": comparison.mean_category_iou,
    }
    return tested.get(key)


def classes(sides: Sequence[ScoredSide], comparison: Comparison | None) -> Table:
    """IoU of each class in the truth, the commonest not first but in their space's order."""
    first = sides[0].scores.per_class
    total = max(sum(score.pixels for score in first.values()), 1)
    rows: list[list[Cell]] = []
    for name, score in first.items():
        each = [side.scores.per_class[name] for side in sides]
        iou = [scored.iou for scored in each]
        if None in iou:
            continue
        tested = None if comparison is None else comparison.per_class[name]
        compared = _compared(iou, tested)
        rows.append(
            [name, score.pixels / total, *iou, *compared, *(score.boundary_iou for score in each)]
        )
    columns: dict[str, Kind] = {
        "Class": "text",
        "Pixels": "percent",
        **_sides(sides),
        **_differences(sides, "Verdict"),
        **{f"Boundary {side.letter}": "score" for side in sides},
    }
    notes = [] if comparison is None else [_together(comparison.per_class, "classes")]
    absent = [name for name, score in first.items() if score.iou is None]
    if absent:
        notes.append(f"Not in the truth, so without a score: {', '.join(absent)}.")
    return Table("classes", "Class by class", columns, rows, note=" ".join(filter(None, notes)))


def categories(sides: Sequence[ScoredSide], comparison: Comparison | None) -> list[Table]:
    """IoU of each category in the truth; none where the label space has no categories."""
    space = sides[0].evaluation.space
    if not space.categories:
        return []
    rows: list[list[Cell]] = []
    for name, ids in space.categories.items():
        iou = [side.scores.per_category[name].iou for side in sides]
        if None in iou:
            continue
        tested = None if comparison is None else comparison.per_category[name]
        members = ", ".join(space.names[id_] for id_ in ids)
        rows.append([name, *iou, *_compared(iou, tested), members])
    columns: dict[str, Kind] = {
        "Category": "text",
        **_sides(sides),
        **_differences(sides, "Verdict"),
        "Its classes": "text",
    }
    notes = ["Confusing two classes of one category does not count as an error here."]
    if comparison is not None:
        notes.append(_together(comparison.per_category, "categories"))
    note = " ".join(filter(None, notes))
    return [Table("categories", "Category by category", columns, rows, note=note)]


def confusion(side: ScoredSide) -> Table:
    """Pixels of each true class by what they were called."""
    matrix, space = side.evaluation.matrix, side.evaluation.space
    shown = [id_ for id_ in space.evaluated_ids if matrix[id_].any()]
    columns: dict[str, Kind] = {"Truth": "text"}
    columns |= dict.fromkeys(space.names, "count")
    return Table(
        f"confusion-{side.letter.lower()}",
        f"Confusion matrix of {side.title}, pixels",
        columns,
        [[space.names[id_], *matrix[id_].tolist()] for id_ in shown],
    )


def confused_pairs(side: ScoredSide) -> Table:
    """Which classes are most called another."""
    found = findings.confused_pairs(side.evaluation.matrix, PAIRS, by_share=True)
    names = side.evaluation.space.names
    return Table(
        f"confused-pairs-{side.letter.lower()}",
        f"Most confused by {side.title}",
        {"Truth": "text", "Called": "text", "Of the class": "percent", "Pixels": "count"},
        [
            [names[truth], names[called], share, int(side.evaluation.matrix[truth, called])]
            for truth, called, share in found
        ],
    )


def error_bands(sides: Sequence[ScoredSide]) -> list[Table]:
    """Errors near boundaries and inside regions; none for counts from before."""
    shares = ("Pixels near", "Errors near", "Wrong near", "Wrong inside")
    columns: dict[str, Kind] = {"Run": "text", **dict.fromkeys(shares, "percent")}
    rows = [[side.title, *astuple(side.anatomy.shares)] for side in sides if side.anatomy]
    title = "Errors at boundaries and inside regions"
    return [Table("error-bands", title, columns, rows)] if rows else []


def region_recall(sides: Sequence[ScoredSide]) -> list[Table]:
    """Recall of small things by the size of their regions; none for counts from before."""
    space, anatomy = sides[0].evaluation.space, sides[0].evaluation.anatomy
    rows = [
        [side.title, space.names[label], *astuple(row)]
        for side in sides
        if side.anatomy is not None
        for label in small_classes(space, anatomy)
        for row in side.anatomy.region_recall(label)
        if row.regions
    ]
    columns: dict[str, Kind] = {
        "Run": "text",
        "Class": "text",
        "Pixels of the region": "text",
        "Regions": "count",
        "Half found": "count",
        "Recall": "percent",
    }
    return [Table("region-recall", "Small objects by size", columns, rows)] if rows else []


def trust(sides: Sequence[ScoredSide]) -> list[Table]:
    """Calibration before and after scaling, and what may be kept; none for counts from before."""
    rows: list[list[Cell]] = []
    for side in sides:
        found = side.evaluation.trust
        if found is not None:
            scaling = found.scaling
            scaled = (
                (*scaling.temperatures, scaling.ece_before, scaling.ece_after)
                if scaling
                else [None] * 4
            )
            rows.append([side.title, side.scores.ece, *scaled, found.kept()])
    columns: dict[str, Kind] = {
        "Run": "text",
        "ECE": "score",
        "Temperature, first half": "score",
        "Temperature, second half": "score",
        "ECE before": "score",
        "ECE after": "score",
        "Kept at 99 %": "percent",
    }
    return [Table("trust", "Is the confidence calibrated?", columns, rows)] if rows else []


def robustness(runs: Sequence[tuple[str, Robustness]]) -> Table:
    """Mean IoU under each corruption: of titles and what was measured."""
    columns: dict[str, Kind] = {"Corruption": "text", "Run": "text", "As it is": "score"}
    columns |= {f"Severity {severity}": "score" for severity in SEVERITIES}
    names = dict.fromkeys(name for _, robustness in runs for name in robustness.matrices)
    rows = [
        [name, title, *robustness.mean_iou(name), robustness.kept(name)]
        for name in names
        for title, robustness in runs
        if name in robustness.matrices
    ]
    return Table("robustness", "Mean IoU by severity", {**columns, "Kept": "percent"}, rows)


def costs(runs: Sequence[tuple[str, Run, Cost | None]]) -> Table:
    """What runs take: of titles, runs, and what was measured of them."""
    rows: list[list[Cell]] = []
    for title, run, cost in runs:
        measured: list[Cell] = [None] * 5
        if cost is not None:
            one = cost.typical
            memory = one.peak_memory_bytes
            measured = [
                None if cost.flops is None else cost.flops / 1e9,
                one.p50_ms,
                one.p95_ms,
                cost.throughput,
                None if memory is None else memory / 1e6,
            ]
        trained: list[Cell] = [None, None]
        with suppress(UnreadableError):
            trained = [training_seconds(run) / 60, seconds_in_all(run) / 60]
        rows.append([title, run.parameters, run.weights_bytes / 1e6, *measured, *trained])
    columns: dict[str, Kind] = {
        "Run": "text",
        "Parameters": "count",
        "On disk, MB": "number",
        "Operations, billions": "number",
        "p50, ms": "number",
        "p95, ms": "number",
        "Images a second": "number",
        "Memory, MB": "number",
        "Trained, minutes": "number",
        "With earlier ones, minutes": "number",
    }
    return Table("costs", "What they cost", columns, rows)


def timings(runs: Sequence[tuple[str, Cost]]) -> Table:
    """Latency by batch and resolution: of titles and what was measured."""
    columns: dict[str, Kind] = {
        "Run": "text",
        "Batch": "count",
        "Resolution": "text",
        "p50, ms": "number",
        "p95, ms": "number",
        "Images a second": "number",
        "Memory, MB": "number",
        "Repeats": "count",
        "Machine": "text",
    }
    rows = [
        [
            title,
            timing.batch,
            f"{timing.width}x{timing.height}",
            timing.p50_ms,
            timing.p95_ms,
            timing.images_per_second,
            None if timing.peak_memory_bytes is None else timing.peak_memory_bytes / 1e6,
            timing.repeats,
            cost.machine,
        ]
        for title, cost in runs
        for timing in cost.timings
    ]
    return Table("timings", "Time by batch and resolution", columns, rows)


def _sides(sides: Sequence[ScoredSide]) -> dict[str, Kind]:
    return {side.title: "score" for side in sides}


def _differences(sides: Sequence[ScoredSide], decided: str) -> dict[str, Kind]:
    """The columns of two runs' difference and what it decides; none for a run alone."""
    if len(sides) < 2:
        return {}
    return {"A − B": "difference", LOW: "difference", HIGH: "difference", decided: "text"}


def _compared(values: Sequence[float | None], tested: Difference | None) -> list[Cell]:
    """What stands in those columns."""
    if len(values) < 2:
        return []
    return [_difference(*values), *_ends(tested), _verdict(tested)]


def _ends(tested: Difference | None) -> tuple[float | None, float | None]:
    return (None, None) if tested is None or tested.interval is None else tested.interval


def _together(tested: Mapping[str, Difference], what: str) -> str:
    """How the intervals of several classes or categories are meant, and which have none."""
    scored = {
        name: difference for name, difference in tested.items() if difference.delta is not None
    }
    without = [name for name, difference in scored.items() if difference.verdict == "none"]
    notes = []
    if len(without) < len(scored):
        notes.append(f"The 95 % intervals hold jointly for all {what}.")
    if without:
        notes.append(f"In too few parts of the split for a verdict: {', '.join(without)}.")
    return " ".join(notes)


def _verdict(tested: Difference | None) -> str:
    return "–" if tested is None else VERDICTS[tested.verdict]
