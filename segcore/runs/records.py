"""The small JSON files of a run beside its manifest, as typed objects."""

from typing import Annotated

import msgspec

from segcore.files.reading import Amount, Count, Number, Positive, Share, Spec, Word

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class SnapshotIndex(msgspec.Struct, frozen=True):
    """The images of snapshots/, one above another in each file, all of one size."""

    keys: Annotated[list[Key], msgspec.Meta(min_length=1, max_length=64)]
    height: Annotated[int, msgspec.Meta(ge=1, le=4096)]
    width: Annotated[int, msgspec.Meta(ge=1, le=4096)]


class StoredReport(msgspec.Struct, frozen=True):
    """What is read of the report of an evaluation or of robustness; the rest is for people."""

    data_sha256: Word
    data: Spec = Spec()
    images: Count = 0
    mean_iou: Share | None = None


class TrainingProgress(msgspec.Struct, frozen=True):
    """Where the running epoch is; `steps` of it in all, `seconds_left` of the training."""

    epoch: Positive
    epochs: Positive
    step: Count
    steps: Count
    loss: Number | None = None
    seconds_left: Amount | None = None
