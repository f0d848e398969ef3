"""How much longer counting a data set's masks takes than merely decoding them.

    python benchmarks/counting.py [--masks 300]

Makes masks in Cityscapes' layout at 2048x1024 in a temporary folder, then takes turns between
decoding them and counting them, on as many threads, and opens the stored counts.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from segcore.counting import count_split, stored_counts
from segcore.sources import open_source
from segcore.sources.streets import render_scene

ROUNDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--masks", type=int, default=300)
    masks = parser.parse_args().masks
    with tempfile.TemporaryDirectory() as folder:
        paths = make_data_set(Path(folder) / "data", masks)
        spec = f"cityscapes:{folder}/data"
        decoding, counting, opening = [], [], []
        for turn in range(ROUNDS):
            decoding.append(seconds(lambda: decode(paths)))
            os.environ["SEGCORE_ARTIFACTS"] = f"{folder}/artifacts-{turn}"
            counting.append(seconds(lambda: count_split(spec, "train")))
            opening.append(seconds(lambda: stored_counts(open_source(spec), "train")))
    ratio = statistics.median(c / d for c, d in zip(counting, decoding, strict=True))
    print(f"{masks} masks of 2048x1024, {os.cpu_count()} threads, median of {ROUNDS} rounds")
    print(f"decoding      {statistics.median(decoding):.2f} s")
    print(f"counting      {statistics.median(counting):.2f} s, {ratio:.2f} times decoding")
    print(f"from the store {statistics.median(opening):.3f} s")


def make_data_set(root: Path, masks: int) -> list[Path]:
    """Street scenes in Cityscapes' layout; pictures are links to one, as they are not read."""
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


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
