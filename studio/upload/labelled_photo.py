"""A photo labelled by the chosen runs: made once, then shown again without its pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from segcore.images import Photo
from segcore.presentation import findings
from segcore.presentation.sides import Side, names_of
from studio import cache, wording
from studio.upload.photo_results import Packed, labelled, share_table
from studio.upload.photos import Shown
from studio.viewer import Panel, difference_panels, payload
from studio.widgets import side_by_side
from studio.widgets.side_by_side import Predictions, Quality

LABELLED = "labelled photo"
"""Name of those among what a visit keeps."""


@dataclass(frozen=True)
class LabelledPhoto:
    """What the page shows of a labelled photo: a few megabytes, however large the photo is.

    Attributes:
        finding: what is in it, or what two runs differ on, in a sentence.
        warning: that they are too unsure of it; None where they are not.
        viewer: what the viewer is sent.
        facts: size and notes, in Markdown.
        shares: of each label.
        sides: the labels of each run.
        quick_ms, detailed_seconds: how long labelling takes in either quality, about.
    """

    finding: str
    warning: str | None
    viewer: dict[str, Any]
    facts: str
    shares: pd.DataFrame
    sides: Sequence[Packed]
    quick_ms: float
    detailed_seconds: float


def label_photo(sides: Sequence[Side], shown: Shown, quality: Quality) -> LabelledPhoto | None:
    """The photo as the runs label it, or None with the reason on the page.

    Raises ImageError, BusyError.
    """
    runs = " ".join(f"{side.name} {side.run.name} {side.run.network_hash}" for side in sides)
    key = f"{shown.key} {runs} {quality}"
    known: LabelledPhoto | None = cache.kept(LABELLED, key)
    if known is not None:
        return known
    if quality.in_tiles:  # waits for its turn, without the pixels
        found = side_by_side.predict_in_tiles(sides, shown.key, lambda: shown.read().image, quality)
        if found is None:
            return None
    with shown.turn():
        photo = shown.read()
        if not quality.in_tiles:
            found = side_by_side.predict_before_eyes(sides, photo.image, private=True)
        if found is None:
            return None
        made = _made(sides, shown.title, photo, found, quality)
    return cache.keep(LABELLED, key, lambda: made, most=4)


def _made(
    sides: Sequence[Side], title: str, photo: Photo, found: Predictions, quality: Quality
) -> LabelledPhoto:
    common, space = side_by_side.in_common_classes(sides, found)
    masks = [one.labels for one in common]
    panels = [
        *side_by_side.prediction_panels(sides, common),
        Panel("photo", title),
        *difference_panels(masks),
    ]
    height, width = photo.image.shape[:2]
    return LabelledPhoto(
        finding=wording.labels_of_picture(names_of(sides), masks, space),
        warning=findings.unsure_of_photo(
            [
                (side.name, float(np.mean(one.confidence)))
                for side, one in zip(sides, found, strict=True)
            ]
        ),
        viewer=payload("upload", photo.image, panels, space),
        facts=" · ".join([f"{width}x{height} pixels", *map(wording.plain, photo.notes)]),
        shares=share_table(sides, common, space),
        sides=[Packed(side) for side in labelled(sides, found, quality)],
        quick_ms=sum(prediction.timings.total_ms for prediction in found),
        detailed_seconds=sum(
            side_by_side.tiled_seconds(side.run, prediction)
            for side, prediction in zip(sides, found, strict=True)
        ),
    )
