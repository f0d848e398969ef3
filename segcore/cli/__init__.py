"""The command line. Each command parses, calls one function of segcore, and prints the result.

Exit status: 0 done, 2 something the user can mend (one line on standard error), 1 a defect.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from segcore import settings
from segcore.cli import data, doctor, prediction, runs, scores, training
from segcore.cli.arguments import named_spec
from segcore.errors import SegcoreError
from segcore.system import backend
from segcore.system.child_report import OUT_OF_MEMORY, report
from segcore.system.out_of_memory import is_out_of_memory


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit status."""
    options = _parser().parse_args(arguments)
    try:
        if options.command is not _examine:  # which tells of it among the rest
            backend.check_backend()
            _tell_where()
        if getattr(options, "data", None):
            options.data = named_spec(options.data)
        options.command(options)
        sys.stdout.flush()  # where it cannot be written, that is known now
    except SegcoreError as error:
        return _failed(str(error))
    except KeyboardInterrupt:
        return _failed("stopped by hand")
    except Exception as error:  # raised on; whoever started this process is told what kind it is
        if is_out_of_memory(error):
            report(kind=OUT_OF_MEMORY)
        raise
    return 0


def _failed(error: str) -> int:
    print(f"error: {error}", file=sys.stderr)
    report(error=error)
    return 2


def _tell_where() -> None:
    """Where an installed package begins to keep its runs; doctor says so at any time."""
    folder = settings.artifacts_dir()
    moved = "SEGCORE_ARTIFACTS" in os.environ
    if not (moved or settings.is_checkout() or folder.exists()):
        print(f"runs are kept in {folder}; SEGCORE_ARTIFACTS moves them", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m segcore",
        description="Train, evaluate and compare two semantic-segmentation models on streets.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for room in (training, scores, prediction, run_folders, data):
        room.add(commands)
    examine = commands.add_parser("doctor", help="what is here, what is missing and how to fix it")
    examine.add_argument(
        "--move-away", action="store_true", help="move what cannot be read to a folder of its own"
    )
    examine.set_defaults(command=_examine)
    return parser


def _examine(options: argparse.Namespace) -> None:
    doctor.examine(options.move_away)
