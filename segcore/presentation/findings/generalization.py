"""What networks score on films that they were not trained on, in sentences."""

from collections.abc import Sequence

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


UNSURE = 0.7
"""Mean confidence of an image below which a prediction comes with a warning.

Of 1,736 predictions for clean, corrupted and darkened validation images 113 had less: 102 of those
were wrong on more than 40 % of their pixels, and none was for a clean image
(`benchmarks/unsure_images.py`).
"""


def unsure_of_photo(confidences: Sequence[tuple[str, float]]) -> str | None:
    """A warning where networks are too unsure of a photo; None where they are not.

    Args:
        confidences: name and mean confidence, 0 to 1, of each run.
    """
    low = [(name, value) for name, value in confidences if value < UNSURE]
    if not low:
        return None
    values = listed([f"{value:.2f}" for _, value in low])
    verb = "is" if len(low) == 1 else "are"
    return (
        f"{listed([name for name, _ in low])} {verb} unsure of this photo (mean confidence "
        f"{values}): expect large errors. Usual reasons: it is dark or blurred, or shows no "
        f"street. In tests 9 of 10 images below {UNSURE:.2f} had more than 40 % of their pixels "
        "wrong."
    )


def conditions(score: LeftOutScore) -> str:
    """What a left-out score is of: films, images, policy, resolution."""
    return (
        f"without {listed(score.films)}: {score.images} images at {score.resolution}, "
        f"policy `{score.policy}`"
    )
