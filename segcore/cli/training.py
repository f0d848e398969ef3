"""The commands that make runs: prepare, train, worker."""

import argparse
import signal
import sys
from typing import Any

from segcore import runs
from segcore.cli.arguments import SPEC_HELP, positive, size
from segcore.cli.progress_bar import ProgressBar
from segcore.data.sources import DoubtfulDataError, FirstLook, first_look, open_source, split_specs
from segcore.errors import SegcoreError
from segcore.images.preprocessing import Mode
from segcore.recipes import RECIPES
from segcore.recipes.checks import edited, find_recipe
from segcore.system.child_report import report

CHANGES = ("epochs", "batch_size", "seed", "backbone_weights")
"""Fields of a recipe that an option of `train` may replace."""

OF_A_NEW_RUN = ("data", "start_from", "teacher", "leave_out", "merge", "ignore")
"""Options of `train` that a run which is resumed has decided already."""


def add(commands: Any) -> None:
    """Adds the commands to the program's parser."""
    prepare = commands.add_parser("prepare", help="make memory-mapped arrays of a data set")
    prepare.add_argument("--data", required=True, help=SPEC_HELP)
    prepare.add_argument(
        "--size",
        type=size,
        help="256 for 256x256, or WIDTHxHEIGHT, to which images are stretched; default: the data "
        "set's own size and each image's proportions",
    )
    prepare.add_argument(
        "--yes", action="store_true", help="prepare it even where its masks look like other data's"
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
    train.add_argument(
        "--data",
        metavar="SPEC[+SPEC...]",
        help=f"{SPEC_HELP}; several joined by + are trained on together, validated on the first",
    )
    train.add_argument("--epochs", type=positive)
    train.add_argument("--batch-size", type=positive)
    train.add_argument("--seed", type=int)
    train.add_argument("--backbone-weights", metavar="packaged|imagenet|none|FILE")
    train.add_argument("--start-from", metavar="RUN", help="begin with that run's best weights")
    train.add_argument(
        "--teacher", metavar="RUN", help="learn from that run's predictions as well (distillation)"
    )
    train.add_argument(
        "--leave-out",
        metavar="FILM",
        nargs="+",
        help="films or cities not to train on; `evaluate --split train --film FILM` scores them",
    )
    train.add_argument(
        "--merge",
        metavar="CLASS,CLASS=NAME",
        action="append",
        default=[],
        help="train on fewer classes: 'car,truck,bus=vehicle; road; rest=other'; may be repeated",
    )
    train.add_argument(
        "--ignore",
        metavar="CLASS,...",
        action="append",
        default=[],
        help="classes by name or id, or `rest`: neither trained on nor scored",
    )
    train.set_defaults(command=_train)

    worker = commands.add_parser("worker", help="run the queued retrains")
    worker.add_argument(
        "--device",
        default="local",
        metavar="local|gpu:N",
        help="what its jobs run on, one at a time; default: all of this machine",
    )
    worker.set_defaults(command=_worker)


def _look_before(spec: str) -> FirstLook | None:
    """A first look at data in folders that are not prepared yet. Raises DataError."""
    from segcore.data.preparation import prepared_split

    source = open_source(spec)
    if all(prepared_split(source, split) is not None for split in source.splits):
        return None
    return first_look(source)


def _prepare(options: argparse.Namespace) -> None:
    from segcore.data.preparation import prepare

    look = _look_before(options.data)
    if look is not None:
        print(f"{look.spec}: {look.in_words()}")
        if look.doubts and not options.yes:
            raise DoubtfulDataError(look, "To prepare it as it is: add --yes.")
    with ProgressBar() as bar:
        mode: Mode = "fit" if options.size is None else "stretch"
        prepared = prepare(options.data, options.size, mode=mode, progress=bar.update)
    for name, split in prepared.splits.items():
        sizes = sorted({f"{width}x{height}" for height, width in split.sizes})
        shown = sizes[0] if len(sizes) == 1 else f"{len(sizes)} sizes, {sizes[0]} among them"
        print(f"{name}: {len(split.keys)} images of {shown}")
        for finding in split.health.findings:
            print(f"  {finding.problem}: {finding.message}")
    print(f"prepared in {prepared.path}")


def _train(options: argparse.Namespace) -> None:
    from segcore.training.progress import TrainingProgress
    from segcore.training.session import resume, train

    # So that a training which is asked to stop says so in its run.json, as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)

    given = {name: value for name in CHANGES if (value := getattr(options, name)) is not None}
    more = [vars(options)[name] for name in OF_A_NEW_RUN]
    if options.resume and (given or any(more)):
        raise SegcoreError(
            "train --resume goes on by the run's own recipe and data, so it takes no other option; "
            f"to train on from its weights: --recipe NAME --data SPEC --start-from {options.resume}"
        )

    def announce(run: runs.Run) -> None:
        print(f"run: {run.name}", flush=True)
        report(run=run.name)

    with ProgressBar() as bar:

        def show(progress: TrainingProgress) -> None:
            label = f"epoch {progress.epoch}/{progress.epochs} loss {progress.loss:.4f}"
            bar.update(label, progress.step, progress.steps)

        if options.resume:
            run = resume(options.resume, on_progress=show, on_start=announce)
        else:
            if options.data is None:
                raise SegcoreError(f"train --recipe needs --data: {SPEC_HELP}")
            for spec in split_specs(options.data):
                look = _look_before(spec)
                for doubt in look.doubts if look is not None else ():
                    print(f"warning: {spec}: {doubt}", file=sys.stderr)
            run = train(
                edited(find_recipe(options.recipe), given),
                options.data,
                start_from=options.start_from,
                teacher=options.teacher,
                leave_out=options.leave_out or (),
                merge=options.merge,
                ignore=options.ignore,
                on_progress=show,
                on_start=announce,
            )
    if run.manifest.best is not None:
        best = run.manifest.best
        print(f"best epoch {best.epoch}: validation mean IoU {best.mean_iou:.4f}")
    _convert(run)


def _convert(run: runs.Run) -> None:
    """So that its first visitor is served by the faster engine; the run is done without it too."""
    from segcore.prediction.conversion import convert
    from segcore.prediction.loading import may_be_converted

    try:
        if may_be_converted(run):
            print(convert(run).reason)
    except SegcoreError as error:
        print(f"not converted for serving: {error}")


def _worker(options: argparse.Namespace) -> None:
    from segcore.jobs import worker

    worker.main(device=options.device)
