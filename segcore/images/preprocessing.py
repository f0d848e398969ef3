"""How an image becomes a network's input: the one definition, for training, scores and serving.

Preparation stores images at their `content_size`, whole images are trained on and validated
padded by `pad`, and what is predicted or exported goes through `apply`, which is both.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from segcore.images import resize_image
from segcore.images.resizing import Size

Mode = Literal["stretch", "fit"]

NARROWEST = 32
"""An image is scaled to no longer a side than one this narrow of the same area would have."""


@dataclass(frozen=True)
class Preprocessing:
    """How an image becomes the network's input, as run.json records it.

    `stretch` resizes to exactly `size`. `fit` keeps the proportions: scaled to about the area of
    `size`; an image of exactly `size` is not scaled. Either is then padded at the bottom and the
    right with the edge's own colours until both sides are multiples of `multiple`.
    """

    mode: Mode
    size: Size
    multiple: int

    def to_json(self) -> dict[str, Any]:
        """The entry in run.json."""
        return {"mode": self.mode, "size": list(self.size), "multiple": self.multiple}

    @property
    def input_size(self) -> Size | None:
        """The one size the network is fed, or None where it depends on the image."""
        return self.padded_size(*self.size) if self.mode == "stretch" else None

    def scaled(self, scale: float) -> "Preprocessing":
        """The same at another size; `stretch` stays as it is."""
        if self.mode == "stretch":
            return self
        height, width = (round(side * scale) for side in self.size)
        return replace(self, size=(height, width))

    def content_size(self, height: int, width: int) -> Size:
        """The size an image of (height, width) is scaled to, before padding."""
        if self.mode == "stretch":
            return self.size
        area = self.size[0] * self.size[1]
        scale = (area / (height * width)) ** 0.5
        # Padding must not blow up an extremely narrow image.
        longest = max(*self.size, area // NARROWEST)
        fitted_height, fitted_width = (
            min(max(1, round(side * scale)), longest) for side in (height, width)
        )
        return fitted_height, fitted_width

    def padded_size(self, height: int, width: int) -> Size:
        """What content of that size is padded to."""
        return height + -height % self.multiple, width + -width % self.multiple

    def canvas(self, sizes: Collection[Size]) -> Size | None:
        """What content of those sizes is put on to be one batch; None where nothing is added."""
        height, width = (max(sides) for sides in zip(*sizes, strict=True))
        padded = self.padded_size(height, width)
        return None if set(sizes) == {padded} else padded

    def pad(self, content: np.ndarray) -> np.ndarray:
        """(h, w, 3) -> (h', w', 3) of the `padded_size`; the content lies at the top left."""
        height, width = content.shape[:2]
        padded_height, padded_width = self.padded_size(height, width)
        edges = (0, padded_height - height), (0, padded_width - width), (0, 0)
        return np.pad(content, edges, mode="edge")

    def apply(self, image: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8 -> (h, w, 3) uint8; the image lies in its first `content_size`."""
        return self.pad(resize_image(image, self.content_size(*image.shape[:2])))
