"""The command that labels photos."""

import argparse
import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segcore import runs
from segcore.errors import ImageError, SegcoreError
from segcore.errors.plain import path_text

if TYPE_CHECKING:
    from segcore.prediction.inference import Predictor


def add(commands: Any) -> None:
    """Adds the command to the program's parser."""
    predict = commands.add_parser("predict", help="label photos with a run")
    predict.add_argument("--run", required=True)
    predict.add_argument("--out", required=True, type=Path, metavar="DIR")
    predict.add_argument(
        "images",
        nargs="+",
        type=Path,
        metavar="IMAGE|DIR",
        help="a directory stands for all images in it and in its subdirectories",
    )
    predict.set_defaults(command=_predict)


def _predict(options: argparse.Namespace) -> None:
    from segcore.prediction.loading import load_fastest_predictor

    images = [image for path in options.images for image in _images_at(path)]
    stems = Counter(path.stem for path in images)
    if twice := [stem for stem, count in stems.items() if count > 1]:
        raise SegcoreError(
            f"{twice[0]}: two images of that name would have the same results; label them into "
            "different folders"
        )
    predictor = load_fastest_predictor(runs.get_run(options.run))
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SegcoreError(f"{options.out}: cannot be made ({error.strerror})") from error
    failed = []
    for path in images:
        try:
            print(_label(path, predictor, options.out))
        except ImageError as error:
            failed.append(path)
            print(error, file=sys.stderr)
    if failed:
        raise SegcoreError(
            f"{len(failed)} of {len(images)} images could not be labelled: "
            + ", ".join(map(str, failed))
        )


def _images_at(path: Path) -> list[Path]:
    """The path itself, or all images below a directory, sorted: no hidden files, no results.

    Raises SegcoreError where a directory cannot be listed or holds no image.
    """
    if not path.is_dir():
        return [path]
    from segcore.images import image_suffixes, is_signed

    def stop(error: OSError) -> None:
        raise SegcoreError(f"{error.filename}: cannot be listed ({error.strerror})") from error

    known = image_suffixes()
    files = (
        Path(folder, name)
        for folder, _, names in os.walk(path, onerror=stop)
        for name in names
        if Path(name).suffix.lower() in known
    )
    visible = (
        file for file in files if not any(part[0] == "." for part in file.relative_to(path).parts)
    )
    found = sorted(file for file in visible if not is_signed(file))
    if not found:
        raise SegcoreError(f"{path}: no images in it; name a directory with images, or a file")
    return found


def _label(path: Path, predictor: "Predictor", out: Path) -> str:
    """Writes the three images of a photo and says what is on it.

    Raises:
        ImageError: it is no photo, or a result would take the place of somebody's file.
        StorageError: the results cannot be written.
    """
    from segcore.files.writing import write_atomically
    from segcore.images import decode_image, encode_png, is_signed, overlay

    files = {kind: out / f"{path.stem}_{kind}.png" for kind in ("labelIds", "color", "overlay")}
    for file in files.values():
        if file.exists() and not is_signed(file):
            raise ImageError(
                f"{path}: {file} exists and `predict` did not write it: choose another --out"
            )
    image = decode_image(path)
    prediction, space = predictor.predict(image), predictor.run.label_space
    pictures = {
        "labelIds": prediction.labels,
        "color": space.colorize(prediction.labels),
        "overlay": overlay(image, prediction.labels, 0.5, space),
    }
    for kind, file in files.items():
        write_atomically(file, encode_png(pictures[kind], signed=True))
    ids = sorted(set(prediction.labels.ravel().tolist()))
    found = ", ".join(space.names[label] for label in ids)
    return f"{path_text(path.name)}: {prediction.timings.total_ms:.0f} ms, {found}"
