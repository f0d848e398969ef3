"""The command line. Each command parses, calls one function of segcore, and prints the result.

Exit status: 0 done, 2 something the user can mend (one line on standard error), 1 a defect.
"""

import argparse
import functools
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from segcore import doctor, runs
from segcore.errors import SegcoreError
from segcore.labels import NAMES
from segcore.progress_bar import ProgressBar
from segcore.recipe_fields import find_recipe
from segcore.recipes import RECIPES

SPEC_HELP = "streets, camvid:DIR, cityscapes:DIR or pairs:DIR"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit status."""
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
    except SegcoreError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("error: stopped by hand", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m segcore",
        description="Train, evaluate and compare two semantic-segmentation models on streets.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    prepare = commands.add_parser("prepare", help="make memory-mapped arrays of a data set")
    prepare.add_argument("--data", required=True, help=SPEC_HELP)
    prepare.add_argument(
        "--size", type=_size, help="256 for 256x256, or WIDTHxHEIGHT; default: the data set's own"
    )
    prepare.set_defaults(command=_prepare)

    train = commands.add_parser("train", help="train a recipe on a data set")
    what = train.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--recipe",
        metavar="NAME|FILE.json",
        help=f"{', '.join(RECIPES)}, or a file of one such as the `recipe` of a run.json",
    )
    what.add_argument("--resume", metavar="RUN", help="go on with an interrupted run")
    train.add_argument("--data", help=f"{SPEC_HELP}; needed with --recipe")
    train.add_argument("--epochs", type=_positive)
    train.add_argument("--batch-size", type=_positive)
    train.add_argument("--seed", type=int)
    train.add_argument("--backbone-weights", metavar="imagenet|none|FILE")
    train.add_argument("--start-from", metavar="RUN", help="begin with that run's best weights")
    train.set_defaults(command=_train)

    evaluate = commands.add_parser("evaluate", help="score a run on a split")
    evaluate.add_argument("--run", required=True)
    _add_data_and_split(evaluate)
    evaluate.add_argument(
        "--tta", action="store_true", help="test-time augmentation: mirrored and at three scales"
    )
    evaluate.add_argument("--json", action="store_true", help="one JSON object on standard output")
    evaluate.set_defaults(command=_evaluate)

    compare = commands.add_parser("compare", help="compare two runs on a split")
    compare.add_argument("--a", required=True, metavar="RUN")
    compare.add_argument("--b", required=True, metavar="RUN")
    _add_data_and_split(compare)
    compare.add_argument("--json", action="store_true", help="one JSON object on standard output")
    compare.set_defaults(command=_compare)

    predict = commands.add_parser("predict", help="label photos with a run")
    predict.add_argument("--run", required=True)
    predict.add_argument("--out", required=True, type=Path, metavar="DIR")
    predict.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    predict.set_defaults(command=_predict)

    _add_runs(commands.add_parser("runs", help="list, show, promote, move runs"))

    worker = commands.add_parser("worker", help="run the queued retrains")
    worker.add_argument(
        "--device",
        default="local",
        metavar="local|gpu:N",
        help="what its jobs run on, one at a time; default: all of this machine",
    )
    worker.set_defaults(command=_worker)

    examine = commands.add_parser("doctor", help="what is here, what is missing, what mends it")
    examine.set_defaults(command=lambda options: doctor.examine())
    return parser


def _add_data_and_split(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", required=True, help=SPEC_HELP)
    parser.add_argument("--split", default="val", choices=("train", "val", "test"))


def _add_runs(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(required=True, metavar="ACTION")

    listing = actions.add_parser("list", help="all runs, newest first")
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(command=_runs_list)

    show = actions.add_parser("show", help="the manifest of a run")
    show.add_argument("run")
    show.set_defaults(command=_runs_show)

    promote = actions.add_parser("promote", help="make a run the champion of its model")
    promote.add_argument("run")
    promote.add_argument("--dataset", help="default: the data set it was trained on")
    promote.set_defaults(command=_runs_promote)

    rollback = actions.add_parser("rollback", help="take the last promotion back")
    rollback.add_argument("model", choices=runs.MODEL_FAMILIES)
    rollback.add_argument("dataset")
    rollback.set_defaults(command=_runs_rollback)

    export = actions.add_parser("export", help="a run as one ZIP file")
    export.add_argument("run")
    export.add_argument("file", type=Path)
    export.set_defaults(command=_runs_export)

    shipping = actions.add_parser("ship", help="a small copy in half precision, with a model card")
    shipping.add_argument("run")
    shipping.add_argument("--data", help="where the run's data is now; default: as it was trained")
    shipping.add_argument(
        "--champion-of", nargs="*", default=[], metavar="DATASET", help="data sets it stands for"
    )
    shipping.set_defaults(command=_runs_ship)

    importing = actions.add_parser("import", help="take a run from a ZIP, or a Keras CSV log")
    importing.add_argument("file", type=Path, help="of `runs export`, or of Keras' CSVLogger")
    importing.add_argument("--model", default="unet", help="of a CSV log: what was trained")
    importing.add_argument("--data", default="cityscapes", help="of a CSV log: on what")
    importing.set_defaults(command=_runs_import)


# --- commands ------------------------------------------------------------------------------------


def _prepare(options: argparse.Namespace) -> None:
    from segcore.preparation import prepare

    with ProgressBar() as bar:
        prepared = prepare(options.data, options.size, progress=bar.update)
    height, width = prepared.size
    for name, split in prepared.splits.items():
        print(f"{name}: {len(split.keys)} images of {width}x{height}")
        for finding in split.health.findings:
            print(f"  {finding.problem}: {finding.message}")
    print(f"prepared in {prepared.path}")


def _train(options: argparse.Namespace) -> None:
    from segcore.training import resume, train
    from segcore.training_progress import Progress

    # So that a training which is asked to stop says so in its run.json, as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)

    def announce(run: runs.Run) -> None:
        print(f"run: {run.name}", flush=True)

    with ProgressBar() as bar:

        def show(progress: Progress) -> None:
            label = f"epoch {progress.epoch}/{progress.epochs} loss {progress.loss:.4f}"
            bar.update(label, progress.step, progress.steps)

        if options.resume:
            run = resume(options.resume, on_progress=show, on_start=announce)
        else:
            if options.data is None:
                raise SegcoreError(f"train --recipe needs --data: {SPEC_HELP}")
            run = train(
                find_recipe(options.recipe),
                options.data,
                epochs=options.epochs,
                batch_size=options.batch_size,
                seed=options.seed,
                backbone_weights=options.backbone_weights,
                start_from=options.start_from,
                on_progress=show,
                on_start=announce,
            )
    best = run.manifest["best"]
    print(f"best epoch {best['epoch']}: validation mean IoU {best['mean_iou']:.4f}")


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
        _print_json(report)
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
        _print_json(report)
        return
    print(f"a {report['a']}  mean IoU {report['mean_iou_a']:.4f}")
    print(f"b {report['b']}  mean IoU {report['mean_iou_b']:.4f}")
    low, high = report["ci95"]
    interval = "no interval" if low is None else f"95 % interval {low:+.4f} to {high:+.4f}"
    print(f"a minus b {report['delta']:+.4f}, {interval}: {report['verdict']}")


def _predict(options: argparse.Namespace) -> None:
    from segcore.files import write_atomically
    from segcore.images import decode_image, encode_png, overlay, write_mask
    from segcore.inference import load_fastest_predictor
    from segcore.labels import colorize

    predictor = load_fastest_predictor(runs.get_run(options.run))
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SegcoreError(f"{options.out}: cannot be made ({error.strerror})") from error
    for path in options.images:
        image = decode_image(path)
        prediction = predictor.predict(image)
        target = options.out / path.stem
        write_mask(target.with_name(f"{path.stem}_labelIds.png"), prediction.labels)
        pictures = {
            "color": colorize(prediction.labels),
            "overlay": overlay(image, prediction.labels, 0.5),
        }
        for kind, picture in pictures.items():
            write_atomically(target.with_name(f"{path.stem}_{kind}.png"), encode_png(picture))
        ids = sorted(set(prediction.labels.ravel().tolist()))
        found = ", ".join(NAMES[label] for label in ids)
        print(f"{path.name}: {prediction.timings.total_ms:.0f} ms, {found}")


def _runs_list(options: argparse.Namespace) -> None:
    rows = [_row(run) for run in runs.list_runs()]
    if options.json:
        _print_json(rows)
        return
    if not rows:
        print("no runs yet; `python -m segcore train --recipe quick-unet --data streets` makes one")
    for row in rows:
        score = "" if row["mean_iou"] is None else f"{row['mean_iou']:.4f}"
        mark = "champion" if row["champion"] else ""
        print(f"{row['run']:<44} {row['recipe']:<12} {score:>7} {mark}")


def _row(run: runs.Run) -> dict[str, Any]:
    champion = runs.champion(run.model, run.dataset)
    best = run.manifest.get("best")
    return {
        "run": run.name,
        "model": run.model,
        "data": run.spec,
        "recipe": run.recipe,
        "champion": champion is not None and champion.name == run.name,
        "mean_iou": best["mean_iou"] if best else None,
        "created": run.created,
    }


def _runs_show(options: argparse.Namespace) -> None:
    _print_json(dict(runs.get_run(options.run).manifest))


def _runs_promote(options: argparse.Namespace) -> None:
    run = runs.get_run(options.run)
    dataset = options.dataset or run.dataset
    runs.promote(run, dataset)
    print(f"{run.name} is the champion of {run.model} on {dataset}")


def _runs_rollback(options: argparse.Namespace) -> None:
    run = runs.rollback(options.model, options.dataset)
    champion = run.name if run else "none"
    print(f"the champion of {options.model} on {options.dataset} is now {champion}")


def _runs_export(options: argparse.Namespace) -> None:
    from segcore.archives import export_run

    export_run(runs.get_run(options.run), options.file)
    print(f"{options.run} written to {options.file}")


def _runs_ship(options: argparse.Namespace) -> None:
    from segcore.shipping import ship

    run = runs.get_run(options.run)
    with ProgressBar() as bar:
        shipped = ship(run, options.data or run.spec, options.champion_of, progress=bar.update)
    print(f"{shipped.run.name}: {shipped.agreement:.4%} of pixels keep their label")
    print(f"commit it with `git add -f {shipped.run.path}`")


def _runs_import(options: argparse.Namespace) -> None:
    from segcore.archives import import_run
    from segcore.csv_logs import import_csv_log

    if options.file.suffix.lower() == ".csv":
        run = import_csv_log(options.file, options.model, options.data)
    else:
        run = import_run(options.file)
    print(f"imported {run.name}")


def _worker(options: argparse.Namespace) -> None:
    from segcore import worker

    worker.main(device=options.device)


# --- values --------------------------------------------------------------------------------------


def _size(text: str) -> tuple[int, int]:
    """ "256" or "512x256" (width x height) -> (height, width)."""
    try:
        numbers = [int(part) for part in text.lower().split("x")]
        width, height = numbers * 2 if len(numbers) == 1 else numbers
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: give 256 or WIDTHxHEIGHT") from None
    if min(width, height) < 32:
        raise argparse.ArgumentTypeError(f"{text}: give at least 32 pixels a side")
    return height, width


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: give a whole number of 1 or more")
    return int(text)


def _print_json(value: Any) -> None:
    print(json.dumps(value, allow_nan=False))
