"""How much longer preparing a data set takes than merely decoding its files.

    python -m benchmarks.preparation [--pictures 120]

Makes images and masks in Cityscapes' layout at 2048x1024 in a temporary folder, then takes turns
between decoding them all and preparing them (decoded, made smaller, counted, written), on as many
threads; then kills a preparation in its middle and lets it go on.
"""

import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.figures import Figure, figure_of, parser_of, tell
from segcore.data.preparation import prepare
from segcore.data.sources.streets import render_scene
from segcore.images import decode_image
from segcore.system.parallel import overlapped

ROUNDS = 3
SIZE = (1024, 2048)
CHUNK = 8


def make_data_set(root: Path, pictures: int) -> list[tuple[Path, Path]]:
    """Street scenes with a camera's noise, which PNG cannot make small, as in Cityscapes."""
    images, labels = root / "leftImg8bit/train/town", root / "gtFine/train/town"
    images.mkdir(parents=True)
    labels.mkdir(parents=True)
    random = np.random.default_rng(0)
    scenes = [render_scene(seed, SIZE) for seed in range(4)]
    paths = []
    for index in range(pictures):
        image, mask = scenes[index % len(scenes)]
        name = f"town_{index:06}_000019"
        noisy = image + random.integers(0, 6, image.shape, np.uint8)
        shift = 37 * index  # another image for each file: none is decoded from memory
        pair = images / f"{name}_leftImg8bit.png", labels / f"{name}_gtFine_labelIds.png"
        Image.fromarray(np.roll(noisy, shift, axis=1)).save(pair[0], compress_level=1)
        Image.fromarray(np.roll(mask, shift, axis=1)).save(pair[1])
        paths.append(pair)
    return paths


def decode(paths: list[tuple[Path, Path]]) -> int:
    """Decodes images and masks and forgets them."""
    for image, mask in paths:
        decode_image(image.read_bytes())
        with Image.open(mask) as opened:
            opened.load()
    return len(paths)


def decode_all(paths: list[tuple[Path, Path]]) -> None:
    chunks = [paths[start : start + CHUNK] for start in range(0, len(paths), CHUNK)]
    sum(overlapped(decode, chunks, os.cpu_count() or 1))


def seconds_to_prepare(spec: str, artifacts: Path) -> float:
    os.environ["SEGCORE_ARTIFACTS"] = str(artifacts)
    started = time.perf_counter()
    prepare(spec, splits=["train"], workers=os.cpu_count())
    return time.perf_counter() - started


def killed_and_restarted(spec: str, artifacts: Path, whole: float) -> tuple[float, float]:
    """Seconds before the kill, in the middle of the work, and seconds that the rest took."""
    environment = {**os.environ, "SEGCORE_ARTIFACTS": str(artifacts)}
    command = [sys.executable, "-m", "segcore", "prepare", "--data", spec]
    started = time.perf_counter()
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, start_new_session=True
    )
    time.sleep(0.7 * whole)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = time.perf_counter() - started
    return before, seconds_to_prepare(spec, artifacts)


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--pictures", type=int, default=120)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = make_data_set(Path(folder) / "data", options.pictures)
        spec = f"cityscapes:{folder}/data"
        decoding, preparing = [], []
        for turn in range(ROUNDS):
            started = time.perf_counter()
            decode_all(paths)
            decoding.append(time.perf_counter() - started)
            preparing.append(seconds_to_prepare(spec, Path(folder) / f"artifacts-{turn}"))
        ratios = [whole / plain for whole, plain in zip(preparing, decoding, strict=True)]
        whole = statistics.median(preparing)
        before, rest = killed_and_restarted(spec, Path(folder) / "killed", whole)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    figures = [
        figure_of("preparing and counting / decoding", ratios, wanted="1.3 or less"),
        figure_of(f"decoding {options.pictures} images and masks", decoding, "s"),
        Figure("memory of the largest process", peak, "MB"),
        Figure("time until a kill in the middle", before, "s"),
        Figure("time that the rest took after it", rest, "s"),
    ]
    tell(figures, options.json)


if __name__ == "__main__":
    main()
