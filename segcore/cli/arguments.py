"""What several commands take and how they print."""

import argparse
import json
from datetime import date
from pathlib import Path
from typing import Any

from segcore.data.sources import DATA_SETS, SPEC_FORMS, recognise
from segcore.runs.data_sets import data_sets

SPEC_HELP = f"{', '.join(SPEC_FORMS)}, a folder, or a data set's name"
DATA_HELP = "a data set's name or spec"


def add_data_and_split(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", required=True, help=SPEC_HELP)
    parser.add_argument("--split", default="val", choices=("train", "val", "test"))


def named_spec(text: str) -> str:
    """The spec of the data set of that name, or of a folder by its layout; others as they are.

    Raises DataError for a folder of no known layout.
    """
    if ":" in text or text == "streets":
        return text
    named = [one.spec for one in data_sets() if one.name.casefold() == text.casefold()]
    if named:
        return named[0]
    is_folder = text not in DATA_SETS and Path(text).is_dir()
    return recognise(Path(text)) if is_folder else text


def size(text: str) -> tuple[int, int]:
    """ "256" or "512x256" (width x height) -> (height, width)."""
    try:
        numbers = [int(part) for part in text.lower().split("x")]
        width, height = numbers * 2 if len(numbers) == 1 else numbers
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: give 256 or WIDTHxHEIGHT") from None
    if min(width, height) < 32:
        raise argparse.ArgumentTypeError(f"{text}: give at least 32 pixels a side")
    return height, width


def height_by_width(text: str) -> tuple[int, int]:
    """ "256x512" -> (256, 512), as the shapes of networks are written."""
    height, _, width = text.lower().partition("x")
    if not (height.isdecimal() and width.isdecimal() and min(int(height), int(width)) >= 8):
        raise argparse.ArgumentTypeError(f"{text}: give HEIGHTxWIDTH, 8 pixels a side or more")
    return int(height), int(width)


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: give a whole number of 1 or more")
    return int(text)


def day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: give a day such as 2026-01-31") from None


def print_json(value: Any) -> None:
    print(json.dumps(value, allow_nan=False))
