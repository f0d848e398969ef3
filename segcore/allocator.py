"""The C library's allocator, told to keep what a network frees.

glibc hands every large block back to the kernel and asks for a new one at the next batch, page by
page: on a CPU that was half of a training's time (docs/measurements.md).
"""

import ctypes
import sys

# Parameters of mallopt(3), as malloc.h numbers them.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX, _ARENA_MAX = -1, -2, -4, -8

_GROWTH = 64 << 20  # bytes asked of the kernel at a time


def keep_freed_memory() -> None:
    """Keeps freed memory in this process for its next allocations; it ends with the process.

    For a process that runs networks and then exits, before it starts threads. Does nothing where
    the C library is not glibc.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is None:
        return
    mallopt(_ARENA_MAX, 1)  # an arena of a thread holds 64 MiB at most, a layer's output needs more
    mallopt(_MMAP_MAX, 0)
    mallopt(_TRIM_THRESHOLD, 2**31 - 1)
    mallopt(_TOP_PAD, _GROWTH)
