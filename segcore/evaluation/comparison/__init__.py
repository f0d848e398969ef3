"""Two evaluations of the same images -> paired differences, verdict, tables."""

from segcore.evaluation.comparison.differences import Comparison, Difference, compare

__all__ = ["Comparison", "Difference", "compare"]
