"""What a file is, by its first bytes: its name says nothing that can be relied on."""

from typing import Literal

Kind = Literal["photo", "archive", "video"]

_ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_PHOTO_BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"mif2", b"msf1", b"miaf"}
    | {b"avif", b"avis", b"1pic"}
)
_VIDEO_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")


def kind_of(data: bytes) -> Kind:
    """Whether to open a file as a ZIP file, an MP4 or MOV video, or, failing that, a photo."""
    if data[:4] in _ARCHIVES:
        return "archive"
    if data[4:8] in _VIDEO_BOXES and data[8:12] not in _PHOTO_BRANDS:
        return "video"
    return "photo"
