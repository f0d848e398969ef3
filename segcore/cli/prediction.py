"""The command that labels photos."""

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

from segcore import runs
from segcore.errors import SegcoreError
from segcore.labels import NAMES


def add(commands: Any) -> None:
    """Adds the command to the program's parser."""
    predict = commands.add_parser("predict", help="label photos with a run")
    predict.add_argument("--run", required=True)
    predict.add_argument("--out", required=True, type=Path, metavar="DIR")
    predict.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    predict.set_defaults(command=_predict)


def _predict(options: argparse.Namespace) -> None:
    from segcore.files import write_atomically
    from segcore.images import decode_image, encode_png, overlay
    from segcore.inference import load_fastest_predictor
    from segcore.labels import colorize

    stems = Counter(path.stem for path in options.images)
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
    for path in options.images:
        image = decode_image(path)
        prediction = predictor.predict(image)
        pictures = {
            "labelIds": prediction.labels,
            "color": colorize(prediction.labels),
            "overlay": overlay(image, prediction.labels, 0.5),
        }
        for kind, picture in pictures.items():
            write_atomically(options.out / f"{path.stem}_{kind}.png", encode_png(picture))
        ids = sorted(set(prediction.labels.ravel().tolist()))
        found = ", ".join(NAMES[label] for label in ids)
        print(f"{path.name}: {prediction.timings.total_ms:.0f} ms, {found}")
