"""Files as a part of a cache's key."""

from pathlib import Path

Stamp = tuple[tuple[str, int], ...]
"""Files with their modification times in nanoseconds: changes when one of them does."""


def stamp_of(*paths: Path) -> Stamp:
    """The stamp of the paths that exist, in their order."""
    found = []
    for path in paths:
        try:
            found.append((str(path), path.stat().st_mtime_ns))
        except FileNotFoundError:
            continue
    return tuple(found)
