"""Our scores against the official cityscapesscripts package on the same files."""

import copy
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segcore.labels import CITYSCAPES, metrics

official = pytest.importorskip("cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling")

TOLERANCE = 1e-9


@pytest.fixture(scope="module")
def pairs(tmp_path_factory) -> list[tuple[Path, Path]]:
    """Truth and prediction PNGs in the official naming; all 19 classes and void in the truth.

    Where a class is in the truth of the split, its IoU is a number to both; a class that is only
    predicted is left out by our policy and scores 0 in theirs.
    """
    folder = tmp_path_factory.mktemp("golden")
    rng = np.random.default_rng(19)
    files = []
    for index in range(3):
        blocks = np.concatenate(
            [CITYSCAPES.evaluated_ids, rng.integers(0, CITYSCAPES.num_classes, 29)]
        )
        truth = np.kron(rng.permutation(blocks).reshape(6, 8), np.ones((10, 12))).astype(np.uint8)
        noise = np.kron(rng.integers(0, CITYSCAPES.num_classes, (20, 32)), np.ones((3, 3))).astype(
            np.uint8
        )
        prediction = np.where(rng.random(truth.shape) < 0.7, truth, noise)
        name = f"bonn_{index:06}_000019"
        files.append((folder / f"{name}_gtFine_labelIds.png", folder / f"{name}_pred.png"))
        Image.fromarray(truth).save(files[-1][0])
        Image.fromarray(prediction).save(files[-1][1])
    return files


def test_scores_equal_the_official_evaluation(pairs):
    args = copy.copy(official.args)
    args.evalInstLevelScore = False  # needs instance ids, which are no part of this project
    args.JSONOutput = False
    args.quiet = True
    theirs = official.evaluateImgLists([str(p) for _, p in pairs], [str(t) for t, _ in pairs], args)

    matrix = sum(
        metrics.confusion_matrix(
            np.array(Image.open(truth)), np.array(Image.open(prediction)), CITYSCAPES
        )
        for truth, prediction in pairs
    )
    ours = metrics.iou_per_class(matrix)
    for label in CITYSCAPES.labels:
        assert np.isnan(ours[label.id]) == (not label.is_scored), label.name
        np.testing.assert_allclose(
            ours[label.id], theirs["classScores"][label.name], rtol=0, atol=TOLERANCE
        )
    assert metrics.mean_iou(matrix) == pytest.approx(theirs["averageScoreClasses"], abs=TOLERANCE)
    by_category = dict(
        zip(CITYSCAPES.categories, metrics.iou_per_category(matrix, CITYSCAPES), strict=True)
    )
    for category, iou in by_category.items():
        assert iou == pytest.approx(theirs["categoryScores"][category], abs=TOLERANCE), category
    assert np.mean(list(by_category.values())) == pytest.approx(
        theirs["averageScoreCategories"], abs=TOLERANCE
    )
    assert 0.2 < metrics.mean_iou(matrix) < 0.8  # neither perfect nor empty: the test can fail
