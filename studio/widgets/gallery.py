"""Thumbnails with their masks: a Streamlit component of version 2.

Opacity, a class lit alone and the name of the class under the pointer need no answer from the
server; a click comes back to Python.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from studio.component import component
from studio.thumbnails import Thumbnail

_mount = component("gallery", "masks.js", "widgets/gallery.js")


@dataclass(frozen=True)
class LegendEntry:
    """A label of the masks shown, and a few words beside its name."""

    id: int
    name: str
    color: str
    note: str


def show_gallery(
    name: str,
    thumbnails: Sequence[Thumbnail],
    captions: Sequence[str],
    legend: Sequence[LegendEntry],
    chosen: str | None = None,
) -> str | None:
    """Shows the thumbnails in a grid.

    Args:
        name: key of the component.
        chosen: the key of the one that is shown closely above.

    Returns:
        The key of the thumbnail that was just clicked, or None.
    """
    data = {
        "items": [
            {**vars(found), "caption": caption}
            for found, caption in zip(thumbnails, captions, strict=True)
        ],
        "labels": [vars(entry) for entry in legend],
        "chosen": chosen,
    }
    result = _mount(key=name, data=data, on_opened_change=lambda: None)
    return str(result.opened) if result.opened else None
