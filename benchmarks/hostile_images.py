"""Opens every file of a folder as an upload would be, and counts what comes of it.

    python benchmarks/hostile_images.py DIR --slowest 10

Point it at corpora of odd, broken and hostile images. Each file has to end as an image or as a
refusal in one sentence; a process that dies or hangs is a refusal for its owner, but counted
apart, since somebody should look at it. Exit status 1: something else happened.
"""

import argparse
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from segcore.errors import ImageError
from segcore.images import limits
from segcore.images.decoder import Decoder
from segcore.images.file_kinds import kind_of

CRASH, HANG, DEFECT = "crash of the process", "hang or too much time", "DEFECT"


@dataclass(frozen=True)
class Outcome:
    """What came of one file: in words, in how many seconds, and at how many bytes at most.

    `peak` is what the file's process had in memory at its largest, its own 40 MB or so included.
    """

    path: Path
    kind: str
    seconds: float
    peak: int


def open_file(path: Path) -> Outcome:
    """Opens one file in a process of its own."""
    data = path.read_bytes()
    with Decoder() as decoder:
        started = time.perf_counter()
        try:
            kind = _open(decoder, data)
        except ImageError as error:
            kind = _reason(str(error))
        seconds = time.perf_counter() - started
        return Outcome(path, kind, seconds, _peak(decoder))


def _open(decoder: Decoder, data: bytes) -> str:
    match kind_of(data):
        case "archive":
            return f"archive of {sum(1 for _ in decoder.archive(data))} files"
        case "video":
            frames = sum(1 for _ in decoder.video(data, 1.0).images)
            return "video" if frames else DEFECT
    photo = decoder.photo(data)
    height, width, channels = photo.image.shape
    fits = height * width <= limits.KEPT_PIXELS and channels == 3
    return "picture" if fits else DEFECT


def _reason(sentence: str) -> str:
    """The refusal without what differs from file to file."""
    if "\n" in sentence or not sentence.endswith("."):
        return f"{DEFECT}: {sentence!r}"
    if "cannot be opened safely" in sentence:
        return CRASH
    if "too long to open" in sentence:
        return HANG
    return f"refused: {re.sub(r'[0-9]+(x[0-9]+)?', 'N', sentence.split(':')[0])}"


def _peak(decoder: Decoder) -> int:
    """Bytes of memory of the process at its largest; 0 where it is gone."""
    process = decoder._process
    try:
        status = Path(f"/proc/{process.pid}/status").read_text() if process else ""
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0


def files_of(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        yield from (Path(parent) / name for name in sorted(names))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--slowest", type=int, default=5)
    parser.add_argument(
        "--at-once", type=int, default=1, help="more is faster, and times less fair"
    )
    options = parser.parse_args()
    with ThreadPoolExecutor(options.at_once) as pool:
        outcomes = list(pool.map(open_file, files_of(options.folder)))
    report(outcomes, options.folder, options.slowest)
    return 1 if any(outcome.kind.startswith(DEFECT) for outcome in outcomes) else 0


def report(outcomes: list[Outcome], folder: Path, most: int) -> None:
    counts = Counter(outcome.kind for outcome in outcomes)
    for kind, count in counts.most_common():
        print(f"{count:6} {kind}")
    late = sum(outcome.seconds > 1 for outcome in outcomes)
    large = sum(outcome.peak > limits.DECODING_BYTES for outcome in outcomes)
    print(f"{len(outcomes):6} files; {late} took longer than 1 s, {large} more than 512 MB")
    for title, key in (("slowest", "seconds"), ("largest", "peak")):
        print(f"\n{title}:")
        for outcome in sorted(outcomes, key=lambda one: -getattr(one, key))[:most]:
            path = outcome.path.relative_to(folder)
            print(f"{outcome.seconds:7.2f} s {outcome.peak >> 20:5} MB  {path}  {outcome.kind}")
    odd = [one for one in outcomes if one.kind in (CRASH, HANG) or one.kind.startswith(DEFECT)]
    if odd:
        print("\nto be looked at:")
    for outcome in odd:
        print(f"  {outcome.path.relative_to(folder)}  {outcome.kind}")


if __name__ == "__main__":
    sys.exit(main())
