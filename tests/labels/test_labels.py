"""The colours of masks."""

import numpy as np
import pytest

from segcore.labels import CITYSCAPES

# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
SIGHT = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)


def closest_pair(colors: list[tuple[int, ...]], sight: np.ndarray) -> float:
    """Smallest CIELAB distance between two of the colours as that sight sees them."""
    rgb = np.array(colors) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = np.clip(linear @ sight.T, 0, 1) @ TO_XYZ.T / (0.95047, 1, 1.08883)
    root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = root.T
    lab = np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)
    distances = np.linalg.norm(lab[:, None] - lab[None], axis=-1)
    return float(distances[~np.eye(len(lab), dtype=bool)].min())


@pytest.mark.parametrize("sight", SIGHT)
def test_the_safe_colours_are_told_apart_by_every_sight(sight: str) -> None:
    safe = [CITYSCAPES.by_id[i].safe_color for i in CITYSCAPES.evaluated_ids]
    assert closest_pair(safe, SIGHT[sight]) > 20
    assert (
        closest_pair([CITYSCAPES.labels[i].color for i in CITYSCAPES.evaluated_ids], SIGHT[sight])
        < 16
    )


def test_every_label_that_is_drawn_has_a_safe_colour() -> None:
    assert all(label.safe_color for label in CITYSCAPES.labels if any(label.color))
