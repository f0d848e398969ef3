"""Two evaluations of the same images -> paired differences, verdict, tables."""

from segcore.evaluation.comparison.common_classes import in_common_classes
from segcore.evaluation.comparison.differences import Comparison, Difference, compare

__all__ = ["Comparison", "Difference", "compare", "in_common_classes"]
