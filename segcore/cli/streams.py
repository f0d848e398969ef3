"""Standard output and standard error of the command line, into pipes and files that may fail."""

import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

from segcore.errors import StorageError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Descriptor(io.FileIO):
    """A descriptor whose reader may go away: what is written then is dropped.

    `runs list | head` has seen what it wanted, and `train | head -1` goes on with its training.
    On a full disk the first write raises StorageError.
    """

    def write(self, data: "ReadableBuffer", /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            if not isinstance(error, BrokenPipeError):
                raise StorageError(f"the output cannot be written ({error.strerror})") from error
            return memoryview(data).nbytes


def outlive_readers() -> None:
    """Makes standard output and standard error such streams, otherwise as they were."""
    sys.stdout, sys.stderr = (_outliving(stream) for stream in (sys.stdout, sys.stderr))


def _outliving(stream: TextIO) -> TextIO:
    if not isinstance(stream, io.TextIOWrapper):  # closed, or not of a descriptor
        return stream
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(_Descriptor(stream.fileno(), "w", closefd=False)),
        encoding=stream.encoding,
        errors="backslashreplace",  # a file may have a name in another encoding
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
