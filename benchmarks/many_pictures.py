"""A data set of Mapillary's size, made of a few files behind many names (hard links).

Of 25,000 images 18,000 are of train and 2,000 of val, with masks in 66 classes, and 5,000 of test,
without; named at random, as Mapillary's are. They are small, so that counting them takes a minute.
"""

import hashlib
import json
import os
import resource
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from segcore import settings
from segcore.data.preparation.counting import count_split
from segcore.data.preparation.digests import split_digest
from segcore.data.sources import first_look, open_source, recognise
from segcore.files.writing import to_json, write_atomically
from segcore.runs.data_sets import find, rename

CLASSES = 66
SIZE = (128, 256)
DISTINCT = 12
"""Files behind all names."""

SHARES = {"train": 0.72, "val": 0.08, "test": 0.2}
BLOCKS = (16, 32)
"""Rectangles of one class each that a mask is made of; a few of them are rare classes."""


def make_pictures(folder: Path, pictures: int, size: tuple[int, int] = SIZE) -> str:
    """Makes the data set; returns its spec."""
    files = folder / "files"
    files.mkdir(parents=True)
    for number in range(DISTINCT):
        _make_pair(files, number, size)
    for split, share in SHARES.items():
        for kind, suffix in (("images", ".jpg"), ("masks", ".png")):
            if (split, kind) == ("test", "masks"):
                continue
            place = folder / split / kind
            place.mkdir(parents=True)
            for number in range(round(pictures * share)):
                name = hashlib.sha256(f"{split} {number}".encode()).hexdigest()[:22]
                os.link(files / f"{number % DISTINCT}{suffix}", place / f"{name}{suffix}")
    named = [{"id": id_, "name": f"kind {id_:02}"} for id_ in range(CLASSES)]
    (folder / "classes.json").write_text(json.dumps({"classes": named}))
    return f"folders:{folder}"


def _make_pair(files: Path, number: int, size: tuple[int, int]) -> None:
    random = np.random.default_rng(number)
    drawn = np.minimum(random.geometric(0.06, BLOCKS) - 1, CLASSES - 1).astype(np.uint8)
    each = tuple(length // blocks for length, blocks in zip(size, BLOCKS, strict=True))
    mask = np.kron(drawn, np.ones(each, np.uint8))
    Image.fromarray(mask).save(files / f"{number}.png")
    color = random.integers(0, 255, (CLASSES, 3)).astype(np.uint8)
    Image.fromarray(color[mask]).save(files / f"{number}.jpg", quality=80)


def register(spec: str, name: str) -> dict[str, float | str]:
    """Has the studio know and count the data set: seconds and peak memory of that, its address."""
    begun = time.perf_counter()
    source = open_source(recognise(Path(spec.partition(":")[2])))
    first_look(source)
    looked = time.perf_counter()
    write_atomically(settings.datasets_path(), to_json([spec]))
    masks = sum(len(count_split(spec, split).keys) for split in ("train", "val"))
    counted = time.perf_counter()
    split_digest(spec, "val")
    rename(spec, name)
    return {
        "look": looked - begun,
        "count": (counted - looked) / masks,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
        "slug": find(name).slug,
    }


if __name__ == "__main__":
    print(json.dumps(register(sys.argv[1], sys.argv[2])))
