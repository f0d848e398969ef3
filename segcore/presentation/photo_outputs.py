"""What a visitor takes home of a photo: images, numbers, and a ZIP of many.

Everything is made again from pixels, so that nothing that was hidden in the photo (its name, EXIF,
place, text) can come along.
"""

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from segcore.evaluation.outcomes import disagreement, label_shares
from segcore.images import Photo, encode_png, overlay, resize_image, resize_labels
from segcore.labels import LabelSpace
from segcore.prediction.inference import Prediction
from segcore.presentation.sides import Side

OPACITY = 0.6
PANEL_PIXELS = 1_500_000
"""Most pixels of each half of a side-by-side image."""

MAX_BUNDLE_BYTES = 128 << 20
"""After which a ZIP of many photos takes no more."""

BAR = 0.06
"""Height of the bar with the names, as a share of a panel's shorter side."""

INK, PAPER = "#171c26", "#ffffff"


class Panel(NamedTuple):
    """What stands in a side-by-side image: a name, its colour as `#rrggbb`, a mask (H, W) of the
    ids of a label space."""

    name: str
    color: str
    labels: np.ndarray
    space: LabelSpace


@dataclass(frozen=True, eq=False)
class Labelled:
    """A photo as one run labels it.

    Attributes:
        policy: at which resolution and in how many views, in words.
    """

    side: Side
    policy: str
    prediction: Prediction

    @property
    def slug(self) -> str:
        """Begins the names of its files."""
        return f"{self.side.letter.lower()}-{self.side.run.model}"

    @property
    def labels(self) -> np.ndarray:
        return self.prediction.labels

    @property
    def space(self) -> LabelSpace:
        """What the ids of `labels` mean."""
        return self.side.run.label_space

    @property
    def panel(self) -> Panel:
        return Panel(self.side.name, self.side.color, self.labels, self.space)


def ids_png(side: Labelled) -> bytes:
    """The label ids at the photo's size."""
    return encode_png(side.labels)


def color_png(side: Labelled) -> bytes:
    """The labels in their colours at the photo's size."""
    return encode_png(side.space.colorize(side.labels))


def overlay_jpeg(image: np.ndarray, side: Labelled) -> bytes:
    """The colours over the photo (H, W, 3), at its size."""
    return encode_jpeg(overlay(image, side.labels, OPACITY, side.space))


def side_by_side_jpeg(image: np.ndarray, sides: Sequence[Labelled]) -> bytes:
    return encode_jpeg(side_by_side(image, [side.panel for side in sides]))


def side_by_side(image: np.ndarray, panels: Sequence[Panel]) -> np.ndarray:
    """Overlays over an image (H, W, 3) in a row, each under a bar of its colour with its name.

    Returns:
        (h, w, 3) uint8, both sides even, of `PANEL_PIXELS` a panel at most.
    """
    size = _panel_size(*image.shape[:2])
    small = resize_image(image, size)
    height, width = size
    bar = max(24, round(min(size) * BAR / 2) * 2)
    sheet = Image.new("RGB", (width * len(panels), height + bar), PAPER)
    draw = ImageDraw.Draw(sheet)
    for index, (name, color, mask, space) in enumerate(panels):
        left = index * width
        blended = overlay(small, resize_labels(mask, size), OPACITY, space)
        sheet.paste(Image.fromarray(blended), (left, bar))
        draw.rectangle((left, 0, left + width - 1, bar // 8), fill=color)
        font = _font(name, width - bar, bar * 0.55)
        draw.text((left + bar // 3, bar * 0.56), name, fill=INK, font=font, anchor="lm")
    return np.asarray(sheet)


def summary(photo: Photo, sides: Sequence[Labelled]) -> dict[str, Any]:
    """What was found, by which run or two and how, as numbers: for JSON."""
    height, width = photo.image.shape[:2]
    masks = [side.labels for side in sides]
    differing = {"different_share": round(disagreement(*masks), 6)} if len(masks) == 2 else {}
    return {
        "photo": {"width": width, "height": height, "notes": list(photo.notes)},
        **differing,
        "models": [summary_of(side) for side in sides],
    }


def summary_json(photo: Photo, sides: Sequence[Labelled]) -> bytes:
    return (json.dumps(summary(photo, sides), indent=2) + "\n").encode()


class Bundle:
    """A ZIP file of many photos' results, grown in memory photo by photo."""

    def __init__(self) -> None:
        self._buffer = io.BytesIO()
        self._archive = zipfile.ZipFile(self._buffer, "w", zipfile.ZIP_STORED)
        self._summaries: list[dict[str, Any]] = []

    @property
    def is_full(self) -> bool:
        return self._buffer.tell() >= MAX_BUNDLE_BYTES

    def add(self, number: int, photo: Photo, sides: Sequence[Labelled]) -> None:
        """Adds the files of a photo, known by its number alone."""
        folder = f"photo-{number:03}"
        for side in sides:
            start = f"{folder}/{side.slug}"
            self._archive.writestr(f"{start}_labelIds.png", ids_png(side))
            self._archive.writestr(f"{start}_color.png", color_png(side))
            self._archive.writestr(f"{start}_overlay.jpg", overlay_jpeg(photo.image, side))
        if len(sides) > 1:
            together = side_by_side_jpeg(photo.image, sides)
            self._archive.writestr(f"{folder}/side_by_side.jpg", together)
        self._summaries.append({"number": number, **summary(photo, sides)})

    def finish(self) -> bytes:
        """The whole file, with one `summary.json` of all; nothing can be added afterwards."""
        self._archive.writestr("summary.json", json.dumps({"photos": self._summaries}, indent=2))
        self._archive.close()
        return self._buffer.getvalue()


def encode_jpeg(image: np.ndarray) -> bytes:
    """JPEG of (H, W, 3) uint8."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def summary_of(side: Labelled) -> dict[str, Any]:
    """What one run found, and how."""
    shares, names = label_shares(side.labels), side.space.names
    present = sorted(np.flatnonzero(shares), key=lambda label: -shares[label])
    return {
        "model": side.side.run.model,
        "run": side.side.run.name,
        "weights_sha256": side.side.run.weights_hash,
        "policy": side.policy,
        "seconds": round(side.prediction.timings.total_ms / 1000, 3),
        "class_shares": {names[label]: round(float(shares[label]), 6) for label in present},
    }


def _panel_size(height: int, width: int) -> tuple[int, int]:
    """At most `PANEL_PIXELS`, wide enough for a name, both sides even, as video codecs want."""
    scale = min(1.0, (PANEL_PIXELS / (height * width)) ** 0.5)
    even_height, even_width = (max(2, round(side * scale / 2) * 2) for side in (height, width))
    return even_height, even_width


def _font(text: str, width: float, size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font built into Pillow, small enough for the text to fit."""
    font = ImageFont.load_default(size)
    length = font.getlength(text)
    return font if length <= width else ImageFont.load_default(max(6.0, size * width / length))
