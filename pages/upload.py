"""Your own street photo, labelled by both runs. It stays in memory, for this visit only."""

import numpy as np
import pandas as pd
import streamlit as st

from pages.shared import cache, guards, labelling, state, wording
from pages.shared.labelling import Names, Pair
from pages.shared.linked_viewer import Linked, show_linked
from pages.shared.viewer import DIFFERENCES, SMALLEST_SHARE, swatch
from segcore.agreement import label_shares
from segcore.colors import RUN_A, RUN_B
from segcore.errors import SegcoreError
from segcore.images import encode_png, overlay
from segcore.labels import NAMES, colorize
from segcore.runs import Run

TYPES = ["jpg", "jpeg", "png", "webp", "tif", "tiff", "bmp"]
EXAMPLE_KEY = "val-0007"


def choose_example() -> None:
    """Shows the example instead of the photo: an uploader with another key is an empty one."""
    st.session_state["example"] = True
    st.session_state["use_camera"] = False
    st.session_state["photo_turn"] = st.session_state.get("photo_turn", 0) + 1


def chosen_photo() -> np.ndarray | None:
    """The visitor's picture (H, W, 3) uint8, or None as long as there is none.

    Raises:
        ImageError: the file is no picture that can be used.
    """
    with st.container(border=True):
        file = st.file_uploader(
            "A street photo: JPEG, PNG, WebP, TIFF or BMP",
            type=TYPES,
            max_upload_size=25,
            key=f"photo-{st.session_state.get('photo_turn', 0)}",
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Try an example street", icon=":material/auto_awesome:", on_click=choose_example
            )
            camera = st.toggle("Use the camera", key="use_camera")
            st.caption("Your photo is not stored: it is in memory while you visit, then gone.")
        if camera:
            file = st.camera_input("Take a photo", label_visibility="collapsed") or file
    if file is not None:
        st.session_state["example"] = False
        return cache.decode_private(file.getvalue())
    if st.session_state.get("example"):
        return cache.sample("streets", state.SPLIT, EXAMPLE_KEY).image
    return None


def linked_panels(names: Names, pair: Pair) -> list[Linked]:
    photo = Linked("photo", "Your photo")
    predictions = labelling.linked_predictions(names, pair)
    return [*predictions, photo, labelling.difference_panel(pair)]


def share_table(pair: Pair) -> pd.DataFrame:
    """Share of the picture that each label has in both predictions, in per cent."""
    share_a, share_b = (label_shares(side.labels) for side in pair)
    largest = np.maximum(share_a, share_b)
    shown = [int(id_) for id_ in np.argsort(-largest) if largest[id_] >= SMALLEST_SHARE]
    return pd.DataFrame(
        {
            "color": [swatch(id_) for id_ in shown],
            "class": [NAMES[id_] for id_ in shown],
            "a": 100 * share_a[shown],
            "b": 100 * share_b[shown],
            "difference": 100 * (share_a - share_b)[shown],
        }
    )


def show_legend(names: Names, pair: Pair) -> None:
    table = share_table(pair)
    share = {
        "min_value": 0.0,
        "max_value": float(table[["a", "b"]].to_numpy().max()),
        "format": "%.1f %%",
        "help": "Share of the photo's pixels with this label.",
    }
    st.dataframe(
        table,
        hide_index=True,
        height="content",
        column_config={
            "color": st.column_config.ImageColumn("", width=36),
            "class": st.column_config.TextColumn("Class", width=110),
            "a": st.column_config.ProgressColumn(f"A · {names.a}", color=RUN_A, **share),
            "b": st.column_config.ProgressColumn(f"B · {names.b}", color=RUN_B, **share),
            "difference": st.column_config.NumberColumn("A − B", format="%+.1f %%", width=80),
        },
    )


def show_downloads(runs: tuple[Run, Run], names: Names, photo: np.ndarray, pair: Pair) -> None:
    for color, run, name, prediction in zip(
        ("blue", "orange"), runs, (names.a, names.b), pair, strict=True
    ):
        labels = prediction.labels
        files = (
            ("Label ids", "labelIds", lambda labels=labels: encode_png(labels)),
            ("Colours", "color", lambda labels=labels: encode_png(colorize(labels))),
            (
                "Overlay",
                "overlay",
                lambda labels=labels: encode_png(overlay(photo, labels, 0.6)),
            ),
        )
        st.markdown(f":{color}[●] **{name}** in {wording.timing(prediction)}")
        with st.container(horizontal=True):
            for label, suffix, data in files:
                st.download_button(
                    label,
                    data,
                    file_name=f"{run.model}_{suffix}.png",
                    mime="image/png",
                    key=f"download-{color}-{suffix}",
                    icon=":material/download:",
                    on_click="ignore",
                )


def main() -> None:
    selection = state.selection()
    runs = guards.require_runs(selection)
    names = Names.of(*runs)
    heading = st.empty()
    heading.title(f"See your own street as {names.a} and {names.b} see it", anchor=False)
    photo = chosen_photo()
    if photo is None:
        return
    pair = labelling.predict_before_eyes(runs, names, photo, private=True)
    if pair is None:
        return
    labels = pair[0].labels, pair[1].labels
    heading.title(wording.difference_on_picture(names.a, names.b, *labels), anchor=False)
    show_linked("upload", photo, linked_panels(names, pair), DIFFERENCES)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        show_legend(names, pair)
    with right:
        show_downloads(runs, names, photo, pair)


try:
    main()
except SegcoreError as error:
    st.error(str(error))
