"""PNG files of every kind, byte by byte: the usual writers choose the kind themselves."""

import struct
import zlib
from collections.abc import Sequence

import numpy as np

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6


def png(
    samples: np.ndarray,
    depth: int,
    kind: int = GREY,
    palette: Sequence[Sequence[int]] | None = None,
    transparency: Sequence[int] | None = None,
) -> bytes:
    """A PNG file of (H, W) or (H, W, channels) samples, written as they are.

    Args:
        depth: bits a sample, 1 to 16.
        transparency: bytes of the tRNS chunk.
    """
    height, width = samples.shape[:2]
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0))]
    if palette is not None:
        chunks.append((b"PLTE", bytes(part for color in palette for part in color)))
    if transparency is not None:
        chunks.append((b"tRNS", bytes(transparency)))
    bits = np.array([1 << bit for bit in reversed(range(depth))], np.uint16)
    rows = samples.reshape(height, -1)
    packed = np.packbits((rows[..., None].astype(np.uint16) & bits > 0).reshape(height, -1), axis=1)
    lines = np.hstack([np.zeros((height, 1), np.uint8), packed])
    chunks += [(b"IDAT", zlib.compress(lines.tobytes())), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
