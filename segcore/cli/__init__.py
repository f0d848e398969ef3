"""The command line. Each command parses, calls one function of segcore, and prints the result.

Exit status: 0 done, 2 something the user can mend (one line on standard error), 1 a defect.
"""

import argparse
import sys
from collections.abc import Sequence

from segcore import doctor
from segcore.cli import prediction, run_folders, scores, training
from segcore.errors import SegcoreError


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
    for room in (training, scores, prediction, run_folders):
        room.add(commands)
    examine = commands.add_parser("doctor", help="what is here, what is missing, what mends it")
    examine.set_defaults(command=lambda options: doctor.examine())
    return parser
