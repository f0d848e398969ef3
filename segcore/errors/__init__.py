"""Errors a user can cause: one line that names the thing and the way out."""

import secrets

from segcore.errors.plain import printable


class SegcoreError(Exception):
    """Base of every error that is not a bug.

    The message is a single line, ready to be shown: the command line prints it and exits with
    status 2, a page shows it in `st.error`. Names of files in it come from others: what cannot be
    printed is shown as an escape.
    """

    def __str__(self) -> str:
        return printable(super().__str__())


def error_number() -> str:
    """What a visitor is told of a bug, whose details are in the log under the same number."""
    return f"{secrets.randbelow(1_000_000):06}"


class UnreadableError(SegcoreError):
    """A file made elsewhere that does not have the form it should; the message says what is wrong.

    Who reads the file names it, and says what to do.
    """


class DataError(SegcoreError):
    """A data set, or a file of it, that cannot be used as named."""


class ImageError(SegcoreError):
    """A file that is no usable image."""


class RunError(SegcoreError):
    """A run that is not there, or whose files cannot be trusted."""


class RecipeError(SegcoreError):
    """A recipe, model or parameter that does not exist or does not fit."""


class TrainingError(SegcoreError):
    """A training that cannot go on, such as one whose loss is no longer a number."""


class StorageError(SegcoreError):
    """The disk is full or artifacts/ cannot be written."""


class MissingPackageError(SegcoreError):
    """An optional package that the request needs is not installed."""


class BusyError(SegcoreError):
    """More is asked for than can be done now; the same request may succeed later."""
