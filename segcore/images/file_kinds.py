"""What a file is, by its first bytes: its name says nothing that can be relied on."""

from typing import Literal

Kind = Literal["photo", "archive", "video"]

_ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_VIDEO_BRANDS = tuple(
    b"iso mp4 mp7 avc1 hvc1 hev1 av01 M4V qt 3gp 3g2 MSNV dash f4v mmp4 XAVC".split()
)
"""How the brands of MP4 and MOV files begin; HEIC and AVIF files have other brands."""

_MOV_BOXES = (b"moov", b"mdat", b"wide", b"free", b"skip")
"""What a MOV file without a brand may begin with."""


def kind_of(data: bytes) -> Kind:
    """Whether to open a file as a ZIP file, an MP4 or MOV video, or, failing that, a photo."""
    if data[:4] in _ARCHIVES:
        return "archive"
    branded = data[4:8] == b"ftyp" and data[8:12].startswith(_VIDEO_BRANDS)
    return "video" if branded or data[4:8] in _MOV_BOXES else "photo"
