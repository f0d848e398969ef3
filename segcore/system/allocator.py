"""The C library's allocator: told to keep what a network frees, or to hand back what it kept.

glibc hands every large block back to the kernel and asks for a new one at the next batch, page by
page: on a CPU that was half of a training's time (docs/speed.md). Smaller blocks it keeps
for good, in an arena for each thread.
"""

import ctypes
import sys
from collections.abc import Callable

# Parameters of mallopt(3), as malloc.h numbers them.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _MMAP_MAX, _ARENA_MAX = -1, -2, -3, -4, -8

_GROWTH = 64 << 20  # bytes asked of the kernel at a time
_HUGE = 32 << 20  # bytes, the largest threshold that glibc takes
_LARGE = 8 << 20


def keep_freed_memory() -> None:
    """Keeps freed memory in this process for its next allocations; it ends with the process.

    For a process that runs networks and then exits, before it starts threads. Does nothing where
    the C library is not glibc.
    """
    mallopt = _of_glibc("mallopt")
    if mallopt is None:
        return
    mallopt(_ARENA_MAX, 1)  # an arena of a thread holds 64 MiB at most, a layer's output needs more
    mallopt(_MMAP_MAX, 0)
    mallopt(_TRIM_THRESHOLD, 2**31 - 1)
    mallopt(_TOP_PAD, _GROWTH)


def share_one_arena() -> None:
    """Lets all threads of this process free and take memory in one place.

    For a server: each visit's thread takes an arena of its own, whose free memory no other visit's
    can use. To be called early: arenas that there are stay. Nothing where there is no glibc.
    """
    mallopt = _of_glibc("mallopt")
    if mallopt is not None:
        mallopt(_ARENA_MAX, 1)


def hand_back_large_blocks() -> None:
    """Hands blocks of 8 MiB and more back to the kernel as soon as they are freed.

    For a server, whose blocks of that size are photos and uploads. Without this glibc raises its
    threshold to the largest block that was freed, up to 32 MiB: freed photos then stay, between
    others that are still in use.
    """
    mallopt = _of_glibc("mallopt")
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _LARGE)


def hand_back_huge_blocks() -> None:
    """Takes `keep_freed_memory` back for blocks of 32 MiB and more, for networks of many such.

    Kept, blocks of a gigabyte and of many sizes hardly fit into each other's place.
    """
    mallopt = _of_glibc("mallopt")
    if mallopt is None:
        return
    mallopt(_MMAP_THRESHOLD, _HUGE)
    mallopt(_MMAP_MAX, 2**16)  # glibc's own default


def hand_back_freed_memory() -> None:
    """Gives what was freed in any thread back to the kernel; nothing where there is no glibc."""
    malloc_trim = _of_glibc("malloc_trim")
    if malloc_trim is not None:
        malloc_trim(0)


def _of_glibc(name: str) -> Callable[..., int] | None:
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
