"""Images: untrusted files decoded, resizing, and writing without loss.

The files of strangers (photos, archives of them, videos) are opened by a `Decoder`, in a process
of its own that is thrown away.
"""

from segcore.images.decoding import (
    UNREADABLE_ERRORS,
    Photo,
    decode_image,
    decode_photo,
    image_suffixes,
)
from segcore.images.encoding import encode_png, is_signed
from segcore.images.overlay import overlay
from segcore.images.resizing import nearest, resize_image, resize_labels

__all__ = [
    "UNREADABLE_ERRORS",
    "Photo",
    "decode_image",
    "decode_photo",
    "encode_png",
    "image_suffixes",
    "is_signed",
    "nearest",
    "overlay",
    "resize_image",
    "resize_labels",
]
