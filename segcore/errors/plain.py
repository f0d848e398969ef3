"""Texts that others wrote, made safe to print, to show and to put into a page.

`printable` keeps a text on one line and free of terminal codes. `plain` also takes from it what
Markdown, HTML or a browser would act on, so that it reads the same wherever it is shown.
"""

import os
import re
from pathlib import Path

_ESCAPED = re.compile(r"\\x([89a-f][0-9a-f])")
_MARKUP = re.compile(
    r"[\[\]<>*`$|~#{}^]|\\(?=[^\w\s])"  # emphasis, links, code, HTML, formulas, tables, headings
    r"|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])"  # emphasis; not inside a word
    r"|:(?=[\w/+-]+:)|:(?=//)|!(?=\[)"  # Streamlit's icons, addresses, images
    r"|(?<=www)\.|&(?=#?\w+;)"  # addresses, character references
    r"|^[-+=](?=\s|$)"  # lists and rules, which begin a line
    r"|(?:(?<=^\d)|(?<=^\d\d)|(?<=^\d{3}))[.)](?=\s|$)"  # numbered lists, not versions: 3.11.7
    r"|^[-=+@]",  # formulas of a spreadsheet
    re.IGNORECASE,
)
_TO_FULL_WIDTH = 0xFEE0  # from "!" to its full-width twin, which looks alike and means nothing


def printable(text: str) -> str:
    r"""The text on one line, every character that cannot be seen written as an escape.

    Bytes of a file name that are no UTF-8 (surrogate escapes) become `\xNN`.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def plain(text: str, longest: int = 200) -> str:
    """The text as characters that nothing acts on, cut after `longest` of them.

    Characters with a meaning in Markdown, HTML or a spreadsheet become their full-width twins.
    """
    shown = printable(" ".join(text[: 4 * longest].split()))
    if len(shown) > longest:
        shown = shown[: longest - 1] + "…"
    return inert(shown)


def inert(text: str) -> str:
    """The text without anything that Markdown, HTML, a browser or a spreadsheet acts on."""
    return _MARKUP.sub(lambda found: chr(ord(found[0]) + _TO_FULL_WIDTH), text)


def for_markdown(text: str) -> str:
    """As `inert`, for Markdown alone: stars and underscores stay what they are."""
    return _MARKUP.sub(
        lambda found: f"\\{found[0]}" if found[0] in "*_" else chr(ord(found[0]) + _TO_FULL_WIDTH),
        text,
    )


def file_name(path: str | os.PathLike[str]) -> str:
    r"""The last part of a path, bytes that are no UTF-8 as `\xNN`: fit for a key, JSON, a page."""
    return printable(os.path.basename(os.fspath(path)))


def path_text(path: str | os.PathLike[str]) -> str:
    r"""The whole path as text; bytes that are no UTF-8 as `\xNN`, all else as it is."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def path_of(text: str) -> Path:
    r"""The path that `path_text` wrote; of one that is there as it is written, that."""
    path = Path(text)
    if not _ESCAPED.search(text) or os.path.lexists(path):
        return path
    return Path(_ESCAPED.sub(lambda found: chr(0xDC00 + int(found[1], 16)), text))


def _escape(char: str) -> str:
    if "\udc80" <= char <= "\udcff":  # a byte, as os.fsdecode keeps it
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char.encode("unicode_escape").decode()
