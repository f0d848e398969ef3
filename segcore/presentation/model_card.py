"""The card that goes with a shipped run, written from the run's own files."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath

import numpy as np

from segcore.data.known_data_sets import STREETS, KnownData, known_data, known_layout
from segcore.evaluation import Evaluation
from segcore.evaluation.generalization import LeftOutScore
from segcore.labels import LabelSpace
from segcore.presentation import findings
from segcore.presentation.findings import conditions, expected_elsewhere
from segcore.presentation.names import teaching
from segcore.recipes import from_dict
from segcore.runs import Run
from segcore.runs.data import identity_of
from segcore.runs.lineage import (
    earlier_trainings,
    pretraining,
    stage_identity,
    training_seconds,
)
from segcore.runs.manifest import Ancestor

OTHER_DATA = "another data set of its owner's"
OTHER_LICENCE = "As the data's own licence allows."
WEAKEST = 4
CONFUSED = 4


def model_card(
    run: Run,
    evaluation: Evaluation,
    kept: Mapping[str, float | None] | None = None,
    left_out: LeftOutScore | None = None,
    other_data: Sequence[Evaluation] = (),
) -> str:
    """Markdown: data, recipe, figures with their policy, where it fails, licence.

    Args:
        evaluation: of the run; some pixel of it is scored.
        kept: `Robustness.kept_shares` of the same split, once measured.
        left_out: of a network like it, on films that it was not trained on, once measured.
        other_data: its evaluations on other data.
    """
    recipe = from_dict(run.manifest.recipe)
    scores = evaluation.scores
    class_iou = {name: iou for name, iou in scores.class_iou.items() if iou is not None}
    minutes = training_seconds(run) / 60
    per_epoch = recipe.steps_per_epoch or "one pass of"
    size = recipe.crop or run.manifest.data.size
    seen = f"{size[1]}x{size[0]}" if size else "images as they are"
    rows = "\n".join(f"| {name} | {iou:.3f} |" for name, iou in class_iou.items())
    # The note that its trainer adds in run.json, where the recipe does not say all.
    note = "" if run.manifest.note is None else f"{run.manifest.note}\n"
    return f"""# {run.name}

A {run.model} of {run.parameters / 1e6:.1f} million parameters, recipe `{run.recipe}`.

## Data
Trained on the train split of {_data(run)}. {_origin(run)}{_teaching(run)}
No other data{"" if pretraining(run) or run.is_taught else " and no other weights"} were used.

## Training
{run.epochs} epochs of {per_epoch} batches of {recipe.batch_size}, {seen},
seed {run.seed}, on {run.manifest.device} in {minutes:.0f} minutes. Best epoch {run.best_epoch}.
{note}All parameters are in `run.json`, every epoch in `history.csv`.

## Figures
{evaluation.split} split, {evaluation.images} images at {evaluation.resolution}, policy
`{evaluation.policy}`, one scale, no test-time augmentation:

| | |
|---|---|
| mean IoU | {scores.mean_iou:.4f} |
| pixel accuracy | {scores.pixel_accuracy:.4f} |
| mean boundary IoU ({evaluation.boundary_width} px) | {scores.mean_boundary_iou:.4f} |
| expected calibration error | {scores.ece:.4f} |

| class | IoU |
|---|---|
{rows}
{_on_other_data(other_data)}
## Where it fails
{_failures(class_iou, evaluation.matrix, run.label_space)}
Images unlike its training data (another camera, night, rain, another country) are labelled worse
than these figures say.{_on_left_out_films(left_out)}{_under_corruptions(kept or {})}
Not for driving or any other use where an error does harm.

## Licence
{_licence(run)}
"""


def _origin_of_data(run: Run) -> str:
    known = known_data(identity_of(run))
    return known.origin if known is not None else f"a data set of its owner's, {_folder(run.spec)}"


def _folder(spec: str) -> str:
    layout, _, folder = spec.partition(":")
    return f"`{PurePath(folder).name}` in the layout of {layout}" if folder else f"`{layout}`"


def _licence(run: Run) -> str:
    """That of all the data behind the weights, also of earlier trainings and of teachers."""
    earlier = [*earlier_trainings(run), *run.manifest.teachers]
    data = [known_data(identity_of(run)), *_joined(run), *map(_known_stage, earlier)]
    licences = [OTHER_LICENCE if known is None else known.licence for known in data]
    free = known_data(STREETS)
    bound = [licence for licence in licences if free is None or licence != free.licence]
    return " ".join(dict.fromkeys(bound or licences))


def _known_stage(stage: Ancestor) -> KnownData | None:
    """The data of an earlier training; before digests were recorded, those of its layout."""
    identity = stage_identity(stage)
    return known_data(identity) if stage.data is not None else known_layout(stage.dataset)


def _data(run: Run) -> str:
    """The data sets in words, and the films that were left out of them."""
    joined = (OTHER_DATA if known is None else known.origin for known in _joined(run))
    words = ", and of ".join([_origin_of_data(run), *joined])
    return f"{words}, without {', '.join(run.left_out)}" if run.left_out else words


def _joined(run: Run) -> list[KnownData | None]:
    """What it was trained on beside its own data, as far as that is known by its spec."""
    return [known_data(str(entry.spec)) for entry in run.joined]


def _origin(run: Run) -> str:
    """Where the weights came from: a sentence, and a table of the trainings before this one."""
    stages = earlier_trainings(run)
    first = pretraining(run) or "random weights"
    if not stages:
        return f"It began with {first}."
    rows = "\n".join(
        f"| `{stage.run}` | {_stage_data(stage)} | `{stage.recipe_name}` "
        f"| {stage.epochs} | {stage.seconds / 60:.0f} |"
        for stage in reversed(stages)
    )
    return (
        "It began with the best weights of the last of these trainings, each with those of the one "
        "before it, the first with "
        f"{first}:\n\n"
        f"| run | data | recipe | epochs | minutes |\n|---|---|---|---|---|\n{rows}\n"
    )


def _teaching(run: Run) -> str:
    said = teaching(run)
    return f"\n{said}" if said else ""


def _stage_data(stage: Ancestor) -> str:
    known = _known_stage(stage)
    if known is None and stage.data is not None:
        return _folder(stage.data.spec)
    return str(stage.dataset)


def _on_other_data(evaluations: Sequence[Evaluation]) -> str:
    lines = [
        f"On {_title(one)}, {one.split} split, {one.images} images at {one.resolution}, policy "
        f"`{one.policy}`: mean IoU {one.scores.mean_iou:.4f}."
        for one in evaluations
        if one.scores.mean_iou is not None
    ]
    return "".join(f"\n{line}\n" for line in lines)


def _title(evaluation: Evaluation) -> str:
    known = known_data(evaluation.spec) or known_data(evaluation.identity.data_sha256)
    return f"`{evaluation.identity.dataset}`" if known is None else known.title


def _on_left_out_films(score: LeftOutScore | None) -> str:
    if score is None:
        return ""
    return f" {expected_elsewhere('A network like it', score)} ({conditions(score)})."


def _under_corruptions(shares: Mapping[str, float | None]) -> str:
    kept = {name: share for name, share in shares.items() if share is not None}
    if not kept:
        return ""
    worst_first = ", ".join(
        f"{name} {share:.0%}" for name, share in sorted(kept.items(), key=lambda item: item[1])
    )
    return (
        " On copies of the split with rendered weather, light and camera faults (mean of five "
        f"severities) it keeps of its mean IoU: {worst_first}."
    )


def _failures(scores: dict[str, float], matrix: np.ndarray, space: LabelSpace) -> str:
    weakest = sorted(scores.items(), key=lambda item: item[1])[:WEAKEST]
    names = ", ".join(f"{name} ({iou:.2f})" for name, iou in weakest)
    lines = [
        f"- {share:.0%} of {space.names[truth]} is taken for {space.names[predicted]}."
        for truth, predicted, share in findings.confused_pairs(matrix, CONFUSED, by_share=True)
    ]
    return "\n".join([f"Weakest classes by IoU: {names}.", *lines, ""])
