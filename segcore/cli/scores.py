"""The commands that judge runs: evaluate, compare."""

import argparse
import functools
from typing import Any

from segcore import runs
from segcore.cli.arguments import add_data_and_split, print_json
from segcore.progress_bar import ProgressBar


def add(commands: Any) -> None:
    """Adds the commands to the program's parser."""
    evaluate = commands.add_parser("evaluate", help="score a run on a split")
    evaluate.add_argument("--run", required=True)
    add_data_and_split(evaluate)
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
    report = evaluation.report()
    if options.json:
        print_json(report)
        return
    print(f"{run.name} on {options.data} {options.split}, {report['images']} images")
    print(f"mean IoU {report['mean_iou']:.4f}  ({report['policy']}, {report['resolution']})")
    print(f"pixel accuracy {report['pixel_accuracy']:.4f}")
    for name, scores in report["per_class"].items():
        if scores["iou"] is not None:
            print(f"  {name:<14} {scores['iou']:.4f}")


def _compare(options: argparse.Namespace) -> None:
    from segcore.comparison import compare
    from segcore.evaluation import evaluate

    with ProgressBar() as bar:
        evaluations = []
        for name in (options.a, options.b):
            show = functools.partial(bar.update, name)
            run = runs.get_run(name)
            evaluations.append(evaluate(run, options.data, options.split, progress=show))
    report = compare(evaluations[0], evaluations[1]).report()
    if options.json:
        print_json(report)
        return
    print(f"a {report['a']}  mean IoU {report['mean_iou_a']:.4f}")
    print(f"b {report['b']}  mean IoU {report['mean_iou_b']:.4f}")
    low, high = report["ci95"]
    interval = "no interval" if low is None else f"95 % interval {low:+.4f} to {high:+.4f}"
    print(f"a minus b {report['delta']:+.4f}, {interval}: {report['verdict']}")
