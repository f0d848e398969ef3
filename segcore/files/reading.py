"""Files that others may have made, read once on the way in: limited in size, then validated.

Who reads gives a schema (a `msgspec.Struct`) and gets an object of it, or an `UnreadableError` that
says in one line what does not fit. What a schema does not name is left alone, so that a file of a
later version can be read.
"""

import csv
import io
import json
import math
import os
import re
import stat
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec

from segcore.errors import UnreadableError
from segcore.errors.plain import plain, printable

MAX_JSON_BYTES = 1 << 20
MAX_CSV_BYTES = 5_000_000
MAX_ROWS = 20_000
MAX_DEPTH = 200
MAX_VALUES = 20_000
"""Limits of any JSON file: how deep it nests and how many values it holds."""

LARGEST = 1 << 53
"""Whole numbers up to here are exact in any JSON reader and fit every table."""

Record = TypeVar("Record")

Count = Annotated[int, msgspec.Meta(ge=0, le=LARGEST)]
Positive = Annotated[int, msgspec.Meta(ge=1, le=LARGEST)]
Number = Annotated[float, msgspec.Meta(ge=-1e300, le=1e300)]
Amount = Annotated[float, msgspec.Meta(ge=0, le=1e300)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Plain(str):
    """A text to be shown: characters that nothing acts on (`segcore.errors.plain`)."""


class Text(str):
    """As `Plain`, of several sentences."""


class Word(str):
    """A name that also becomes a part of a file's name: letters, digits and `. _ + -`."""


class Spec(str):
    """A data spec or a path; one line."""


class Moment(str):
    """A time with its zone, as ISO 8601 writes it."""


class Day(str):
    """A time as ISO 8601 writes it, perhaps without its zone, or a date alone."""


def read_bytes(path: Path, most: int) -> bytes:
    """The whole file, which must be a plain file of at most `most` bytes.

    Raises:
        UnreadableError: missing, larger, no plain file, or it cannot be read.
    """
    try:
        # A pipe of that name would block for ever.
        with open(path, "rb", opener=_without_waiting) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise UnreadableError("is no plain file")
            data = file.read(most + 1)
    except OSError as error:
        raise UnreadableError(f"cannot be opened ({error.strerror})") from error
    if len(data) > most:
        raise UnreadableError(f"is larger than {most:,} bytes")
    return data


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def read_json(path: Path, schema: type[Record], most: int = MAX_JSON_BYTES) -> Record:
    """The file's content as the schema has it.

    Raises:
        UnreadableError: as `read_bytes`, or it is no JSON of that schema.
    """
    return typed(parse_json(read_bytes(path, most)), schema)


def parse_json(data: bytes | str) -> Any:
    """A JSON text as Python's own types. Raises UnreadableError."""
    try:
        value = json.loads(data, parse_constant=_no_number)
        _require_bounded(value)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"is no JSON ({_short(error)})") from error
    return value


def typed(value: Any, schema: type[Record]) -> Record:
    """A parsed value as the schema has it. Raises UnreadableError."""
    try:
        return msgspec.convert(value, schema, dec_hook=_convert)
    except (msgspec.ValidationError, ValueError, OverflowError, RecursionError) as error:
        raise UnreadableError(_short(error)) from error


def plain_values(value: Any) -> Any:
    """A JSON value to be shown: its texts `plain`, its numbers finite and of a usual size.

    Raises UnreadableError.
    """
    if isinstance(value, Mapping):
        return {plain(str(key)): plain_values(held) for key, held in value.items()}
    if isinstance(value, list):
        return [plain_values(held) for held in value]
    if isinstance(value, str):
        return plain(value, longest=500)
    most = LARGEST if isinstance(value, int) else 1e300
    if isinstance(value, int | float) and not abs(value) <= most:
        raise UnreadableError(f"holds a number beyond {most:.0e}")
    return value


def parse_table(
    data: bytes, columns: tuple[str, ...], wanted: tuple[str, ...]
) -> list[dict[str, float]]:
    """The rows of a CSV file of numbers; NaN for an empty cell or a column that is not there.

    Args:
        columns: those that are taken; others are left out.
        wanted: those that must be there.

    Raises:
        UnreadableError: no such table.
    """
    if len(data) > MAX_CSV_BYTES:
        raise UnreadableError(f"is larger than {MAX_CSV_BYTES:,} bytes")
    rows: list[dict[str, float]] = []
    try:
        reader = csv.DictReader(io.StringIO(data.decode(), newline=""))
        if missing := [name for name in wanted if name not in (reader.fieldnames or ())]:
            raise UnreadableError(f"has no column `{missing[0]}`")
        for row in reader:
            if len(rows) == MAX_ROWS:
                raise UnreadableError(f"has more than {MAX_ROWS:,} rows")
            rows.append({name: float(row.get(name) or "nan") for name in columns})
    except (ValueError, csv.Error, TypeError) as error:
        raise UnreadableError(f"is no table of numbers ({_short(error)})") from error
    if any(abs(value) > LARGEST for row in rows for value in row.values()):
        raise UnreadableError(f"holds a number beyond {LARGEST:.0e}")
    return rows


def is_word(text: str) -> bool:
    """Whether it may be a `Word`."""
    return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}", text) is not None


def _require_bounded(value: Any) -> None:
    waiting, values = [(value, 0)], 0
    while waiting:
        held, depth = waiting.pop()
        values += 1
        if depth > MAX_DEPTH or values > MAX_VALUES:
            raise ValueError("too deep or too much of it")
        if isinstance(held, dict):
            waiting += [(inner, depth + 1) for inner in held.values()]
        elif isinstance(held, list):
            waiting += [(inner, depth + 1) for inner in held]
        elif isinstance(held, float) and not math.isfinite(held):
            raise ValueError("a number that is not finite")


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _convert(schema: type, value: Any) -> Any:
    """The types of ours that msgspec does not know; its error names the place in the file."""
    if not isinstance(value, str):
        raise ValueError(f"Expected `str`, got `{type(value).__name__}`")
    if schema is Plain:
        return Plain(plain(value))
    if schema is Text:
        return Text(plain(value, longest=1000))
    if schema is Word:
        if not is_word(value):
            raise ValueError("Expected a name of letters, digits and . _ + -")
        return Word(value)
    if schema is Spec:
        if len(value) > 4096:
            raise ValueError("Expected at most 4096 characters")
        return Spec(printable(value))
    if schema is Moment or schema is Day:
        moment = datetime.fromisoformat(value)
        if not 1970 <= moment.year < 2200 or (schema is Moment and moment.tzinfo is None):
            raise ValueError("Expected a time with its zone")
        return schema(value)
    raise NotImplementedError


def _short(error: BaseException) -> str:
    return plain(str(error) or type(error).__name__, longest=120)
