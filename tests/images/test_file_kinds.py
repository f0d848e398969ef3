"""What a file is, by its first bytes."""

import numpy as np
import pytest

from segcore.images.file_kinds import kind_of
from segcore.images.videos import VideoWriter
from tests.factories.hostile_files import encoded, photo, zip_of


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF", "TIFF", "BMP"])
def test_every_format_of_photos_is_a_photo(format: str) -> None:
    assert kind_of(encoded(photo(), format)) == "photo"


@pytest.mark.parametrize("data", [b"", b"x", b"\0\0\0\x18ftypmif3avif", b"\0\0\0\x18ftyp"])
def test_what_is_nothing_known_is_opened_as_a_photo(data: bytes) -> None:
    assert kind_of(data) == "photo"


def test_archives_and_videos_are_told_apart() -> None:
    writer = VideoWriter(1.0)
    writer.add(0, np.zeros((16, 16, 3), np.uint8))
    assert kind_of(writer.finish()) == "video"
    assert kind_of(b"\0\0\0\x14ftypqt  ") == "video"
    assert kind_of(b"\0\0\0\x08wide\0\0\0\0mdat") == "video"
    assert kind_of(zip_of({"a": b"b"})) == "archive"
