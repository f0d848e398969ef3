"""Scoring a run on a split: what is counted, what comes of it, and which images are behind it."""

from segcore.evaluation.evaluator import evaluate
from segcore.evaluation.result import (
    Evaluation,
    Identity,
    reports_of_before,
    stored_evaluation,
)
from segcore.evaluation.scores import number

__all__ = ["Evaluation", "Identity", "evaluate", "number", "reports_of_before", "stored_evaluation"]
