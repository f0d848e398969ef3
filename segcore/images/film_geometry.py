"""How a video's frames are turned and stretched to be shown, as its file says."""

from typing import Any

import numpy as np

MOST_STRETCH = 4.0
"""Pixels that are more oblong than this are taken for a mistake of the file; HD in 4:3 has 4/3."""

HDR = {16: "PQ", 18: "HLG"}
"""Transfer characteristics of high dynamic range (ITU-T H.273)."""


def shown_size(width: int, height: int, aspect: float) -> tuple[float, float]:
    """Width and height of a frame in square pixels; the side that is too short grows."""
    if not 1 / MOST_STRETCH <= aspect <= MOST_STRETCH:
        return width, height
    return (width * aspect, height) if aspect >= 1 else (width, height / aspect)


def pixel_aspect(stream: Any) -> float:
    """Width of a pixel by its height; 1 where the file says nothing."""
    return float(stream.sample_aspect_ratio or 1)


def upright(image: np.ndarray, frame: Any) -> np.ndarray:
    """(H, W, 3) as decoded -> as it is shown, turned and mirrored by the frame's display matrix.

    The matrix takes a pixel (x, y), y pointing down, to (a x + c y, b x + d y): ISO/IEC 14496-12,
    8.3.2. Of free angles the nearest quarter turn is taken.
    """
    matrix = next((bytes(d) for d in frame.side_data if d.type.name == "DISPLAYMATRIX"), None)
    if matrix is None:
        return image
    a, b, _, c, d, *_ = (int(value) for value in np.frombuffer(matrix, np.int32))
    if abs(a) + abs(d) >= abs(b) + abs(c):
        mirrored_x, mirrored_y = a < 0, d < 0
    else:
        image, mirrored_x, mirrored_y = image.swapaxes(0, 1), c < 0, b < 0
    return np.ascontiguousarray(image[:: -1 if mirrored_y else 1, :: -1 if mirrored_x else 1])


def notes_on(stream: Any) -> tuple[str, ...]:
    """What a viewer of its frames should know, in a few words each."""
    curve = HDR.get(int(stream.codec_context.color_trc or 0))
    if curve is None:
        return ()
    return (f"HDR ({curve}), read without tone mapping: paler than a player shows it",)
