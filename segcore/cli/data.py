"""The commands about data sets that are known here: `data list`, `data rename`."""

import argparse
from typing import Any

from segcore.cli.arguments import DATA_HELP, print_json
from segcore.runs.data_sets import DataSet, data_sets, find, rename


def add(commands: Any) -> None:
    """Adds the commands to the program's parser."""
    parser = commands.add_parser("data", help="list and name data sets")
    actions = parser.add_subparsers(required=True, metavar="ACTION")

    listing = actions.add_parser("list", help="all data sets, and whether they are here")
    listing.add_argument("--json", action="store_true", help="one JSON list on standard output")
    listing.set_defaults(command=_data_list)

    renaming = actions.add_parser("rename", help="give a data set another name")
    renaming.add_argument("of", metavar="DATA", help=DATA_HELP)
    renaming.add_argument("name")
    renaming.set_defaults(command=_data_rename)


def _data_list(options: argparse.Namespace) -> None:
    found = data_sets()
    if options.json:
        print_json([_row(one) for one in found])
        return
    for one in found:
        digest = (one.identity or "not read yet")[:12]
        print(f"{one.name:<24} {digest:<12} {one.spec if one.problem is None else 'not here'}")


def _row(one: DataSet) -> dict[str, Any]:
    return {
        "name": one.name,
        "identity": one.identity,
        "data": one.spec,
        "problem": one.problem,
    }


def _data_rename(options: argparse.Namespace) -> None:
    data_set = find(options.of)
    rename(data_set.spec, options.name)
    print(f"{data_set.name} is called {options.name} from now on")
