"""Names and numbers as the pages write them."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from math import isnan

import numpy as np

from segcore.errors.plain import for_markdown
from segcore.evaluation.comparison import Difference
from segcore.evaluation.outcomes import disagreement, label_shares, largest_confusion
from segcore.labels import LabelSpace
from segcore.prediction.inference import Prediction
from segcore.presentation.findings.words import listed
from segcore.presentation.names import distinct_names as distinct_names
from segcore.presentation.names import model_name as model_name
from segcore.presentation.names import teaching
from segcore.presentation.names import title_of as title_of
from segcore.presentation.sides import Letter, Side
from segcore.runs import Run, lineage
from segcore.runs.manifest import Ancestor
from segcore.runs.records import TrainingProgress

NAME_LENGTH = 40
SAID_CLASSES = 3
"""How many of a mask's classes are named: the largest ones."""


MARKDOWN_COLORS: dict[Letter, str] = {"A": "blue", "B": "orange"}


def dot(side: Side) -> str:
    """In Markdown, of the side's colour."""
    return f":{MARKDOWN_COLORS[side.letter]}[●]"


def square(side: Side) -> str:
    """In Markdown, of the side's colour."""
    return f":{MARKDOWN_COLORS[side.letter]}[■]"


def recipe_name(run: Run) -> str:
    """The recipe without its model: `tuned-unet` -> tuned."""
    return run.recipe.removesuffix(f"-{run.model}")


def run_labels(runs: Iterable[Run], champions: Collection[str] = ()) -> dict[str, str]:
    """Name of each run -> what tells it from the others of a list, where two may have begun in the
    same minute: a browser answers by the label, which must mean one run.

    Args:
        champions: names of those that get a star.
    """
    labels = {run.name: _run_label(run, run.name in champions) for run in runs}
    count = Counter(labels.values())
    return {
        name: label if count[label] == 1 else f"{label} · {name.rpartition('-')[2]}"
        for name, label in labels.items()
    }


def _run_label(run: Run, is_champion: bool) -> str:
    """Model, recipe, when, and how many classes where they were merged."""
    started = datetime.fromisoformat(run.created)
    star = "★ " if is_champion else ""
    merged = "" if run.class_map.is_same else f" · {len(run.label_space.labels)} classes"
    return f"{star}{model_name(run)} · {recipe_name(run)} · {started:%d %b %H:%M}{merged}"


def earlier_trainings(run: Run, data_name: Callable[[Ancestor], str]) -> str:
    """What the run's weights had learnt before its own training; empty if nothing.

    Args:
        data_name: of the data of an earlier training, as run.json keeps that.
    """
    stages = lineage.earlier_trainings(run)
    if not stages:
        return ""
    seconds = sum(stage.seconds for stage in stages)
    data = listed(list(dict.fromkeys(map(data_name, stages))))
    return f"Its weights come from {_count(stages)}: {duration(seconds)} on {data}."


def with_beginning(name: str, run: Run) -> str:
    """The run's name for a sentence that ranks runs, with how many trainings it went on from."""
    stages = lineage.earlier_trainings(run)
    return f"{name} (after {_count(stages)})" if stages else name


def _count(stages: Sequence[Ancestor]) -> str:
    return "an earlier training" if len(stages) == 1 else f"{len(stages)} earlier trainings"


def beginning(run: Run) -> str:
    """What the weights were before any training of ours, and who taught the network."""
    began = f"It began with {lineage.pretraining(run) or 'random weights'}."
    return " ".join(filter(None, (began, teaching(run))))


def best_epoch(run: Run) -> str:
    """Which of the run's epochs was kept."""
    if run.epochs == 1:
        return "one epoch"
    return f"the best of {run.epochs} epochs: {run.best_epoch}"


def timing(prediction: Prediction) -> str:
    return milliseconds(prediction.timings.total_ms)


def headline_of_picture(names: Sequence[str], ious: Sequence[float]) -> str:
    """How close a model is to the truth of one image, or which of two is, by mean IoU."""
    if len(names) == 1:
        return f"On this image {names[0]} has a mean IoU of {score(ious[0])}"
    (name_a, name_b), (iou_a, iou_b) = names, ious
    if score(iou_a) == score(iou_b):
        return f"On this image {name_a} and {name_b} are level: mean IoU {score(iou_a)}"
    if iou_a > iou_b:
        better, worse, high, low = name_a, name_b, iou_a, iou_b
    else:
        better, worse, high, low = name_b, name_a, iou_b, iou_a
    return (
        f"On this image {better} is closer to the truth: mean IoU {score(high)} "
        f"against {score(low)} for {worse}"
    )


def labels_of_picture(names: Sequence[str], masks: Sequence[np.ndarray], space: LabelSpace) -> str:
    """What a mask (H, W) of an image holds, or what two of the same image differ on."""
    if len(names) == 1:
        return f"{names[0]} sees {_largest_classes(masks[0], space)} in this image."
    (name_a, name_b), (a, b) = names, masks
    confusion = largest_confusion(a, b, space)
    if confusion is None:
        return f"{name_a} and {name_b} label every pixel of this image the same."
    return (
        f"{name_a} and {name_b} differ on {share(disagreement(a, b))} of this image, most where "
        f"{name_a} sees {confusion.label_a} and {name_b} {confusion.label_b} "
        f"({share(confusion.share)})."
    )


def _largest_classes(mask: np.ndarray, space: LabelSpace) -> str:
    shares = label_shares(mask)
    largest = [id_ for id_ in np.argsort(-shares)[:SAID_CLASSES] if shares[id_]]
    said = [f"{space.names[id_]} ({share(shares[id_])})" for id_ in largest]
    return f"mostly {listed(said)}" if said else "no class"


def plain(text: str) -> str:
    """An untrusted text, to stand in Markdown as it is.

    Nothing in it formats, links, loads an image or calls up an icon.
    """
    printable = "".join(char if char.isprintable() else " " for char in text)
    return re.sub(r"([\\`*_{}\[\]()<>#+\-!|:$~&.@^=/])", r"\\\1", printable)


def sentence(text: str) -> str:
    """A message for Markdown: what is in backquotes stays code, all else is inert."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return for_markdown(text)
    return "`".join(part if place % 2 else for_markdown(part) for place, part in enumerate(parts))


def file_name(name: str) -> str:
    """A file's name for Markdown, `plain` and short."""
    return plain(short_name(name))


def short_name(name: str) -> str:
    """A file's name in some forty characters: the end tells more than the middle."""
    if len(name) <= NAME_LENGTH:
        return name
    return f"{name[: NAME_LENGTH // 2]}…{name[-NAME_LENGTH // 2 :]}"


def score(value: float | None) -> str:
    """A share or an IoU with three digits; a dash for what is not defined."""
    return "–" if value is None or isnan(value) else f"{value:.3f}"


def difference(value: float | None) -> str:
    return "–" if value is None or isnan(value) else f"{value:+.3f}"


def interval(found: Difference) -> str:
    if found.interval is None:
        return "no interval"
    low, high = found.interval
    return f"{difference(low)} to {difference(high)}"


def share(value: float) -> str:
    """A share of pixels in per cent: 34 %, 2.1 %, 0.04 %."""
    percent = value * 100
    digits = 0 if percent >= 10 else 1 if percent >= 1 else 2
    return f"{percent:.{digits}f} %"


def milliseconds(value: float) -> str:
    return f"{value:.0f} ms" if value < 1000 else f"{value / 1000:.1f} s"


def duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def count(value: int) -> str:
    """7.8 M, 12 k, 900."""
    if value >= 1_000_000:
        return f"{value / 1e6:.1f} M"
    return f"{value / 1000:.0f} k" if value >= 10_000 else str(value)


def moment(stamp: str) -> str:
    """A time of run.json or the queue: 23 Nov 2026, 14:05."""
    return f"{datetime.fromisoformat(stamp):%d %b %Y, %H:%M}"


def training_progress(at: TrainingProgress) -> tuple[float, str]:
    """Share of a training done, 0 to 1, and where it is, of `Run.progress()`."""
    fraction = (at.epoch - 1 + at.step / max(at.steps, 1)) / at.epochs
    step = f"step {at.step} of {at.steps}" if at.step < at.steps else "validating"
    loss = "" if at.loss is None else f", loss {at.loss:.3f}"
    where = f"Epoch {at.epoch} of {at.epochs}, {step}{loss}"
    left = at.seconds_left
    return min(fraction, 1.0), where if left is None else f"{where}, {duration(left)} left"
