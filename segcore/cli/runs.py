"""The `runs` commands: list, show, promote, rollback, export, import, ship, add-masks, ..."""

import argparse
import functools
import signal
import sys
from pathlib import Path
from typing import Any

from segcore import runs
from segcore.cli.arguments import (
    DATA_HELP,
    add_data_and_split,
    day,
    height_by_width,
    print_json,
)
from segcore.cli.progress_bar import ProgressBar
from segcore.data.sources import DATA_SETS
from segcore.errors import DataError
from segcore.models import model_families
from segcore.prediction.export import FORMATS, OUTPUTS
from segcore.runs import notes
from segcore.runs.data_sets import SLUG_DIGITS, data_sets, find, name_among, read_identity
from segcore.runs.finding import Wanted, find_runs


def add(commands: Any) -> None:
    """Adds the commands to the program's parser."""
    parser = commands.add_parser("runs", help="list, show, promote, move runs")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    _add_looking(actions)
    _add_champions(actions)
    _add_moving(actions)
    _add_shipping(actions)
    _add_elsewhere(actions)


def _add_looking(actions: Any) -> None:
    listing = actions.add_parser("list", help="all runs, newest first")
    listing.add_argument("--json", action="store_true")
    listing.add_argument("--search", default="", metavar="WORDS", help="in names, notes, labels")
    for name in ("model", "recipe", "label"):
        listing.add_argument(f"--{name}", nargs="+", default=())
    listing.add_argument(
        "--data", dest="of_data", nargs="+", default=(), help="names of the data, as listed"
    )
    listing.add_argument(
        "--since", type=day, metavar="YYYY-MM-DD", help="started that day or later"
    )
    listing.add_argument("--champions", action="store_true", help="champions only")
    listing.set_defaults(command=_runs_list)

    show = actions.add_parser("show", help="the manifest of a run")
    show.add_argument("run")
    show.set_defaults(command=_runs_show)

    note = actions.add_parser("note", help="write a note on a run, shown in lists")
    note.add_argument("run")
    note.add_argument("text", help="one line; empty to take it back")
    note.set_defaults(command=_runs_note)

    label = actions.add_parser("label", help="give a run labels to find it by")
    label.add_argument("run")
    label.add_argument("labels", nargs="*", help="they replace those that it has; none clears them")
    label.set_defaults(command=_runs_label)


def _add_champions(actions: Any) -> None:
    promote = actions.add_parser("promote", help="make a run the champion of its model")
    promote.add_argument("run")
    seat = promote.add_mutually_exclusive_group()
    seat.add_argument(
        "--dataset", metavar="DATA", help=f"{DATA_HELP}; default: the one it was trained on"
    )
    seat.add_argument(
        "--for-photos",
        action="store_true",
        help="have it label the photos that visitors upload, whatever data set they look at",
    )
    promote.set_defaults(command=_runs_promote)

    rollback = actions.add_parser("rollback", help="take the last promotion back")
    rollback.add_argument("model", choices=model_families())
    rollback.add_argument("dataset", metavar="DATA", help=f"{DATA_HELP}, or photos")
    rollback.set_defaults(command=_runs_rollback)


def _add_moving(actions: Any) -> None:
    export = actions.add_parser("export", help="a run, or its network alone, as one ZIP file")
    export.add_argument("run")
    export.add_argument("file", type=Path)
    export.add_argument(
        "--format",
        choices=("zip", *FORMATS),
        default="zip",
        help="zip: all of the run, for `runs import`; else its network for other programs",
    )
    export.add_argument(
        "--outputs",
        nargs="+",
        choices=OUTPUTS,
        default=OUTPUTS,
        help="what the network gives; default: both",
    )
    export.set_defaults(command=_runs_export)

    importing = actions.add_parser("import", help="take a run from a ZIP, or a Keras CSV log")
    importing.add_argument("file", type=Path, help="of `runs export`, or of Keras' CSVLogger")
    importing.add_argument("--model", default="unet", help="of a CSV log: what was trained")
    importing.add_argument("--data", default="cityscapes", help="of a CSV log: on what")
    importing.set_defaults(command=_runs_import)


def _add_shipping(actions: Any) -> None:
    shipping = actions.add_parser("ship", help="a small copy in half precision, with a model card")
    shipping.add_argument("run")
    shipping.add_argument("--data", help="where the run's data is now; default: as it was trained")
    shipping.add_argument(
        "--champion-of",
        nargs="*",
        default=[],
        choices=(*DATA_SETS, runs.PHOTOS),
        help="data sets it stands for; photos: those of visitors",
    )
    shipping.set_defaults(command=_runs_ship)

    card = actions.add_parser("card", help="write a run's model card from what is measured of it")
    card.add_argument("run")
    card.set_defaults(command=_runs_card)

    conversion = actions.add_parser(
        "convert", help="convert a shipped run for the installed OpenVINO, to serve without Keras"
    )
    conversion.add_argument("run")
    conversion.set_defaults(command=_runs_convert)


def _add_elsewhere(actions: Any) -> None:
    masks = actions.add_parser(
        "add-masks", help="take masks that another program predicted, to score and compare them"
    )
    masks.add_argument(
        "folder", type=Path, metavar="DIR", help="a PNG of ids for each image, named as the image"
    )
    add_data_and_split(masks)
    masks.add_argument("--name", required=True, help="what to call it, such as SegFormer")
    masks.set_defaults(command=_runs_add_masks)

    onnx = actions.add_parser("add-onnx", help="take a network from elsewhere, as an ONNX file")
    onnx.add_argument("file", type=Path)
    onnx.add_argument(
        "--classes",
        required=True,
        metavar="FILE|cityscapes",
        help="its classes in the order of its output channels, as a classes.json file",
    )
    onnx.add_argument(
        "--size", required=True, type=height_by_width, metavar="HxW", help="that it was trained at"
    )
    onnx.add_argument(
        "--mean", nargs=3, type=float, default=(0, 0, 0), metavar="N",
        help="it sees (pixel - mean) / std, of red, green and blue from 0 to 255; default: 0",
    )  # fmt: skip
    onnx.add_argument(
        "--std", nargs=3, type=float, default=(1, 1, 1), metavar="N", help="default: 1"
    )
    onnx.add_argument("--layout", choices=("nchw", "nhwc"), help="of its input; default: its own")
    onnx.set_defaults(command=_runs_add_onnx)


def _runs_list(options: argparse.Namespace) -> None:
    found = runs.list_runs()
    identity = runs.identities(found)
    of_data = {data: runs.champions(data) for data in set(identity.values())}
    champions = {run.name for each in of_data.values() for run in each.values()}
    sets = data_sets(found, known=identity)
    said = notes.notes()

    @functools.cache
    def name_of(spec: str, data: str) -> str:
        return name_among(sets, spec, data)

    def data_name(run: runs.Run) -> str:
        return name_of(run.spec, identity[run.name])

    wanted = Wanted(
        options.search, options.model, options.recipe, options.of_data, options.label,
        options.since, options.champions,
    )  # fmt: skip
    found = find_runs(found, wanted, data_name, said, champions)
    rows = [_row(run, run.name in champions, said.get(run.name, notes.NOTHING)) for run in found]
    if options.json:
        print_json(rows)
        return
    if not rows and wanted != Wanted():
        print("no run matches")
    elif not rows:
        print("no runs yet; `python -m segcore train --recipe quick-unet --data streets` makes one")
    for damaged in runs.unreadable_runs():
        print(damaged.problem, file=sys.stderr)
    for row, name in zip(rows, map(data_name, found), strict=True):
        score = "" if row["mean_iou"] is None else f"{row['mean_iou']:.4f}"
        mark = "champion" if row["champion"] else ""
        line = f"{row['run']:<44} {row['recipe']:<12} {score:>7} {name:<20} {mark:<8}"
        line += "".join(f" [{label}]" for label in row["labels"]) + f" {row['note']}"
        print(line.rstrip())


def _row(run: runs.Run, is_champion: bool, said: notes.RunNote) -> dict[str, Any]:
    return {
        "run": run.name,
        "model": run.model,
        "data": run.spec,
        "recipe": run.recipe,
        "champion": is_champion,
        "mean_iou": run.best_mean_iou,
        "created": run.created,
        "labels": list(said.labels),
        "note": said.note,
    }


def _runs_show(options: argparse.Namespace) -> None:
    print_json(runs.get_run(options.run).as_dict())


def _runs_note(options: argparse.Namespace) -> None:
    run = runs.get_run(options.run)
    notes.keep_note(run, options.text)
    print(f"{run.name}: {options.text or 'note removed'}")


def _runs_label(options: argparse.Namespace) -> None:
    run = runs.get_run(options.run)
    notes.keep_labels(run, options.labels)
    print(f"{run.name}: {', '.join(options.labels) or 'has no labels'}")


def _runs_promote(options: argparse.Namespace) -> None:
    run = runs.get_run(options.run)
    identity = _seat(options.dataset, run.model) if options.dataset else None
    if options.for_photos:
        identity = runs.PHOTOS
    runs.promote(run, identity)
    identity = identity or runs.identity_of(run)
    if identity == runs.PHOTOS:
        name = name_among(data_sets(), run.spec, runs.identity_of(run))
        print(f"{run.name} labels the photos of all visitors as {run.model}")
        print(
            f"it was trained on {name}: photos unlike that are labelled worse than its scores say"
        )
        return
    name = next((one.name for one in data_sets() if one.identity == identity), run.spec)
    print(f"{run.name} is the champion of {run.model} on {name}")


def _runs_rollback(options: argparse.Namespace) -> None:
    run = runs.rollback(options.model, _seat(options.dataset, options.model))
    champion = run.name if run else "none"
    print(f"the champion of {options.model} on {options.dataset} is now {champion}")


def _seat(text: str, model: str) -> str:
    """The identity of the data set that is meant, whose images are read where they were not yet."""
    if text == runs.PHOTOS:
        return runs.PHOTOS
    standing = [data for seat, data in runs.seats() if seat == model and data.startswith(text)]
    if len(text) >= SLUG_DIGITS and len(standing) == 1:  # of data that are not here any more
        return standing[0]
    data_set = find(text)
    if data_set.identity is not None:
        return data_set.identity
    if data_set.problem is not None:
        raise DataError(f"{text}: {data_set.problem}")
    return read_identity(data_set.spec)


def _runs_export(options: argparse.Namespace) -> None:
    from segcore.prediction.export.exporting import export_network
    from segcore.runs.archives import export_run

    run = runs.get_run(options.run)
    if options.format == "zip":
        export_run(run, options.file)
    else:
        print(export_network(run, options.format, options.file, tuple(options.outputs)))
    print(f"{options.run} written to {options.file}")


def _runs_ship(options: argparse.Namespace) -> None:
    from segcore.cli.shipping import ship

    run = runs.get_run(options.run)
    with ProgressBar() as bar:
        shipped = ship(run, options.data or run.spec, options.champion_of, progress=bar.update)
    print(f"{shipped.run.name}: {shipped.agreement:.4%} of pixels keep their label")
    print(shipped.conversion.reason)
    print(f"commit it with `git add -f {shipped.run.path}`")


def _runs_card(options: argparse.Namespace) -> None:
    from segcore.cli.shipping import write_card

    print(write_card(runs.get_run(options.run)))


def _runs_convert(options: argparse.Namespace) -> None:
    from segcore.prediction.conversion import convert_to_ship

    print(convert_to_ship(runs.get_run(options.run)).reason)


def _runs_import(options: argparse.Namespace) -> None:
    from segcore.jobs.unreadable import problems_of
    from segcore.runs.archives import import_run
    from segcore.runs.csv_logs import import_csv_log

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # cleans up as after Ctrl-C
    if options.file.suffix.lower() == ".csv":
        run = import_csv_log(options.file, options.model, options.data)
    else:
        run = import_run(options.file, problems_of)
    print(f"imported {run.name}")
    for note in run.notes:
        print(note)


def _runs_add_masks(options: argparse.Namespace) -> None:
    from segcore.runs.added_masks import add_masks

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # cleans up as after Ctrl-C
    with ProgressBar() as bar:
        show = functools.partial(bar.update, "reading")
        run = add_masks(options.folder, options.data, options.split, options.name, progress=show)
    print(f"added {run.name}")
    for note in run.notes:
        print(note)


def _runs_add_onnx(options: argparse.Namespace) -> None:
    from segcore.prediction.elsewhere import add_onnx

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # cleans up as after Ctrl-C
    run = add_onnx(
        options.file, options.classes, options.size, options.mean, options.std, options.layout
    )
    network, seen = run.manifest.onnx, run.preprocessing
    assert network is not None
    way = "of any size" if seen.mode == "fit" else "of one size"
    print(f"added {run.name}")
    print(f"takes images {way} ({network.layout}), gives {network.output}")
