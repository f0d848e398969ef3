"""Label spaces, data sets whose classes merge several labels, and regions."""

from segcore.labels.cityscapes import CITYSCAPES, IDS
from segcore.labels.space import NO_LABEL, Label, LabelSpace

__all__ = ["CITYSCAPES", "IDS", "NO_LABEL", "Label", "LabelSpace"]
