"""What the ids of masks mean, and how masks are counted: label spaces, merges, regions, metrics."""

from segcore.labels.cityscapes import CITYSCAPES, IDS
from segcore.labels.class_map import ClassMap
from segcore.labels.space import NO_LABEL, Label, LabelSpace

__all__ = ["CITYSCAPES", "IDS", "NO_LABEL", "ClassMap", "Label", "LabelSpace"]
