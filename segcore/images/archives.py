"""Photos out of a ZIP file that nobody vouches for; nothing of it is ever written to a disk."""

import io
import zipfile
import zlib
from collections.abc import Iterator
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


def read_photos(data: bytes) -> Iterator[tuple[str, bytes | str]]:
    """(name, bytes) of each file in a ZIP file; instead of bytes a reason why it is left out.

    Names are their last part only, for the user to read, never a place on a disk. Folders and
    what systems hide (`.DS_Store`, `__MACOSX/`) are passed over; an archive in the archive is not
    opened.

    Raises:
        ImageError: the file is no ZIP file, or holds too many or too large files.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except _UNREADABLE_ERRORS as error:
        raise ImageError("The ZIP file is damaged or incomplete: pack it again.") from error
    with archive:
        entries = [entry for entry in archive.infolist() if not _is_hidden(entry)]
        if len(entries) > limits.MAX_FILES:
            raise ImageError(
                f"The ZIP file holds {len(entries)} files, more than {limits.MAX_FILES}: "
                "pack fewer at a time."
            )
        if not entries:
            raise ImageError("The ZIP file holds no files: pack the photos themselves.")
        room = limits.MAX_ARCHIVE_BYTES
        for entry in entries:
            content = _content(archive, entry)
            room -= len(content) if isinstance(content, bytes) else 0
            if room < 0:
                raise ImageError(
                    f"The ZIP file unpacks to more than "
                    f"{limits.MAX_ARCHIVE_BYTES // limits.MEGABYTE} MB: pack fewer at a time."
                )
            yield PurePosixPath(entry.filename.replace("\\", "/")).name[:200], content


def _is_hidden(entry: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(entry.filename.replace("\\", "/")).parts
    return entry.is_dir() or not parts or parts[0] == "__MACOSX" or parts[-1].startswith(".")


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes | str:
    """The unpacked file, or why it is not unpacked."""
    if entry.flag_bits & _ENCRYPTED:
        return "It is locked with a password: pack it without."
    if entry.compress_type not in _METHODS:
        return "It is packed in an unusual way: pack it with plain ZIP."
    most = limits.MAX_FILE_BYTES
    if entry.file_size > most:
        return f"It is larger than {most // limits.MEGABYTE} MB: make it smaller."
    if entry.file_size > limits.MAX_ARCHIVE_RATIO * max(1, entry.compress_size):
        return "It unpacks to far more than a photo would: pack the photo itself."
    try:
        with archive.open(entry) as file:
            content = file.read(most + 1)  # what an entry says of its size need not be so
    except _UNREADABLE_ERRORS:
        return "It is damaged: pack it again."
    if len(content) > most:
        return f"It is larger than {most // limits.MEGABYTE} MB: make it smaller."
    return content
