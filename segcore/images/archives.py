"""Photos from an untrusted ZIP file; nothing of it is ever written to a disk."""

import io
import zipfile
import zlib
from pathlib import PurePosixPath

from segcore.errors import ImageError
from segcore.images import limits

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_UNREADABLE_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    MemoryError,
)


def list_files(data: bytes) -> list[tuple[str, str | None]]:
    """(name, why it is left out, or None) of each file in a ZIP file, in its order.

    Names are their last part only, for the user to read, never a place on a disk. Folders and
    what systems hide (`.DS_Store`, `__MACOSX/`) are passed over; an archive in the archive is not
    opened.

    Raises:
        ImageError: the file is no ZIP file, or holds too many or too large files.
    """
    with _opened(data) as archive:
        entries = _entries(archive)
        taken = (entry.file_size for entry in entries if _refusal(entry) is None)
        if sum(taken) > limits.MAX_ARCHIVE_BYTES:
            raise ImageError(
                f"The ZIP file unpacks to more than "
                f"{limits.MAX_ARCHIVE_BYTES // limits.MEGABYTE} MB: pack fewer at a time."
            )
        return [
            (PurePosixPath(entry.filename.replace("\\", "/")).name[:200], _refusal(entry))
            for entry in entries
        ]


def read_file(data: bytes, number: int) -> bytes:
    """One of the files that `list_files` names, unpacked.

    Raises:
        ImageError: it is left out, damaged, or the whole file is no ZIP file.
    """
    with _opened(data) as archive:
        entries = _entries(archive)
        if not 0 <= number < len(entries):
            raise ImageError("The ZIP file does not hold that file: upload it again.")
        entry, most = entries[number], limits.MAX_FILE_BYTES
        if refusal := _refusal(entry):
            raise ImageError(refusal)
        try:
            with archive.open(entry) as file:
                content = file.read(most + 1)  # what an entry says of its size need not be so
        except _UNREADABLE_ERRORS as error:
            raise ImageError("It is damaged: pack it again.") from error
    if len(content) > most:
        raise ImageError(_TOO_LARGE)
    return content


def _opened(data: bytes) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except _UNREADABLE_ERRORS as error:
        raise ImageError("The ZIP file is damaged or incomplete: pack it again.") from error


def _entries(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    entries = [entry for entry in archive.infolist() if not _is_hidden(entry)]
    if len(entries) > limits.MAX_FILES:
        raise ImageError(
            f"The ZIP file holds {len(entries)} files, more than {limits.MAX_FILES}: "
            "pack fewer at a time."
        )
    if not entries:
        raise ImageError("The ZIP file holds no files: pack the photos themselves.")
    return entries


def _is_hidden(entry: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(entry.filename.replace("\\", "/")).parts
    return entry.is_dir() or not parts or parts[0] == "__MACOSX" or parts[-1].startswith(".")


_TOO_LARGE = f"It is larger than {limits.MAX_FILE_BYTES // limits.MEGABYTE} MB: make it smaller."


def _refusal(entry: zipfile.ZipInfo) -> str | None:
    """Why the file is not unpacked, by what the archive says of it."""
    if entry.flag_bits & _ENCRYPTED:
        return "It is locked with a password: pack it without."
    if entry.compress_type not in _METHODS:
        return "It is packed in an unusual way: pack it with plain ZIP."
    if entry.file_size > limits.MAX_FILE_BYTES:
        return _TOO_LARGE
    if entry.file_size > limits.MAX_ARCHIVE_RATIO * max(1, entry.compress_size):
        return "It unpacks to far more than a photo would: pack the photo itself."
    return None
