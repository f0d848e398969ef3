"""Admin, runs: take in masks that another program predicted, or a network as an ONNX file."""

from functools import partial

import streamlit as st

from segcore.jobs import elsewhere
from segcore.jobs.admission import Admission
from studio import choices
from studio.admin import actions


def show() -> None:
    """Two forms; what they name lies on the server."""
    with st.expander("Add a model from elsewhere"):
        masks, network = st.columns(2, gap="medium")
        with masks:
            _ask_masks()
        with network:
            _ask_network()


def _ask_masks() -> None:
    sets = {one.name: one.spec for one in choices.data_sets().values() if one.problem is None}
    with st.form("add masks"):
        st.markdown("**Masks of the validation images**")
        folder = st.text_input(
            "Folder of masks on the server",
            help="A PNG of ids for each validation image, named as the image.",
        )
        data = st.selectbox("Data set", list(sets), key="masks of")
        name = st.text_input("Name of the model", placeholder="SegFormer")
        asked = st.form_submit_button("Add masks", icon=":material/add_photo_alternate:")
    if asked and folder and data:
        actions.act(partial(_add_masks, folder, sets[data], name), f"{name} is added")


def _add_masks(folder: str, spec: str, name: str, admission: Admission) -> None:
    with st.spinner("Reading every image and its mask…"):
        elsewhere.add_masks(folder, spec, choices.SPLIT, name, admission)


def _ask_network() -> None:
    with st.form("add network"):
        st.markdown("**A network as an ONNX file**")
        path = st.text_input("ONNX file on the server", help="One file, weights and all.")
        classes = st.text_input(
            "Classes",
            "cityscapes",
            help="`cityscapes`, or a `classes.json` on the server, in the order of its channels.",
        )
        with st.container(horizontal=True):
            height = st.number_input("Height", 8, 4096, 512, key="network height")
            width = st.number_input("Width", 8, 4096, 1024, key="network width")
        mean = st.text_input("Mean", "0 0 0", help="Of red, green and blue, from 0 to 255.")
        std = st.text_input("Standard deviation", "1 1 1")
        asked = st.form_submit_button("Add network", icon=":material/add:")
    if asked and path:
        actions.act(
            partial(_add_network, path, classes, (height, width), mean, std), "The network is added"
        )


def _add_network(
    path: str, classes: str, size: tuple[int, int], mean: str, std: str, admission: Admission
) -> None:
    with st.spinner("Trying it on a picture…"):
        elsewhere.add_onnx(path, classes, size, _numbers(mean), _numbers(std), admission)


def _numbers(text: str) -> list[float]:
    """Those of a text; none where it holds anything else, which is then refused."""
    try:
        return [float(part) for part in text.replace(",", " ").split()]
    except ValueError:
        return []
