"""The command line. Each command parses, calls one function of segcore, and prints the result.

Exit status: 0 done, 2 something the user can mend (one line on standard error), 1 a defect.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from segcore import settings
from segcore.cli.arguments import named_spec
from segcore.errors import SegcoreError
from segcore.system import backend
from segcore.system.child_report import OUT_OF_MEMORY, report
from segcore.system.out_of_memory import is_out_of_memory

COMMANDS = {
    "training": ("prepare", "train", "worker"),
    "scores": ("evaluate", "compare", "robustness", "cost", "report"),
    "prediction": ("predict",),
    "runs": ("runs",),
    "data": ("data",),
    "doctor": ("doctor",),
}
"""Modules of this package and their commands; only that of the command given is imported."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    options = _parser(given).parse_args(given)
    try:
        if not getattr(options, "examines", False):  # doctor reports it among the rest
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
    except Exception as error:  # raised again; the parent process is told what kind it is
        if is_out_of_memory(error):
            report(kind=OUT_OF_MEMORY)
        raise
    return 0


def _failed(error: str) -> int:
    print(f"error: {error}", file=sys.stderr)
    report(error=error)
    return 2


def _tell_where() -> None:
    """Says where an installed package keeps its runs, the first time; `doctor` says so at any
    time."""
    folder = settings.artifacts_dir()
    moved = "SEGCORE_ARTIFACTS" in os.environ
    if not (moved or settings.is_checkout() or folder.exists()):
        print(f"runs are kept in {folder}; SEGCORE_ARTIFACTS moves them", file=sys.stderr)


def _parser(given: Sequence[str]) -> argparse.ArgumentParser:
    """The parser of the given command; of all commands, for the help, where none is given."""
    parser = argparse.ArgumentParser(
        prog="python -m segcore",
        description="Train, evaluate and compare two semantic-segmentation models on streets.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    named = [module for module, names in COMMANDS.items() if given and given[0] in names]
    for module in named or COMMANDS:
        importlib.import_module(f"segcore.cli.{module}").add(commands)
    return parser
