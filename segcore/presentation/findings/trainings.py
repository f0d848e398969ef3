"""How trainings went."""

from collections.abc import Mapping, Sequence

import numpy as np

from segcore.presentation.findings.words import listed, listed_some
from segcore.recipes.named import PUBLISHED

Row = Mapping[str, float]

TURNED = 0.05
"""How far above its minimum, relatively, the validation loss must end to have turned."""

ALIKE = 0.01
"""Mean IoU within which trainings count as level: neighbouring epochs of one differ as much."""

LEARNT = 0.1
"""IoU from which a class counts as learnt at all."""


def turning_epoch(history: Sequence[Row]) -> int | None:
    """The epoch of the lowest validation loss where it has since risen by 5 %; else None."""
    losses = [(row["val_loss"], int(row["epoch"])) for row in history if "val_loss" in row]
    losses = [(loss, epoch) for loss, epoch in losses if np.isfinite(loss)]
    if not losses:
        return None
    lowest, epoch = min(losses)
    return epoch if losses[-1][0] > lowest * (1 + TURNED) else None


def training(name: str, history: Sequence[Row]) -> str:
    """One sentence on how far train and validation have come apart."""
    if not history:
        return f"{name} has not finished an epoch yet."
    known = [row for row in history if _has(row, "loss") or _has(row, "val_loss")]
    if not known:
        return f"{name}: its log of {len(history)} epochs holds no loss, so nothing can be said."
    if known[-1] is not history[-1]:
        return (
            f"{name}: its loss is not a number after epoch {int(known[-1]['epoch'])} of "
            f"{int(history[-1]['epoch'])}: the training failed there."
        )
    if not any(_has(row, "val_loss") or _has(row, "val_accuracy") for row in history):
        ends = f"loss {known[-1].get('loss', np.nan):.3f}"
        if _has(known[-1], "accuracy"):
            ends += f" and {known[-1]['accuracy'] * 100:.1f} % accuracy"
        return (
            f"{name}: its log of {len(history)} epochs has no validation, so whether it overfits "
            f"cannot be said; it ends at a training {ends}."
        )
    # Keras can be told to validate after some epochs only.
    last = next((row for row in reversed(history) if _is_validated(row)), history[-1])
    gap = last.get("accuracy", np.nan) - last.get("val_accuracy", np.nan)
    ends = (
        f"it ends at {last['accuracy'] * 100:.1f} % training and "
        f"{last['val_accuracy'] * 100:.1f} % validation accuracy"
        if np.isfinite(gap)
        else f"its log of {len(history)} epochs has no accuracies"
    )
    turn = turning_epoch(history)
    if turn is not None:
        lowest = min(row["val_loss"] for row in history if row["epoch"] == turn)
        return (
            f"{name}: validation loss turned after epoch {turn} ({lowest:.3f}, now "
            f"{last['val_loss']:.3f}) while training went on: it overfits from there; {ends}."
        )
    history = [row for row in history if _is_validated(row)]
    if not history and not gap > 0.05:
        return (
            f"{name}: its log has no validation loss, so when overfitting began is not known; "
            f"{ends}."
        )
    scores = [row.get("val_mean_iou", np.nan) for row in history]
    if np.nanmax([*scores, -1]) < LEARNT and np.isfinite(scores).any():
        return (
            f"{name}: has learnt next to nothing, its validation mean IoU never reached "
            f"{LEARNT:.1f}; {ends}."
        )
    if gap > 0.05:
        return (
            f"{name}: training is {gap * 100:.0f} points ahead of validation, but validation is "
            f"not getting worse; {ends}."
        )
    return f"{name}: no sign of overfitting{_since_the_best(scores, history)}; {ends}."


def _has(row: Row, column: str) -> bool:
    return bool(np.isfinite(row.get(column, np.nan)))


def _is_validated(row: Row) -> bool:
    return _has(row, "val_loss")


def _since_the_best(scores: Sequence[float], history: Sequence[Row]) -> str:
    """How the validation's mean IoU ended, where its best epoch was not the last."""
    if not scores or not np.isfinite(scores[-1]):
        return ""
    best = int(np.nanargmax(scores))
    lost = scores[best] - scores[-1]
    if lost <= 0:
        return ""
    unrest = ", as neighbouring epochs may differ" if lost < ALIKE else ""
    return (
        f", though mean IoU ends {lost:.3f} below its best, of epoch "
        f"{int(history[best]['epoch'])}{unrest}"
    )


def classes_learnt(name: str, rows: Sequence[Row]) -> str:
    """Which classes came first, last and not at all, from the rows of class_iou.csv.

    A class is learnt in the first epoch that reaches nine tenths of its best IoU.
    """
    best = {
        class_: max(values)
        for class_ in rows[0]
        if class_ != "epoch"
        and (values := [row[class_] for row in rows if np.isfinite(row[class_])])
    }
    learnt = {class_: iou for class_, iou in best.items() if iou >= LEARNT}
    if not learnt:
        return f"{name} has learnt no class yet: none has reached an IoU of {LEARNT:.1f}."
    epoch = {
        class_: next(int(row["epoch"]) for row in rows if row[class_] >= 0.9 * iou)
        for class_, iou in learnt.items()
    }
    order = sorted(epoch, key=lambda class_: (epoch[class_], -learnt[class_]))
    first, last = order[:2], order[-1]
    parts = f"{name} learnt {listed(first)} first (by epoch {epoch[first[-1]]})"
    if epoch[last] > epoch[first[-1]]:
        parts += f", {last} last (epoch {epoch[last]})"
    never = [class_ for class_ in best if class_ not in learnt]
    return f"{parts}; never above {LEARNT:.1f}: {listed_some(never)}." if never else f"{parts}."


def scores_on_different_data(runs: Sequence[tuple[str, float | None]]) -> str:
    """As `best_scores` where the trainings were validated on different data, so that their scores
    cannot be compared: name, which tells the data, and best validation mean IoU of each."""
    parts = [f"{name} {iou:.3f}" for name, iou in runs if iou is not None]
    if not parts:
        return "No epoch is finished yet: curves appear with the first."
    return f"Best validation mean IoU: {listed(parts)}; not comparable, the data differ."


def best_scores(runs: Sequence[tuple[str, Sequence[Row], int | None]]) -> str:
    """The one sentence about trainings: name, history and best epoch of each, best run first."""
    scored = [
        (row["val_mean_iou"], name, int(row["epoch"]), len(history))
        for name, history, best in runs
        for row in history
        if row["epoch"] == best
    ]
    rows = [row for _, history, _ in runs for row in history]
    if not scored and any(_has(row, "val_loss") or _has(row, "val_accuracy") for row in rows):
        return "None of these logged a validation mean IoU: compare their other curves."
    if not scored and any(_has(row, "loss") for row in rows):
        return "None of these was validated: what they are worth on new images is not known."
    if not scored and rows:
        return "None of these logged a loss: nothing can be said of them."
    if not scored:
        return "No epoch is finished yet: curves appear with the first."
    scored.sort(reverse=True)
    (score, name, epoch, epochs), *others = scored
    level = [other for value, other, _, _ in others if score - value < ALIKE]
    verdict = f"{name} scored highest"
    if level:
        verdict = f"{listed([name, *level])} scored about the same"
    sentence = f"{verdict}: mean IoU {score:.3f} in {_epoch_of(epoch, epochs)}"
    parts = [
        f"{other} {value:.3f} ({_epoch_of(at, epochs_)})" for value, other, at, epochs_ in others
    ]
    if not parts:
        return f"{name} reached mean IoU {score:.3f} in {_epoch_of(epoch, epochs)}."
    return f"{sentence}; {listed(parts)}."


APART = 0.01
"""Two mean IoU this far apart differ by more than rounding or another processor explains."""


def scored_anew(best: float | None, now: float | None) -> str | None:
    """What Evaluation says where that is not what the training saw: its images have changed since.

    Args:
        best: validation mean IoU of the training's best epoch.
        now: of the same weights, evaluated on the data set as it is.
    """
    if best is None or now is None or abs(best - now) < APART:
        return None
    return f"Its images have changed since: on the current ones, Evaluation gives {now:.3f}."


COLUMNS = {"accuracy": "accuracy", "loss": "loss", "iou_score": "TASM IoU score"}


def published(recipe: str, history: Sequence[Row], data: str) -> str | None:
    """What the notebook printed for its recipe beside what this training ended at, and what that
    says; None for other recipes.

    Args:
        data: name of what it was trained on.
    """
    reported = PUBLISHED.get(recipe)
    if reported is None or not history:
        return None
    last = history[-1]
    told = [_both(column, *scores) for column, scores in reported.items()]
    reached = [_both(column, last[column], last[f"val_{column}"]) for column in reported]
    words = (
        f"The notebook reported {listed(told)} on Cityscapes; here it ends at {listed(reached)} "
        f"on {data}."
    )
    if "accuracy" not in reported:
        return words
    train, val = reported["accuracy"]
    return (
        f"{words} Right on {train * 100:.0f} % of the pixels that it was trained on and on "
        f"{val * 100:.0f} % of new ones, the notebook's network knew its images by heart: that is "
        "overfitting, and only the second figure says what it was worth."
    )


def _both(column: str, train: float, val: float) -> str:
    return f"{COLUMNS[column]} {train:.4f} in training and {val:.4f} in validation"


def _epoch_of(epoch: int, epochs: int) -> str:
    return f"epoch {epoch} of {epochs}" if epochs > 1 else "its one epoch"
