"""What the attacks of `benchmarks.attacks` upload: large, slow and packed pictures."""

import io
import zipfile
import zlib
from collections.abc import Callable
from functools import cache

import numpy as np
from PIL import Image

MEGABYTE = 1 << 20


def photo(seed: int, width: int, height: int) -> bytes:
    """A JPEG that is like no other."""
    noise = np.random.default_rng(seed).integers(0, 255, (height // 32, width // 32, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC).save(buffer, "JPEG")
    return buffer.getvalue()


def slow_png(seed: int, side: int = 8000) -> bytes:
    """16 bits a channel, interlaced: the slowest kind of PNG, and small."""

    def chunk(name: bytes, data: bytes) -> bytes:
        check = zlib.crc32(name + data)
        return len(data).to_bytes(4, "big") + name + data + check.to_bytes(4, "big")

    header = b"".join(value.to_bytes(4, "big") for value in (side, side)) + bytes((16, 2, 0, 0, 1))
    packer, parts = zlib.compressobj(9), []
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2))
    for left, top, across, down in (*passes, (0, 1, 1, 2)):
        width, height = -(-(side - left) // across), -(-(side - top) // down)
        line = b"\0" + seed.to_bytes(6, "big") + bytes(6 * width - 6)
        for _ in range(height):
            parts.append(packer.compress(line))
    parts.append(packer.flush())
    data = chunk(b"IDAT", b"".join(parts))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")


@cache
def twelve_megapixels() -> list[bytes]:
    return [photo(10_000 + number, 4000, 3000) for number in range(24)]


@cache
def forty_eight_megapixels() -> list[bytes]:
    return [photo(20_000 + number, 8000, 6000) for number in range(30)]


@cache
def slow_pictures() -> list[bytes]:
    return [slow_png(number) for number in range(10)]


def packed_photos(seed: int) -> bytes:
    """A ZIP of some 9 MB that unpacks to almost 200."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(9):
            base = np.random.default_rng([seed, number]).bytes(MEGABYTE)
            archive.writestr(f"{number}.bmp", b"".join([base, bytes(20 * MEGABYTE)]))
    return buffer.getvalue()


PICTURES: dict[str, Callable[[], list[bytes]]] = {
    "detailed": twelve_megapixels,
    "large_photos": forty_eight_megapixels,
    "slow_pngs": slow_pictures,
}
"""Made before the attack, whose own work should not slow the victim on these few cores."""
