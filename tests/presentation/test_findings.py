from types import SimpleNamespace

import numpy as np
import pytest

from segcore.data.counts import SplitStatistics
from segcore.evaluation.comparison import Comparison, Difference
from segcore.evaluation.error_breakdown import ErrorShares
from segcore.labels import CITYSCAPES, IDS
from segcore.presentation import findings


def split(*images: dict[str, int]) -> SplitStatistics:
    counts = np.zeros((len(images), CITYSCAPES.num_classes), np.int64)
    for row, image in zip(counts, images, strict=True):
        for name, pixels in image.items():
            row[IDS[name]] = pixels
    return SplitStatistics(
        counts, np.zeros(len(images), np.int64), np.zeros((34, 16, 32)), np.zeros((34, 27))
    )


def history(*val_losses: float) -> list[dict[str, float]]:
    return [
        {"epoch": epoch, "val_loss": loss, "accuracy": 0.9, "val_accuracy": 0.8}
        for epoch, loss in enumerate(val_losses, start=1)
    ]


def test_the_data_sets_sentence_names_what_dominates_and_what_is_rare() -> None:
    sentence = findings.imbalance(split({"road": 900, "building": 90, "pole": 10}), CITYSCAPES)
    assert sentence == (
        "Road and building hold 99 % of the pixels; pole holds 1 %, 90 times fewer than road."
    )


def test_a_data_set_of_one_class_has_nothing_to_compare() -> None:
    assert "nothing to tell apart" in findings.imbalance(split({"road": 9}), CITYSCAPES)


def test_a_class_that_is_rarer_in_training_is_named_with_its_factor() -> None:
    train = split({"road": 9990, "bicycle": 10})
    val = split({"road": 9930, "bicycle": 70})
    lines = findings.data_findings(train, val, CITYSCAPES)
    assert any(
        line.startswith("Bicycle: 0.1 % of the training pixels, 7.0 times") for line in lines
    )


def test_a_class_only_validation_holds_is_named() -> None:
    lines = findings.data_findings(
        split({"road": 9, "sky": 1}), split({"road": 9, "car": 1}), CITYSCAPES
    )
    assert any("In val but never in train" in line and "car" in line for line in lines)
    assert any(line.startswith("Not in the training images") and "car" in line for line in lines)


def test_data_without_validation_masks_still_has_findings() -> None:
    assert findings.data_findings(split({"road": 9, "sky": 1}), None, CITYSCAPES)


@pytest.mark.parametrize(
    ("losses", "epoch"),
    [((0.9, 0.6, 0.7, 0.8), 2), ((0.9, 0.6, 0.61), None), ((0.9, 0.8), None), ((), None)],
)
def test_the_epoch_where_validation_loss_turned(losses: tuple[float, ...], epoch: int) -> None:
    assert findings.turning_epoch(history(*losses)) == epoch


def test_a_loss_that_is_no_number_is_passed_over() -> None:
    assert findings.turning_epoch(history(0.9, float("nan"), 0.5, 0.7)) == 3


def test_training_says_where_it_turned_and_how_wide_the_gap_is() -> None:
    sentence = findings.training("U-Net", history(0.9, 0.6, 0.8))
    assert "validation loss turned after epoch 2 (0.600, now 0.800)" in sentence
    assert "90.0 % training and 80.0 % validation" in sentence
    assert "10 points" in findings.training("U-Net", history(0.9, 0.6))
    assert "not finished an epoch" in findings.training("U-Net", [])


def test_training_says_how_far_it_ended_below_its_best_and_where_nothing_was_learnt() -> None:
    def scored(*scores: float) -> list[dict[str, float]]:
        rows = history(*(0.5 for _ in scores))
        return [
            {**row, "val_accuracy": 0.9, "val_mean_iou": s}
            for row, s in zip(rows, scores, strict=True)
        ]

    assert "below" not in findings.training("U-Net", scored(0.5, 0.6))
    sentence = findings.training("U-Net", scored(0.5, 0.6, 0.57))
    assert (
        "no sign of overfitting, though mean IoU ends 0.030 below its best, of epoch 2" in sentence
    )
    assert "neighbouring" in findings.training("U-Net", scored(0.6, 0.595))
    assert "learnt next to nothing" in findings.training("U-Net", scored(0.02, 0.03))


def test_the_best_run_comes_first() -> None:
    slow = [{"epoch": 1, "val_mean_iou": 0.3}, {"epoch": 2, "val_mean_iou": 0.5}]
    sentence = findings.best_scores([("A", slow[:1], 1), ("B", slow, 2)])
    assert sentence.startswith("B scored highest: mean IoU 0.500 in epoch 2 of 2; A 0.300")
    assert "No epoch" in findings.best_scores([("A", [], None)])


def test_scores_on_different_data_are_not_ranked() -> None:
    told = findings.scores_on_different_data([("A on CamVid", 0.6), ("B on Streets", 0.7)])
    assert told == (
        "Best validation mean IoU: A on CamVid 0.600 and B on Streets 0.700; not comparable, the "
        "data differ."
    )


def test_runs_that_differ_less_than_neighbouring_epochs_are_level() -> None:
    first, second = [{"epoch": 1, "val_mean_iou": 0.494}], [{"epoch": 1, "val_mean_iou": 0.493}]
    sentence = findings.best_scores([("A", second, 1), ("B", first, 1)])
    assert sentence.startswith(
        "B and A scored about the same: mean IoU 0.494 in its one epoch; A 0.493"
    )


def compared(
    mean_iou: Difference,
    per_class: dict[str, Difference] | None = None,
    *,
    scores: tuple[float | None, float | None] = (None, None),
    by: str = "sequence",
) -> Comparison:
    a, b = (SimpleNamespace(images=101, scores=SimpleNamespace(mean_iou=iou)) for iou in scores)
    return Comparison(a, b, mean_iou, per_class or {}, mean_iou, {}, by)


def test_an_interval_says_what_it_is_from_and_whether_it_holds_zero() -> None:
    undecided, decided = (Difference(0.05, (low, 0.1), 6) for low in (-0.1, 0.005))
    assert findings.resampling(compared(undecided)) == (
        "95 % interval from 6 sequences, each left out in turn. "
        "It contains 0, so chance may explain the difference."
    )
    assert "contains 0" not in findings.resampling(compared(decided))
    film = findings.resampling(compared(undecided, by="block"))
    assert "6 blocks of about 17 neighbouring images" in film and "not other places" in film


def test_without_a_verdict_every_sentence_says_so() -> None:
    few = Difference(0.04, None, 2, "2 sequences are too few.")
    found = compared(few, {"road": Difference(0.1, None, 2, "In 2.")}, scores=(0.6, 0.56))
    assert findings.resampling(found) == "2 sequences are too few."
    assert findings.headline(found, "U-Net", "DANet") == (
        "No verdict: U-Net has a mean IoU of 0.600, DANet of 0.560"
    )
    assert findings.verdict(found, "U-Net", "DANet") == (
        "U-Net better on 0 classes, DANet on 0, undecided on 0, no verdict on 1; "
        "overall no verdict: +0.040 (mean IoU of U-Net minus DANet)."
    )
    nothing = compared(Difference(None, None, 0, "No pixel."))
    assert "no pixel" in findings.headline(nothing, "U-Net", "DANet")
    assert findings.verdict(nothing, "U-Net", "DANet") == "No class was scored."


def test_classes_are_counted_by_verdict() -> None:
    a, b, level = (Difference(0.1, ends, 9) for ends in ((0.1, 0.2), (-0.2, -0.1), (-0.1, 0.1)))
    per_class = {str(i): difference for i, difference in enumerate((a, b, b, level))}
    per_class["absent"] = Difference(None, None, 0, "Not in the truth.")
    undecided = compared(Difference(0.008, (-0.004, 0.019), 9), per_class)
    assert findings.verdict(undecided, "A", "B") == (
        "B better on 2 classes, A on 1, undecided on 1; "
        "overall undecided: +0.008, interval -0.004 to +0.019 (mean IoU of A minus B)."
    )
    decided = compared(Difference(0.008, (0.001, 0.019), 9), per_class)
    assert "overall A better: +0.008" in findings.verdict(decided, "A", "B")


def test_the_largest_confusion_comes_first() -> None:
    matrix = np.diag(np.full(CITYSCAPES.num_classes, 50))
    pole, building, road, car = (IDS[name] for name in ("pole", "building", "road", "car"))
    matrix[pole, building] = 150
    matrix[road, car], matrix[road, road] = 400, 3600
    assert findings.confused_pairs(matrix, 5, by_share=True) == [
        (pole, building, 0.75), (road, car, 0.1),
    ]  # fmt: skip
    assert findings.confused_pairs(matrix, 1, by_share=False)[0][:2] == (road, car)


def test_errors_and_confidence_in_words() -> None:
    assert findings.error_bands("A", ErrorShares(0.2, 0.6, None, None), 3) == (
        "A: 60 % of its errors lie within 3 pixels of a boundary, where 20 % of the pixels are."
    )

    def told(one: float, other: float, before: float = 0.08, after: float = 0.02) -> str:
        scaling = SimpleNamespace(temperatures=(one, other), ece_before=before, ece_after=after)
        return str(findings.temperatures("A", scaling))

    assert told(1.5, 1.4) == (
        "A is overconfident: temperatures 1.50 and 1.40; ECE 8.0 points before, 2.0 after."
    )
    assert findings.kept("A", 0.7) == "A: its most confident 70 % of pixels are 99 % accurate."
    cured = told(1.5, 1.4, 0.005, 0.006)
    assert cured.endswith("0.6 after: temperature scaling does not help here.")
    assert "underconfident" in told(0.7, 1.0)
    assert "well calibrated" in told(0.9, 1.1)
    far = told(4.0, 3.7)
    assert far.endswith("after. 4.00 is the highest that is tried: the best one may be higher.")
    near = told(0.5, 0.5)
    assert near.endswith("0.50 is the lowest that is tried: the best one may be lower.")
    assert findings.temperatures("A", None) is findings.kept("A", None) is None


def test_rarer_classes_that_are_worse_correlate_by_one() -> None:
    share = np.zeros(CITYSCAPES.num_classes)
    for name, value in (("road", 0.6), ("car", 0.3), ("pole", 0.1)):
        share[IDS[name]] = value
    worse = {"road": 0.9, "car": 0.7, "pole": 0.2, "sky": None}
    assert "+1.00 for A" in findings.share_and_iou(share, [("A", worse)], CITYSCAPES)


def test_nested_parameters_are_compared_one_by_one() -> None:
    a = {"epochs": 4, "augmentation": {"flip": True, "blur": 0.0}}
    b = {"epochs": 4, "augmentation": {"flip": False, "blur": 0.0}, "ema": 0.9}
    differing = [row[:3] for row in findings.recipe_differences(a, b) if row[3]]
    assert differing == [("augmentation.flip", True, False), ("ema", None, 0.9)]


def test_classes_are_said_to_be_learnt_first_last_and_never() -> None:
    nan = float("nan")
    rows = [
        {"epoch": 1, "road": 0.80, "sky": 0.2, "pole": 0.01, "car": 0.0, "train": nan},
        {"epoch": 2, "road": 0.85, "sky": 0.7, "pole": 0.05, "car": 0.1, "train": nan},
        {"epoch": 3, "road": 0.86, "sky": 0.7, "pole": 0.06, "car": 0.5, "train": nan},
    ]
    assert findings.classes_learnt("U-Net", rows) == (
        "U-Net learnt road and sky first (by epoch 2), car last (epoch 3); never above 0.1: pole."
    )
    assert "no class yet" in findings.classes_learnt("U-Net", [{"epoch": 1, "road": 0.01}])


def test_who_is_more_robust_by_score_and_by_what_is_kept() -> None:
    def measured(**rows: tuple[float, float]) -> SimpleNamespace:
        curves = {name: [0.7, iou] for name, (iou, _) in rows.items()}
        return SimpleNamespace(
            curves=curves, kept_shares={name: row[1] for name, row in rows.items()}
        )

    a = measured(fog=(0.5, 0.7), rain=(0.4, 0.5), noise=(0.3, 0.4))
    b = measured(fog=(0.4, 0.8), rain=(0.3, 0.6), noise=(0.4, 0.3))
    assert findings.more_robust([("A", a), ("B", b)]) == (
        "A has the higher mean IoU under 2 of 3 corruptions, B keeps more of its own under 2."
    )


def test_ranks_that_are_alike_share_their_mean() -> None:
    share = np.zeros(34)
    classes = ["road", "sky", "car", "pole", "rider"]
    for index, name in enumerate(classes):
        share[IDS[name]] = 0.5 / 2**index
    of_a = dict(zip(classes, (0.9, 0.5, 0.0, 0.0, 0.0), strict=True))
    sentence = findings.share_and_iou(
        share, [("A", of_a), ("B", dict.fromkeys(classes, 0.0))], CITYSCAPES
    )
    # Ranks 5, 4, 3, 2, 1 against 5, 4, 2, 2, 2: 0.894; of B's, nothing can be said.
    assert "+0.89 for A (" in sentence and "for B" not in sentence


def test_a_log_that_was_validated_now_and_then_is_told_by_its_last_validation() -> None:
    rows = history(0.9, 0.6, 0.8)
    rows[-1] = {**rows[-1], "val_loss": float("nan"), "val_accuracy": float("nan")}
    sentence = findings.training("U-Net", rows)
    assert "nan" not in sentence and "no accuracies" not in sentence


def test_confidence_that_never_reaches_the_target_is_told_so() -> None:
    assert findings.kept("A", 0.0) == "A: not even its most confident pixels are 99 % accurate."


def test_a_photo_that_networks_are_unsure_of_comes_with_a_warning() -> None:
    assert findings.unsure_of_photo([("U-Net", 0.7), ("DANet", 0.93)]) is None
    said = findings.unsure_of_photo([("U-Net", 0.614), ("DANet", 0.93)])
    assert said is not None
    assert said.startswith("U-Net is unsure of this photo (mean confidence 0.61): expect large")
    both = findings.unsure_of_photo([("U-Net", 0.6), ("DANet", 0.5)])
    assert both is not None
    assert both.startswith(
        "U-Net and DANet are unsure of this photo (mean confidence 0.60 and 0.50)"
    )


def test_each_part_of_an_evaluation_has_its_sentence() -> None:
    assert findings.better_calibrated([("A", 0.034), ("B", 0.021)]) == (
        "B is better calibrated: its confidence is 2.1 points off, that of A 3.4"
    )
    assert "equally well calibrated" in findings.better_calibrated([("A", 0.0212), ("B", 0.0211)])
    alone = findings.better_calibrated([("A", None), ("B", 0.1)])
    assert alone == "The confidence of B is 10.0 points off"
    assert "not known" in findings.better_calibrated([("A", None)])
    assert findings.faster([("A", 90.2), ("B", 51.0)]) == ("B labels an image in 51 ms, A in 90 ms")
    assert findings.faster([("A", 90.2)]) == "A labels an image in 90 ms"
    assert "not measured" in findings.faster([])
    diagonal = np.diag([4, 4])
    assert findings.most_confused([("A", diagonal)], ["road", "sky"]) == (
        "No class is taken for another"
    )


def test_a_score_of_other_images_is_said_beside_that_of_today() -> None:
    said = findings.scored_anew(0.618, 0.513)
    assert said is not None and said.endswith("on the current ones, Evaluation gives 0.513.")
    assert findings.scored_anew(0.618, 0.6182) is None
    assert findings.scored_anew(None, 0.5) is None
