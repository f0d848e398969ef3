"""The commands that judge runs: evaluate, compare, robustness, cost, report."""

import argparse
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segcore import runs
from segcore.cli.arguments import add_data_and_split, print_json
from segcore.cli.progress_bar import ProgressBar
from segcore.errors import SegcoreError
from segcore.files.sizes import byte_size

if TYPE_CHECKING:
    from segcore.evaluation import Evaluation

Scored = tuple[runs.Run, "Evaluation"]


def add(commands: Any) -> None:
    """Adds the commands to the program's parser."""
    evaluate = commands.add_parser("evaluate", help="score a run on a split")
    evaluate.add_argument("--run", required=True)
    add_data_and_split(evaluate)
    evaluate.add_argument(
        "--film", metavar="NAME", nargs="+", help="the images of these films or cities alone"
    )
    evaluate.add_argument(
        "--tta", action="store_true", help="test-time augmentation: mirrored and at three scales"
    )
    evaluate.add_argument("--json", action="store_true", help="one JSON object on standard output")
    evaluate.set_defaults(command=_evaluate)

    compare = commands.add_parser("compare", help="compare two runs on a split")
    compare.add_argument("--a", required=True, metavar="RUN")
    compare.add_argument("--b", required=True, metavar="RUN")
    add_data_and_split(compare)
    compare.add_argument("--json", action="store_true", help="one JSON object on standard output")
    compare.set_defaults(command=_compare)

    robustness = commands.add_parser(
        "robustness", help="score a run on a split under bad weather, light and cameras"
    )
    robustness.add_argument("--run", required=True)
    add_data_and_split(robustness)
    robustness.add_argument(
        "--json", action="store_true", help="one JSON object on standard output"
    )
    robustness.set_defaults(command=_robustness)

    cost = commands.add_parser("cost", help="measure a run here: operations, latency, memory")
    cost.add_argument("--run", required=True)
    cost.add_argument("--json", action="store_true", help="one JSON object on standard output")
    cost.set_defaults(command=_cost)

    report = commands.add_parser("report", help="the comparison as one HTML file, and its tables")
    report.add_argument("--a", required=True, metavar="RUN")
    report.add_argument("--b", required=True, metavar="RUN")
    add_data_and_split(report)
    report.add_argument(
        "--out",
        required=True,
        type=Path,
        metavar="FILE",
        help="FILE.html, or FILE.zip of every table as CSV and JSON",
    )
    report.set_defaults(command=_report)


def _evaluate(options: argparse.Namespace) -> None:
    from segcore.evaluation import evaluate

    run = runs.get_run(options.run)
    with ProgressBar() as bar:
        evaluation = evaluate(
            run,
            options.data,
            options.split,
            progress=functools.partial(bar.update, "evaluating"),
            augmented=options.tta,
        )
    if options.film:
        evaluation = evaluation.of_sequences(options.film)
    if options.json:
        print_json(evaluation.report())
        return
    scores = evaluation.scores
    print(f"{run.name} on {options.data} {options.split}, {evaluation.images} images")
    if scores.mean_iou is None:
        print("no pixel of its truth is of a class that is scored")
        return
    print(f"mean IoU {scores.mean_iou:.4f}  ({evaluation.policy}, {evaluation.resolution})")
    print(f"pixel accuracy {scores.pixel_accuracy:.4f}")
    for name, iou in scores.class_iou.items():
        if iou is not None:
            print(f"  {name:<14} {iou:.4f}")


def _compare(options: argparse.Namespace) -> None:
    from segcore.evaluation.comparison import compare

    (_, a), (_, b) = _scored_pair(options)
    comparison = compare(a, b)
    if options.json:
        print_json(comparison.report())
        return
    overall = comparison.mean_iou
    if overall.delta is None:
        print(f"{a.run} and {b.run}: {overall.reason}")
        return
    print(f"a {a.run}  mean IoU {a.scores.mean_iou:.4f}")
    print(f"b {b.run}  mean IoU {b.scores.mean_iou:.4f}")
    if overall.interval is None:
        print(f"a minus b {overall.delta:+.4f}, no verdict: {overall.reason}")
        return
    low, high = overall.interval
    interval = (
        f"95 % interval {low:+.4f} to {high:+.4f}, {overall.groups} {comparison.resampled_by}s"
    )
    print(f"a minus b {overall.delta:+.4f} ({interval}): {overall.verdict}")


def _robustness(options: argparse.Namespace) -> None:
    from segcore.evaluation.robustness import measure_robustness

    run = runs.get_run(options.run)
    with ProgressBar() as bar:
        show = functools.partial(bar.update, "corrupting and scoring")
        measured = measure_robustness(run, options.data, options.split, progress=show)
    if options.json:
        print_json(measured.report())
        return
    print(f"{run.name} on {options.data} {options.split}, {measured.images} images")
    print(f"mean IoU at severities 0 to 5  ({measured.identity.policy}, {measured.resolution})")
    for name, curve in measured.curves.items():
        written = "  ".join("     –" if iou is None else f"{iou:.4f}" for iou in curve)
        print(f"  {name:<12} {written}")


def _cost(options: argparse.Namespace) -> None:
    from segcore.evaluation.cost import measure_cost

    run = runs.get_run(options.run)
    with ProgressBar() as bar:
        cost = measure_cost(run, functools.partial(bar.update, "measuring"))
    if options.json:
        print_json(cost.report())
        return
    flops = "–" if cost.flops is None else f"{cost.flops / 1e9:.2f}"
    print(f"{run.name} on {cost.machine}")
    print(f"{run.parameters:,} parameters, {flops} billion operations an image")
    for timing in cost.timings:
        memory = "–" if timing.peak_memory_bytes is None else byte_size(timing.peak_memory_bytes)
        print(
            f"  batch {timing.batch} of {timing.width}x{timing.height}: p50 {timing.p50_ms:.1f} "
            f"ms, p95 {timing.p95_ms:.1f} ms, {timing.images_per_second:.1f} images/s, {memory}"
        )


def _report(options: argparse.Namespace) -> None:
    from segcore.files.writing import write_atomically
    from segcore.presentation.report import make_report

    kind = options.out.suffix.lower()
    if kind not in (".html", ".zip"):
        raise SegcoreError(f"{options.out}: name a file that ends in .html, or in .zip for tables")
    report = make_report(*_scored_pair(options))
    write_atomically(options.out, report.html() if kind == ".html" else report.archive())
    print(report.title)
    print(f"written to {options.out}")


def _scored_pair(options: argparse.Namespace) -> tuple[Scored, Scored]:
    """Runs a and b with their scores, evaluated now where that was not done yet."""
    from segcore.evaluation import evaluate
    from segcore.evaluation.comparison import in_common_classes

    pair = []
    with ProgressBar() as bar:
        for name in (options.a, options.b):
            run = runs.get_run(name)
            show = functools.partial(bar.update, name)
            pair.append((run, evaluate(run, options.data, options.split, progress=show)))
    a, b = in_common_classes(*pair)
    return (pair[0][0], a), (pair[1][0], b)
