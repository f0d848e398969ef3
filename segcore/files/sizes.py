"""Bytes in words, everywhere the same."""


def byte_size(count: float) -> str:
    """2.1 GB, 340 MB, 12 kB: powers of 1000, as disks and browsers count them."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6)):
        if count >= factor:
            return f"{count / factor:.{1 if count < 10 * factor else 0}f} {unit}"
    return f"{count / 1e3:.0f} kB"
