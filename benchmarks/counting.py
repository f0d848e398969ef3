"""How much longer counting a data set's masks takes than merely decoding them.

    python -m benchmarks.counting [--masks 300]

Makes masks in Cityscapes' layout at 2048x1024 in a temporary folder, then takes turns between
decoding them, counting them, and counting their pixels alone with np.unique, on as many threads,
and opens the stored counts.
"""

import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.figures import figure_of, parser_of, tell
from segcore.data.preparation.counting import count_split, stored_counts
from segcore.data.sources import open_source
from segcore.data.sources.streets import render_scene

ROUNDS = 3


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--masks", type=int, default=300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = make_data_set(Path(folder) / "data", options.masks)
        spec = f"cityscapes:{folder}/data"
        decoding, counting, unique, opening = [], [], [], []
        for turn in range(ROUNDS):
            decoding.append(seconds(lambda: decode(paths)))
            os.environ["SEGCORE_ARTIFACTS"] = f"{folder}/artifacts-{turn}"
            counting.append(seconds(lambda: count_split(spec, "train")))
            opening.append(seconds(lambda: stored_counts(open_source(spec), "train")))
            unique.append(seconds(lambda: count_with_unique(paths)))
    ratios = [count / plain for count, plain in zip(counting, decoding, strict=True)]
    peers = [count / peer for count, peer in zip(counting, unique, strict=True)]
    figures = [
        figure_of(
            "counting all that the Dataset page says / decoding", ratios, wanted="1.5 or less"
        ),
        figure_of("counting / np.unique, which counts the pixels alone", peers),
        figure_of(f"decoding {options.masks} masks of 2048x1024", decoding, "s"),
        figure_of("opening the stored counts", opening, "s", wanted="under 0.1 s"),
    ]
    tell(figures, options.json)


def make_data_set(root: Path, masks: int) -> list[Path]:
    """Street scenes in Cityscapes' layout; images are links to one, as they are not read."""
    images = root / "leftImg8bit" / "train" / "town"
    labels = root / "gtFine" / "train" / "town"
    images.mkdir(parents=True)
    labels.mkdir(parents=True)
    paths = []
    for index in range(masks):
        name = f"town_{index:06}_000019"
        path = labels / f"{name}_gtFine_labelIds.png"
        if index < 10:
            Image.fromarray(render_scene(index, (1024, 2048))[1]).save(path)
        else:  # each tenth mask is a shifted copy: as hard to decode, quicker to make
            with Image.open(paths[index % 10]) as first:
                Image.fromarray(np.roll(np.asarray(first), 37 * index, axis=1)).save(path)
        (images / f"{name}_leftImg8bit.png").touch()
        paths.append(path)
    return paths


def decode(paths: list[Path]) -> None:
    def one(path: Path) -> None:
        with Image.open(path) as file:
            file.load()

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(one, paths))


def count_with_unique(paths: list[Path]) -> None:
    """The pixels of each class as one would count them in a notebook."""

    def one(path: Path) -> None:
        with Image.open(path) as file:
            np.unique(np.asarray(file), return_counts=True)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(one, paths))


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
