"""A data set of five classes of its own, and runs that tell them apart."""

import json
from pathlib import Path

from segcore.data.sources import open_source
from segcore.labels import LabelSpace
from tests.factories.made_data import id_mask, noise, write_picture

CLASSES = {
    "backdrop": "#202020",
    "leaf": "#3c9c3c",
    "stem": "#96703c",
    "soil": "#5a3c28",
    "pot": "#be503c",
}
FOREIGN = ("cityscapes", "sidewalk", "vegetation", "street", "id 5")
"""Of what nothing is said where these classes are shown."""


def write_plants(root: Path, train: int = 8, val: int = 6) -> str:
    """So many images of 32x24 with their masks; the spec that opens them."""
    for split, frames in (("train", train), ("val", val)):
        for frame in range(frames):
            name = f"bed{frame}_{frame:03}.png"
            write_picture(root / split / "images" / name, noise(frame, 24, 32))
            write_picture(root / split / "masks" / name, id_mask(frame, 24, 32, [0, 1, 2, 3, 4]))
    classes = [
        {"id": id_, "name": name, "color": color}
        for id_, (name, color) in enumerate(CLASSES.items())
    ]
    (root / "classes.json").write_text(json.dumps({"classes": classes}))
    return f"folders:{root}"


def space_of(spec: str) -> LabelSpace:
    return open_source(spec).label_space


def foreign_words(text: str) -> list[str]:
    """Words of other data sets in what is said of this one."""
    return [word for word in FOREIGN if word in text.lower()]
