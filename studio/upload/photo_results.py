"""What a labelled photo comes to: shares of each class, and what can be taken home."""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from segcore.errors import BusyError, ImageError
from segcore.evaluation.outcomes import label_shares
from segcore.images import Photo
from segcore.images.decoder import Decoder
from segcore.labels import LabelSpace
from segcore.prediction.inference import without_scores
from segcore.presentation import photo_outputs
from segcore.presentation.photo_outputs import Bundle, Labelled
from segcore.presentation.sides import Side, runs_of
from segcore.system.progress import Progress
from studio import cache, wording
from studio.encoding import swatch
from studio.upload import photos, side_work
from studio.upload.photos import Opened
from studio.viewer import SMALLEST_SHARE
from studio.visits.memory import visit
from studio.visits.visitors import ALLOWANCE, visitor
from studio.widgets import side_by_side
from studio.widgets.side_by_side import QUICK, Predictions, Quality

BUNDLE = "bundle"
"""Name of the ZIP files among what a visit keeps."""

KINDS = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "json": "application/json",
    "zip": "application/zip",
}


class Packed:
    """A labelled photo as a download button holds it for as long as the page is open: small."""

    def __init__(self, side: Labelled) -> None:
        labels = side.labels
        self._shape = labels.shape
        self._packed = zlib.compress(np.ascontiguousarray(labels).data, 1)
        nothing = np.empty((0, 0), labels.dtype)
        without = replace(
            without_scores(side.prediction), labels=nothing, confidence=nothing, entropy=None
        )
        self._side = replace(side, prediction=without)

    @property
    def without_labels(self) -> Labelled:
        """Its name, its times and how it was labelled."""
        return self._side

    def unpacked(self) -> Labelled:
        """With labels, and without confidence."""
        labels = np.frombuffer(zlib.decompress(self._packed), np.uint8).reshape(self._shape)
        return replace(self._side, prediction=replace(self._side.prediction, labels=labels))


@dataclass(frozen=True)
class Made:
    """A ZIP file of results, and what its owner should know of it."""

    data: bytes
    notes: tuple[str, ...]


def labelled(sides: Sequence[Side], predictions: Predictions, quality: Quality) -> list[Labelled]:
    """Each side with all that its outputs say of it."""
    return [
        Labelled(side, side_by_side.policy(side.run, quality), prediction)
        for side, prediction in zip(sides, predictions, strict=True)
    ]


def show_shares(sides: Sequence[Side], table: pd.DataFrame) -> None:
    """Share of the photo that each label has, as bars of each run: a `share_table`."""
    letters = [side.letter.lower() for side in sides]
    share: dict[str, Any] = {
        "min_value": 0.0,
        "max_value": float(table[letters].to_numpy().max()),
        "format": "%.1f %%",
        "help": "Share of the photo's pixels with this label.",
        "width": 96,
    }
    st.dataframe(
        table,
        hide_index=True,
        height="content",
        column_config={
            "color": st.column_config.ImageColumn("", width=36),
            "class": st.column_config.TextColumn("Class", width=110),
            **{
                letter: st.column_config.ProgressColumn(side.title, color=side.color, **share)
                for side, letter in zip(sides, letters, strict=True)
            },
            "difference": st.column_config.NumberColumn("A − B", format="%+.1f %%", width=80),
        },
    )


def share_table(sides: Sequence[Side], predictions: Predictions, space: LabelSpace) -> pd.DataFrame:
    """Share of the image that each label has in each prediction, in per cent."""
    shares = {
        side.letter.lower(): label_shares(found.labels)
        for side, found in zip(sides, predictions, strict=True)
    }
    largest = np.max([*shares.values()], axis=0)
    shown = [int(id_) for id_ in np.argsort(-largest) if largest[id_] >= SMALLEST_SHARE]
    table = pd.DataFrame(
        {
            "color": [swatch(space.by_id[id_].color) for id_ in shown],
            "class": [space.names[id_] for id_ in shown],
            **{letter: 100 * share[shown] for letter, share in shares.items()},
        }
    )
    if len(shares) == 2:
        # As it is shown, and 0 added: Streamlit would write "-0.0 %".
        table["difference"] = (table["a"] - table["b"]).round(1) + 0.0
    return table


def show_downloads(again: Callable[[], Photo], sides: Sequence[Packed]) -> None:
    """Buttons for each file; a file is made when its button is pressed.

    Args:
        again: the photo, opened again; also where no visit is known.
    """

    def photo_and_sides() -> tuple[Photo, list[Labelled]]:
        return again(), [side.unpacked() for side in sides]

    def side_by_side_jpeg() -> bytes:
        photo, unpacked = photo_and_sides()
        return photo_outputs.side_by_side_jpeg(photo.image, unpacked)

    for side in sides:
        _offer_labels(side, again)
    if len(sides) == 2:
        st.markdown("**Both**")
    with st.container(horizontal=True):
        if len(sides) == 2:
            _download("Side by side", "side_by_side.jpg", side_by_side_jpeg)
        _download("Numbers", "summary.json", lambda: photo_outputs.summary_json(*photo_and_sides()))
    st.caption("None of these files carries the photo's name, place, date or other hidden data.")


def _offer_labels(kept: Packed, again: Callable[[], Photo]) -> None:
    """The buttons of one side."""
    labels = kept.without_labels
    side = labels.side
    st.markdown(f"{wording.dot(side)} **{side.name}** in {wording.timing(labels.prediction)}")
    with st.container(horizontal=True):
        _download(
            "Label ids",
            f"{labels.slug}_labelIds.png",
            lambda: photo_outputs.ids_png(kept.unpacked()),
        )
        _download(
            "Colours",
            f"{labels.slug}_color.png",
            lambda: photo_outputs.color_png(kept.unpacked()),
        )
        _download(
            "Overlay",
            f"{labels.slug}_overlay.jpg",
            lambda: photo_outputs.overlay_jpeg(again().image, kept.unpacked()),
        )


def _download(label: str, file_name: str, data: bytes | Callable[[], bytes]) -> None:
    st.download_button(
        label,
        data,
        file_name=file_name,
        mime=KINDS[file_name.rpartition(".")[2]],
        key=f"download-{file_name}",
        icon=":material/download:",
        on_click="ignore",
    )


def offer_bundle(sides: Sequence[Side], opened: Sequence[Opened]) -> None:
    """All photos labelled by each run, as one ZIP file; made when it is asked for."""
    key = " ".join(
        [*(run.network_hash for run in runs_of(sides)), *(one.file.key for one in opened)]
    )
    made = side_work.made(BUNDLE, key)
    with st.container(horizontal=True, vertical_alignment="center"):
        asked = st.button(
            f"Label all {len(opened)} photos",
            icon=":material/stacks:",
            disabled=made is not None,
            key="label-all",
            help="Each as a whole at the training resolution, even if Detailed is chosen.",
        )
        if isinstance(made, Made):
            _download("All results as a ZIP file", "photos.zip", made.data)
    if isinstance(made, Made):
        for note in made.notes:
            st.warning(note)
    elif not side_work.follow(BUNDLE, key) and asked:
        who, visit_ = visitor(), visit()
        side_work.start(
            BUNDLE,
            key,
            f"{len(opened)} photos",
            runs_of(sides),
            lambda progress: _bundle(sides, opened, who, visit_, progress),
        )


def _bundle(
    sides: Sequence[Side], opened: Sequence[Opened], who: str, visit_: str, progress: Progress
) -> Made:
    """Raises BusyError, RunError."""
    bundle, notes = Bundle(), list[str]()
    predictors = [cache.predictor(run) for run in runs_of(sides)]
    ALLOWANCE.spend(who, len(opened))
    with Decoder(who, ALLOWANCE) as decoder:
        for number, one in enumerate(opened, start=1):
            if bundle.is_full:
                notes.append(f"The ZIP file is full: it holds the first {number - 1} photos.")
                break
            try:
                photo = photos.decode(one.file, visit_, decoder)
            except (ImageError, BusyError) as error:  # once in a while; the others go on
                notes.append(f"{wording.file_name(one.file.name)}: {error}")
                continue
            found = [
                without_scores(cache.label(predictor, photo.image, asked_by=who))
                for predictor in predictors
            ]
            bundle.add(number, photo, labelled(sides, found, QUICK))
            progress(number, len(opened))
    return Made(bundle.finish(), tuple(notes))
