"""What a network scores on films that it was not trained on.

A network that is served has seen every film of its data. Another one tells for it: the same model,
trained on the same data but for some films (`train --leave-out`), and scored on those. A shipped
run keeps that score in its folder, since the other run is not shipped.
"""

from dataclasses import dataclass
from typing import Annotated

import msgspec

from segcore.errors import UnreadableError
from segcore.evaluation.result import Evaluation, stored_evaluation
from segcore.evaluation.robustness import robustness_of
from segcore.evaluation.scores import number
from segcore.files.reading import Amount, Count, Plain, read_json
from segcore.files.writing import to_json, write_atomically
from segcore.labels.metrics import mean_iou
from segcore.runs import Run, identity_of, list_runs
from segcore.runs.data import recorded_digests, val_digest
from segcore.runs.lineage import earlier_trainings, pretraining, training_seconds

LEFT_OUT = "left-out.json"

COMPARABLE = 0.1
"""Mean IoU on the validation split by which the other network may be behind: one that is further
behind was trained for too short to say what to expect of this one."""

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class LeftOutScore(msgspec.Struct, frozen=True):
    """Scores of a run that was not trained on some films.

    Attributes:
        run: its name.
        films: those that it was not trained on.
        images: how many they have.
        mean_iou: on them.
        mean_iou_val: on the validation split, on which its epoch was chosen.
        seconds: that it was trained for.
        policy, resolution: of both scores.
    """

    run: Plain
    films: list[Plain]
    images: Count
    mean_iou: Share
    mean_iou_val: Share
    seconds: Amount
    policy: Plain
    resolution: Plain


@dataclass(frozen=True)
class Generalization:
    """Mean IoU of a run in the place where its epoch was chosen, and elsewhere; None if unknown.

    Attributes:
        val: on the validation split of its own data.
        corrupted: the mean over all corruptions of that split.
        left_out: of a network like it, on films that it was not trained on.
    """

    val: float | None
    corrupted: float | None
    left_out: LeftOutScore | None

    @property
    def expected(self) -> LeftOutScore | None:
        """What to expect of the run itself on streets that it has not seen, where that is known."""
        if self.val is None or self.left_out is None:
            return None
        return self.left_out if self.left_out.mean_iou_val > self.val - COMPARABLE else None


def generalization_of(run: Run) -> Generalization:
    """What is stored of the run. Needs neither the data nor Keras."""
    val = _scored(run, val_digest(identity_of(run)), "val")
    measured = None if val is None else robustness_of(run, val)
    return Generalization(
        val=None if val is None else number(mean_iou(val.matrix)),
        corrupted=measured.mean_iou_corrupted() if measured and measured.is_complete else None,
        left_out=left_out_score(run),
    )


def left_out_score(run: Run) -> LeftOutScore | None:
    """What is known of the network on films it was not trained on; None where nothing is.

    Of the run itself where it left films out, else of the newest run like it that did, else what
    its folder holds.
    """
    for other in [run, *(other for other in list_runs() if is_like(other, run))]:
        found = _score_of(other)
        if found is not None:
            return found
    try:
        return read_json(run.path / LEFT_OUT, LeftOutScore)
    except UnreadableError:
        return None


def keep_left_out_score(run: Run) -> None:
    """Writes what is known into the run's folder. Raises StorageError."""
    found = left_out_score(run)
    if found is not None:
        write_atomically(run.path / LEFT_OUT, to_json(msgspec.structs.asdict(found)))


def is_like(other: Run, run: Run) -> bool:
    """Whether it is the same network, trained on the same data but for some films.

    Its weights must come from no earlier training, and it must have had no teacher: either may
    have seen those films.
    """
    return (
        bool(other.left_out)
        and not earlier_trainings(other)
        and not other.is_taught
        and _network(other) == _network(run)
        and len(other.joined) == len(run.joined)
        and identity_of(other) == identity_of(run)
    )


def _network(run: Run) -> tuple[object, ...]:
    return run.model, run.manifest.model_options, pretraining(run)


def _score_of(run: Run) -> LeftOutScore | None:
    """The left-out score of a run by its own evaluations; None where it left nothing out or is not
    scored yet."""
    if not run.left_out or earlier_trainings(run) or run.is_taught:
        return None
    digests = recorded_digests(run)
    val, train = (_scored(run, digests.get(split), split) for split in ("val", "train"))
    if val is None or train is None:
        return None
    away = train.of_sequences(run.left_out)
    home_iou, away_iou = number(mean_iou(val.matrix)), number(mean_iou(away.matrix))
    if home_iou is None or away_iou is None:
        return None
    return LeftOutScore(
        run=Plain(run.name),
        films=[Plain(film) for film in run.left_out],
        images=len(away.keys),
        mean_iou=away_iou,
        mean_iou_val=home_iou,
        seconds=training_seconds(run),
        policy=Plain(away.identity.policy),
        resolution=Plain(away.resolution),
    )


def _scored(run: Run, digest: str | None, split: str) -> Evaluation | None:
    found = None if digest is None else stored_evaluation(run, digest, split)
    return found if found and found.identity.weights_sha256 == run.weights_hash else None
