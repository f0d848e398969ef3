"""Two runs that tell other classes apart, compared by the coarser ones."""

from segcore.evaluation.result import Evaluation
from segcore.labels.class_map import common
from segcore.runs import Run

Scored = tuple[Run, Evaluation]


def in_common_classes(a: Scored, b: Scored) -> tuple[Evaluation, Evaluation]:
    """Both evaluations in the classes of the coarser run, where the other's map onto those.

    Else as they are: `compare` says why they cannot be compared.
    """
    (run_a, of_a), (run_b, of_b) = a, b
    both = common(run_a.class_map, run_b.class_map)
    if both is None:
        return of_a, of_b
    coarser = of_a if of_a.space.num_classes < of_b.space.num_classes else of_b
    policy = coarser.identity.policy
    return of_a.in_classes(both[0], policy), of_b.in_classes(both[1], policy)
