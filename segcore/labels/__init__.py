"""Labels: Cityscapes' table, data sets whose classes merge several of its labels, and regions."""

from segcore.labels.cityscapes import (
    CATEGORIES,
    EVALUATED_IDS,
    IDS,
    IGNORED_IDS,
    LABELS,
    NAMES,
    NO_LABEL,
    NUM_CLASSES,
    SAFE_COLORS,
    Label,
    colorize,
    palette,
)

__all__ = [
    "CATEGORIES",
    "EVALUATED_IDS",
    "IDS",
    "IGNORED_IDS",
    "LABELS",
    "NAMES",
    "NO_LABEL",
    "NUM_CLASSES",
    "SAFE_COLORS",
    "Label",
    "colorize",
    "palette",
]
