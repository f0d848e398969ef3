"""ZIP files that others made: opened only where their table of contents is small."""

import os
import struct
import zipfile
from pathlib import Path

from segcore.errors import UnreadableError

_END = struct.Struct("<4s4H2LH")  # the end of the central directory
_END_MARK, _ZIP64_MARK = b"PK\x05\x06", b"PK\x06\x07"
_ZIP64_LOCATOR_BYTES = 20
_LONGEST_COMMENT = 1 << 16


def open_zip(path: Path, most_entries: int) -> zipfile.ZipFile:
    """The archive; `zipfile` reads all of its table of contents into memory when it is opened.

    Raises:
        UnreadableError: no ZIP file, one of too many entries, or one in the format for huge ones.
        OSError: it cannot be opened.
    """
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        tail_bytes = _END.size + _LONGEST_COMMENT + _ZIP64_LOCATOR_BYTES
        file.seek(max(0, size - tail_bytes))
        tail = file.read(tail_bytes)
    at = tail.rfind(_END_MARK)
    if at < 0 or len(tail) < at + _END.size:
        raise UnreadableError("is no ZIP file")
    *_, entries, table_bytes, _, _ = _END.unpack_from(tail, at)
    is_zip64 = tail[max(0, at - _ZIP64_LOCATOR_BYTES) : at].startswith(_ZIP64_MARK)
    if is_zip64 or entries > most_entries or table_bytes > 300 * most_entries:
        raise UnreadableError(f"holds more than {most_entries:,} files")
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise UnreadableError("is no ZIP file") from error
