"""Pictures with label masks over them, side by side.

The mask is a layer of its own over the photograph: a palette PNG, so that its colours are exact at
any opacity, drawn without smoothing.
"""

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import streamlit as st
from PIL import Image

from segcore import agreement
from segcore.colors import RUN_A, RUN_B, TRUTH
from segcore.images import resize_image, resize_labels
from segcore.labels import LABELS, palette

Side = Literal["photo", "truth", "a", "b", "map"]

NEUTRAL = "rgb(128 128 128 / 35%)"

ACCENTS: dict[Side, str] = {
    "photo": NEUTRAL,
    "truth": TRUTH,
    "a": RUN_A,
    "b": RUN_B,
    "map": NEUTRAL,
}
SHOWN_PIXELS = 1_200_000
"""Larger pictures are shown smaller; what is downloaded keeps its size."""

SMALLEST_SHARE = 0.0005
"""Labels below this share of a picture are not worth a line in its legend."""

OUTCOME_NAMES = ("both right", "only A right", "only B right", "both wrong")
OUTCOME_COLORS = ("#2c9c6a", RUN_A, RUN_B, "#c2304f")
DIFFERENT_COLOR = "#e5007d"

Meaning = tuple[tuple[str, str | None], ...]
"""What the values 0, 1, ... of a map mean, and their colours; None is clear."""

OUTCOMES: Meaning = (*zip(OUTCOME_NAMES, OUTCOME_COLORS, strict=True), ("not scored", None))
DIFFERENCES: Meaning = (("different labels", DIFFERENT_COLOR), ("the same label", None))


@dataclass(frozen=True)
class Layer:
    """What lies over the photograph: ids (H, W) uint8 and their colours, (256, 4) uint8 RGBA."""

    ids: np.ndarray
    colors: np.ndarray


@dataclass(frozen=True)
class Panel:
    """One picture of a row.

    Attributes:
        side: whose it is; gives the panel its colour.
        title: its heading.
        layer: what lies over the photograph; None shows the photograph alone.
        note: a few words at the right of the heading.
        pending: what the panel waits for, shown over the photograph.
    """

    side: Side
    title: str
    layer: Layer | None = None
    note: str = ""
    pending: str = ""


def show_panels(image: np.ndarray, panels: Sequence[Panel], opacity: float = 1.0) -> None:
    """Shows the photograph (H, W, 3) uint8 once per panel with its layer over it.

    Two panels stand side by side where there is room, on a phone they stack.

    Args:
        opacity: of the layers, from 0 to 1.
    """
    size = shown_size(*image.shape[:2])
    photo = data_url(jpeg(resize_image(image, size)), "jpeg")
    figures = "".join(_figure(panel, size, opacity) for panel in panels)
    st.html(_css())
    st.html(f"<div class='seg-panels' style='--photo: url({photo})'>{figures}</div>")


def show_legend(entries: Sequence[tuple[str, str, str]]) -> None:
    """Shows colours with their names: entries of (CSS colour, name, note)."""
    items = "".join(
        f"<li><i style='background: {color}'></i>{html.escape(name)}"
        f"<span>{html.escape(note)}</span></li>"
        for color, name, note in entries
    )
    st.html(_css())
    st.html(f"<ul class='seg-legend'>{items}</ul>")


def label_layer(mask: np.ndarray) -> Layer:
    """A mask of label ids in Cityscapes' colours; void and unlabelled pixels stay clear."""
    colors = np.zeros((256, 4), np.uint8)
    colors[:, :3] = palette()
    colors[:, 3] = np.where(colors[:, :3].any(axis=1), 255, 0)
    return Layer(mask, colors)


def outcome_legend(outcomes: np.ndarray) -> list[tuple[str, str, float]]:
    """(colour, name, share of the scored pixels) of each outcome."""
    shares = agreement.outcome_shares(outcomes)
    return list(zip(OUTCOME_COLORS, OUTCOME_NAMES, shares.tolist(), strict=True))


def shown_labels(masks: Sequence[np.ndarray]) -> list[int]:
    """Ids of the labels worth a line in a legend, the largest first; none without a colour."""
    largest = np.max([agreement.label_shares(mask) for mask in masks], axis=0)
    ids = [int(id_) for id_ in np.argsort(-largest) if largest[id_] >= SMALLEST_SHARE]
    return [id_ for id_ in ids if any(LABELS[id_].color)]


@cache
def swatch(label_id: int) -> str:
    """A small square in the label's colour, as an image address for tables."""
    pixels = np.full((16, 16, 3), LABELS[label_id].color, np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return data_url(buffer.getvalue(), "png")


def shown_size(height: int, width: int) -> tuple[int, int]:
    """The size at which a picture of (height, width) is sent to the browser."""
    scale = min(1.0, (SHOWN_PIXELS / (height * width)) ** 0.5)
    return max(1, round(height * scale)), max(1, round(width * scale))


def _figure(panel: Panel, size: tuple[int, int], opacity: float) -> str:
    title = html.escape(panel.title)
    over = f"<p>{html.escape(panel.pending)}</p>" if panel.pending else ""
    if panel.layer is not None:
        mask = data_url(_layer_png(panel.layer, size), "png")
        over = f"<img src='{mask}' alt='' style='opacity: {opacity:.2f}'>"
    return (
        f"<figure data-panel='{panel.side}' style='--accent: {ACCENTS[panel.side]}'>"
        f"<figcaption><b>{title}</b><span>{html.escape(panel.note)}</span></figcaption>"
        f"<div class='seg-picture' role='img' aria-label='{title}' "
        f"style='aspect-ratio: {size[1]} / {size[0]}'>{over}</div></figure>"
    )


def _layer_png(layer: Layer, size: tuple[int, int]) -> bytes:
    picture = Image.fromarray(resize_labels(layer.ids, size))
    picture.putpalette(layer.colors[:, :3].tobytes())
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", transparency=layer.colors[:, 3].tobytes())
    return buffer.getvalue()


def jpeg(image: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def data_url(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def _css() -> Path:
    return Path(__file__).with_name("viewer.css")
