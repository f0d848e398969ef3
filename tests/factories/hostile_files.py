"""Files that are odd, broken or made to harm, made here, in bytes."""

import io
import struct
import zipfile
import zlib

from PIL import Image

from segcore import images  # noqa: F401 -- which teaches Pillow HEIC
from tests.factories.made_data import noise

MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I", "F", "I;16", "I;16B")


def encoded(picture: Image.Image, format: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format, **options)
    return buffer.getvalue()


def photo(height: int = 24, width: int = 32) -> Image.Image:
    return Image.fromarray(noise(0, height, width))


def in_mode(mode: str) -> Image.Image:
    """An image of 32x24 pixels in one of Pillow's modes."""
    if mode.startswith("I;16"):
        return Image.frombytes(mode, (32, 24), bytes(range(256)) * 6)
    if mode == "LAB":
        return Image.frombytes(mode, (32, 24), bytes(32 * 24 * 3))
    return photo().convert(mode)


def png_that_claims(width: int, height: int) -> bytes:
    """A few bytes of PNG that say they are an image of any size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    )


def zip_of(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def hostile() -> dict[str, tuple[bytes, str | None]]:
    """Name -> bytes, and a word of the refusal; None for what is an image after all."""
    jpeg, png = encoded(photo(), "JPEG"), encoded(photo())
    zipped = zip_of({"a.txt": b"hello"})
    return {
        "empty.jpg": (b"", "empty"),
        "text.jpg": (b"not an image", "no format"),
        "script.png": (b"<svg onload=alert(1)>", "no format"),
        "postscript.jpg": (b"%!PS-Adobe-3.0 EPSF-3.0\n", "no format"),
        "truncated.jpg": (encoded(photo(200, 200), "JPEG")[:600], "damaged"),
        "truncated.png": (encoded(photo(200, 200))[:600], "damaged"),
        "truncated.heic": (encoded(photo(64, 64), "HEIF")[:500], "save it|use JPEG"),
        "truncated.avif": (encoded(photo(64, 64), "AVIF")[:300], "save it|use JPEG"),
        "bomb.png": (png_that_claims(60_000, 60_000), "megapixels"),
        "just too large.png": (png_that_claims(8001, 8000), "8001x8000"),
        "bomb.bmp": (encoded(Image.new("1", (8100, 8000)), "BMP"), "megapixels"),
        "claims much.png": (png_that_claims(7900, 8000), "damaged"),
        "line.png": (encoded(Image.new("L", (60_000, 1))), "20:1"),
        "tower.png": (encoded(Image.new("L", (1, 60_000))), "20:1"),
        "one pixel.png": (encoded(Image.new("RGB", (1, 1))), None),
        "really a png.jpg": (png, None),
        "image and archive.jpg": (jpeg + zipped, None),
        "image and script.png": (png + b"<script>alert(1)</script>", None),
        "document.tif": (b"II*\0\x08\0\0\0\xff\xff" + bytes(100), "save it|use JPEG"),
        "animation.gif": (encoded(photo(), "GIF"), "use JPEG"),
        "old.jp2": (encoded(photo(), "JPEG2000"), "use JPEG"),
    }
