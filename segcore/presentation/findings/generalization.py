"""What networks score on films that they were not trained on, in sentences."""

from segcore.evaluation.generalization import LeftOutScore
from segcore.presentation.findings.words import listed


def at_home_and_away(
    a: str, b: str, score_a: LeftOutScore, score_b: LeftOutScore, *, pretrained: str | None
) -> str:
    """Who is ahead on films that neither was trained on, and what both lose there.

    Args:
        pretrained: which of the two began with ImageNet's weights, if exactly one did.
    """
    better, worse = ((a, score_a), (b, score_b))
    if score_b.mean_iou > score_a.mean_iou:
        better, worse = worse, better
    gap_away = better[1].mean_iou - worse[1].mean_iou
    gap_home = better[1].mean_iou_val - worse[1].mean_iou_val
    words = (
        f"Retrained without some films, {better[0]} scores {better[1].mean_iou:.2f} on those "
        f"and {worse[0]} {worse[1].mean_iou:.2f}; on the validation film "
        f"{better[1].mean_iou_val:.2f} and {worse[1].mean_iou_val:.2f}."
    )
    if pretrained != better[0]:
        return words
    return (
        f"{words} After this much training, pretraining is worth {gap_away:.2f} of mean IoU away "
        f"from home{f' and {gap_home:.2f} at home' if gap_home > 0 else ''}."
    )


def expected_elsewhere(name: str, score: LeftOutScore) -> str:
    """What to expect of a network on a street that it has not seen."""
    films = "a film" if len(score.films) == 1 else f"{len(score.films)} films"
    return (
        f"{name}, trained without {films}, scored a mean IoU of {score.mean_iou:.2f} on "
        f"{'it' if len(score.films) == 1 else 'those'} and {score.mean_iou_val:.2f} on its "
        "validation film"
    )


def conditions(score: LeftOutScore) -> str:
    """What a left-out score is of: films, images, policy, resolution."""
    return (
        f"without {listed(score.films)}: {score.images} images at {score.resolution}, "
        f"policy `{score.policy}`"
    )
