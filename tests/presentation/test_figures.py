import numpy as np
import pytest

from segcore.evaluation.comparison import Difference
from segcore.evaluation.error_breakdown import RegionRecall
from segcore.labels import CITYSCAPES, IDS
from segcore.models.danet import danet_stages
from segcore.presentation import figures
from segcore.presentation.figures import Curve, View
from segcore.presentation.run_colors import RUN_A, RUN_B

ROAD, POLE, SKY = IDS["road"], IDS["pole"], IDS["sky"]


def shares(**of: float) -> np.ndarray:
    share = np.zeros(CITYSCAPES.num_classes)
    for name, value in of.items():
        share[IDS[name]] = value
    return share


def rows(epochs: int, **columns: float) -> list[dict[str, float]]:
    return [{"epoch": epoch, "seconds": 30.0, **columns} for epoch in range(1, epochs + 1)]


def test_only_what_is_pretrained_is_filled_in_the_drawing_of_a_network() -> None:
    stages = danet_stages({"backbone": "efficientnet-lite2"})
    pretrained, random = figures.network_drawing(stages, RUN_B, True).data[:2]
    assert [name for name, *_ in pretrained.customdata][:2] == ["stem", "block 1"]
    assert pretrained.marker.color == RUN_B != random.marker.color
    assert [name for name, *_ in random.customdata][-1] == "decoder"
    (bars, _) = figures.network_drawing(stages, RUN_B, False).data
    assert bars.marker.color == random.marker.color and len(bars.x) == len(stages)


def test_the_drawn_intersection_over_union_is_that_of_the_drawn_boxes() -> None:
    figure = figures.intersection_over_union(RUN_B)
    covered = np.zeros((3, 5, 8), bool)
    for drawn, box in zip(covered, figure.layout.shapes, strict=True):
        drawn[int(box.y0) : int(box.y1), int(box.x0) : int(box.x1)] = True
    truth, prediction, both = covered
    assert (both == truth & prediction).all()
    iou = both.sum() / (truth | prediction).sum()
    assert any(f"IoU {iou:.2f}" in word.text for word in figure.layout.annotations)


def test_pixel_shares_are_on_a_log_axis_that_holds_the_rarest_class() -> None:
    splits = {"train": shares(road=0.6, pole=0.0004), "val": shares(road=0.5, pole=0.00002)}
    figure = figures.pixel_shares(splits, [ROAD, POLE], CITYSCAPES)
    bars, diamonds = figure.data
    assert figure.layout.xaxis.type == "log"
    assert figure.layout.xaxis.range[0] <= np.log10(0.00002)
    assert list(bars.y) == ["road", "pole"]
    assert list(bars.marker.color) == [
        CITYSCAPES.labels[ROAD].hex_color,
        CITYSCAPES.labels[POLE].hex_color,
    ]
    assert list(diamonds.x) == pytest.approx([0.5, 0.00002])


def test_an_absent_class_has_no_bar_instead_of_one_of_minus_infinity() -> None:
    figure = figures.pixel_shares({"train": shares(road=1.0)}, [ROAD, SKY], CITYSCAPES)
    assert list(figure.data[0].x) == [1.0, None]


def test_the_gap_between_train_and_validation_is_shaded_in_the_runs_colour() -> None:
    curve = Curve("U-Net", RUN_A, rows(3, loss=0.5, val_loss=0.8), best_epoch=2)
    train, val, best = figures.learning_curves([curve], "loss").data
    assert list(train.y) == [0.5] * 3 and list(val.y) == [0.8] * 3
    assert train.line.dash == "dash" and val.line.dash is None
    assert val.fill == "tonexty" and val.fillcolor.startswith("rgba(47, 111, 237")
    assert list(best.x) == [2] and list(best.y) == [0.8]


def test_curves_run_along_the_minutes_since_the_start() -> None:
    curve = Curve("U-Net", RUN_A, rows(4, learning_rate=0.001))
    figure = figures.single_curves([curve], "learning_rate", View(axis="minutes"))
    assert list(figure.data[0].x) == [0.5, 1.0, 1.5, 2.0]


def test_a_column_that_is_not_recorded_leaves_the_chart_empty() -> None:
    curve = Curve("imported", RUN_B, rows(2, loss=0.5), best_epoch=None)
    train, val = figures.learning_curves([curve], "mean_iou").data
    assert np.isnan(train.y).all() and np.isnan(val.y).all()


def test_classes_are_sorted_by_the_first_run_and_absent_ones_left_out() -> None:
    a = {"road": 0.5, "pole": 0.9, "sky": None}
    figure = figures.class_iou([("A", RUN_A, a), ("B", RUN_B, {**a, "road": 0.7})])
    assert list(figure.data[0].y) == ["pole", "road"]
    assert list(figure.data[1].x) == [0.9, 0.7]
    assert [trace.marker.color for trace in figure.data] == [RUN_A, RUN_B]


def test_an_undecided_class_is_hollow_and_grey() -> None:
    per_class = {
        "road": Difference(0.1, (0.05, 0.2), 6),
        "pole": Difference(0.0, (-0.1, 0.1), 6),
        "sky": Difference(None, None, 0, "Not in the truth."),
    }
    figure = figures.class_differences(per_class, "A", "B")
    assert list(figure.layout.yaxis.categoryarray) == ["road", "pole"]
    dots = figure.data[-1]
    assert list(dots.y) == ["road", "pole"]
    assert list(dots.marker.symbol) == ["circle", "circle-open"]
    assert list(dots.marker.color) == [RUN_A, figures.NEUTRAL]


def test_differences_without_an_interval_are_still_drawn() -> None:
    per_class = {"road": Difference(0.1, None, 2, "Too few.")}
    figure = figures.class_differences(per_class, "A", "B")
    assert list(figure.data[-1].x) == [0.1]
    assert np.isfinite(figure.layout.xaxis.range).all()


def test_rows_of_the_confusion_matrix_add_up_to_one_with_the_classes_not_shown() -> None:
    matrix = np.zeros((CITYSCAPES.num_classes, CITYSCAPES.num_classes), np.int64)
    matrix[ROAD, ROAD], matrix[ROAD, POLE] = 6, 2
    matrix[POLE, POLE], matrix[POLE, SKY] = 1, 3
    heat, *_, cells = figures.confusion(matrix, RUN_A, [ROAD, POLE], CITYSCAPES.names).data
    assert list(heat.x) == ["road", "pole", figures.OTHER]
    assert np.allclose(heat.z, [[0.75, 0.25, 0], [0, 0.25, 0.75]])
    found = list(zip(cells.y, cells.x, cells.customdata, strict=True))
    assert found[1] == ("road", "pole", 0.25)
    assert found[-1] == ("pole", "other", 0.75)
    of_all = figures.confusion(matrix, RUN_A, [ROAD, POLE], CITYSCAPES.names, by_row=False).data[-1]
    assert list(of_all.customdata) == pytest.approx([6 / 12, 2 / 12, 0, 0, 1 / 12, 3 / 12])


def test_region_recall_has_a_bar_for_each_size_and_run() -> None:
    rows = [RegionRecall("small", 4, 1, 0.2), RegionRecall("large", 0, 0, None)]
    figure = figures.region_recall([("A", RUN_A, rows), ("B", RUN_B, rows)])
    assert [list(bar.x) for bar in figure.data] == [["small", "large"]] * 2
    assert list(figure.data[0].y) == [0.2, None]


def test_risk_coverage_shows_all_that_is_kept_and_the_target() -> None:
    share, accuracy = np.array([0.5, 1.0]), np.array([0.999, 0.8])
    figure = figures.risk_coverage([("A", RUN_A, share, accuracy)], 0.99)
    assert list(figure.data[0].x) == [0.5, 1.0]
    assert figure.layout.yaxis.range[0] == pytest.approx(0.79)


def test_confidence_that_is_right_as_often_as_it_says_lies_on_the_diagonal() -> None:
    pixels, correct = np.array([0, 10, 100]), np.array([0, 5, 90])
    confidence = np.array([0.0, 5.0, 90.0])
    line = figures.reliability([("A", RUN_A, pixels, correct, confidence)]).data[1]
    assert list(line.x) == list(line.y) == [0.5, 0.9]


def test_backgrounds_are_clear_so_that_both_themes_show_through() -> None:
    figure = figures.class_iou([("A", RUN_A, {"road": 0.5})])
    assert figure.layout.template.layout.paper_bgcolor == "rgba(0,0,0,0)"
    assert figure.layout.template.layout.plot_bgcolor == "rgba(0,0,0,0)"


def test_smoothing_keeps_the_raw_line_behind() -> None:
    raw = [1.0, 0.0, 1.0, 0.0]
    curve = Curve("A", RUN_A, [{"epoch": e + 1, "loss": v} for e, v in enumerate(raw)])
    behind, line = figures.single_curves([curve], "loss", View(smoothing=0.5)).data
    assert list(behind.y) == raw
    # By hand: weights 1/2 of the newest, half as much of each before, over their sum.
    assert list(line.y) == pytest.approx([1, 1 / 3, 5 / 7, 1 / 3])


def test_seeds_become_a_mean_with_a_band_over_their_common_epochs() -> None:
    seeds = [Curve(f"seed {i}", RUN_A, rows(3 + i, val_loss=0.2 * i, loss=1.0)) for i in range(3)]
    mean = figures.mean_of_seeds(seeds, "U-Net, 3 seeds")
    assert mean.values("epoch").tolist() == [1, 2, 3]
    assert mean.values("val_loss") == pytest.approx([0.2] * 3)
    low, high, _, val = figures.learning_curves([mean], "loss").data
    assert list(low.y) == [0, 0, 0] and list(high.y) == pytest.approx([0.4] * 3)
    assert high.fill == "tonexty" and val.fill is None


def test_classes_over_epochs_leave_out_what_the_truth_does_not_hold() -> None:
    table = [
        {"epoch": epoch, "road": 0.5 + epoch / 10, "sky": 0.9, "train": np.nan}
        for epoch in (1, 2, 3)
    ]
    heat = figures.classes_over_epochs(table, RUN_A).data[0]
    assert list(heat.y) == ["sky", "road"]
    assert list(heat.z[1]) == pytest.approx([0.6, 0.7, 0.8])


def test_region_sizes_are_shares_of_each_splits_regions() -> None:
    train, val = np.zeros(27, np.int64), np.zeros(27, np.int64)
    train[4], train[10], val[10] = 3, 1, 5
    bar, line = figures.region_sizes({"train": train, "val": val}, "#ff0000").data
    assert bar.x[0] == "16" and bar.x[-1] == "1 k"
    assert bar.y[0] == 0.75 and bar.y[-1] == 0.25
    assert line.y[0] == 0 and line.y[-1] == 1


def test_seen_together_is_of_the_rows_images() -> None:
    together = np.zeros((34, 34), np.int64)
    together[ROAD, ROAD], together[POLE, POLE] = 10, 4
    together[ROAD, POLE] = together[POLE, ROAD] = 4
    heat = figures.seen_together(together, [ROAD, POLE], CITYSCAPES).data[0]
    assert heat.z.tolist() == [[1, 0.4], [1, 1]]


def long_history(seed: int, epochs: int = 2000) -> list[dict[str, float]]:
    random = np.random.default_rng(seed)
    names = [f"{split}{name}" for split in ("", "val_") for name in ("loss", "mean_iou")]
    return [
        {"epoch": epoch, "seconds": 1.0, **{name: float(random.random()) for name in names}}
        for epoch in range(1, epochs + 1)
    ]


def test_a_long_history_keeps_its_extremes_its_best_epoch_and_its_end() -> None:
    history = long_history(0)
    history[776]["val_mean_iou"] = 2.0
    history[1400]["val_mean_iou"] = -1.0
    history[300]["val_mean_iou"] = np.nan
    curve = figures.Curve("U-Net", RUN_A, history, best_epoch=123)
    _, line, star = figures.learning_curves([curve] * 9, "mean_iou").data[:3]
    assert len(line.x) < 1000
    drawn = dict(zip(line.x, line.y, strict=True))
    assert drawn[777] == 2.0 and drawn[1401] == -1.0
    assert drawn[123] == star.y[0] == history[122]["val_mean_iou"]
    assert drawn[1] == history[0]["val_mean_iou"]
    assert drawn[2000] == history[-1]["val_mean_iou"]


@pytest.mark.parametrize("smoothing", [0.0, 0.5])
@pytest.mark.parametrize("runs", [2, 10, 50])
def test_curves_of_many_long_trainings_stay_under_a_megabyte(runs: int, smoothing: float) -> None:
    history = long_history(1)
    curves = [figures.Curve(f"U-Net of day {n}", RUN_B, history, 900) for n in range(runs)]
    view = figures.View(smoothing=smoothing)
    for figure in (
        figures.learning_curves(curves, "mean_iou", view),
        figures.single_curves(curves, "seconds", view),
    ):
        assert len(figure.to_json()) < 1_000_000


def test_of_many_runs_the_two_compared_are_named_and_lie_on_top() -> None:
    history = long_history(2, 5)
    colors = [RUN_A, RUN_B, *["#17a398"] * 20]
    curves = [figures.Curve(f"run {n}", color, history) for n, color in enumerate(colors)]
    lines = figures.learning_curves(curves, "loss").data
    assert len(lines) == len(curves)
    assert [line.name for line in lines if line.showlegend] == ["run 0", "run 1"]
    assert [line.name for line in lines[-2:]] == ["run 0", "run 1"]


def test_a_map_of_very_many_epochs_shows_some_and_the_best() -> None:
    rows = [{"epoch": n, "road": n / 2000} for n in range(1, 2001)]
    heat, numbers = figures.classes_over_epochs(rows, RUN_A, best_epoch=778).data
    assert len(heat.x) < 300
    assert {1, 778, 2000} <= set(heat.x)
    assert numbers.text == (" 0.39",)


@pytest.mark.parametrize("by_row", [True, False])
def test_a_confusion_matrix_of_255_classes_stays_under_a_megabyte(by_row: bool) -> None:
    random = np.random.default_rng(0)
    matrix = random.integers(1, 1000, (255, 255))
    matrix[3, 200] = 10**7
    names = [f"object--vehicle--kind {n}" for n in range(255)]
    figure = figures.confusion(matrix, RUN_A, range(255), names, by_row)
    assert len(figure.to_json()) < 1_000_000
    cells = figure.data[-1]
    assert (names[200], names[3]) in set(zip(cells.x, cells.y, strict=True))
