"""What goes with an exported network: how to run it, and what its labels mean."""

from typing import Any

from segcore.images.preprocessing import Preprocessing
from segcore.labels import LabelSpace
from segcore.prediction.export.agreement import Agreement
from segcore.prediction.export.formats import FORMATS, Format
from segcore.runs import Run

STRETCHED = "height, width = {height}, {width}"
FITTED = """\
scale = ({height} * {width} / (image.height * image.width)) ** 0.5  # to the area of training
height, width = round(image.height * scale), round(image.width * scale)"""

EXAMPLE = '''\
"""Labels an image: python example.py IMAGE LABELS.png"""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).parent
image = Image.open(sys.argv[1]).convert("RGB")
{size}
images = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))[None]

{running}
labels = {labels}[0].astype(np.uint8)  # (height, width) of ids
for one in json.loads((HERE / "classes.json").read_text())["classes"]:
    if one["id"] in labels:
        print(f"{{np.mean(labels == one['id']):6.1%}}  {{one['name']}}")
Image.fromarray(labels).resize(image.size, Image.Resampling.NEAREST).save(sys.argv[2])
'''

README = """\
# {run}, as {title}

`{file}` is the network with its preprocessing. `example.py` labels an image with it:

    pip install {packages} numpy pillow
    python example.py IMAGE LABELS.png

## Input
`images`: ({batch}, {height}, {width}, 3) uint8, RGB, 0 to 255. {sizes}

## Outputs
{outputs}

An id is the `id` of a class in `classes.json`.

## Checked
{agreement}.
"""

SAYS = {
    "labels": "- `labels`: ({batch}, height, width) uint8, the id of each pixel's likeliest class.",
    "probabilities": "- `probabilities`: ({batch}, height, width, {classes}) float32, by id.",
}


def example(name: str, preprocessing: Preprocessing, outputs: tuple[str, ...]) -> str:
    """A script that needs only the format's runtime, NumPy and Pillow."""
    height, width = preprocessing.size
    size = STRETCHED if preprocessing.mode == "stretch" else FITTED
    given = "labels" in outputs
    return EXAMPLE.format(
        size=size.format(height=height, width=width),
        running=FORMATS[name].example,
        labels='found["labels"]' if given else 'found["probabilities"].argmax(axis=-1)',
    )


def readme(run: Run, name: str, outputs: tuple[str, ...], found: Agreement) -> str:
    """What the network takes and gives, and how far it agrees with Keras; Markdown."""
    kind: Format = FORMATS[name]
    height, width = run.preprocessing.size
    is_fixed = run.preprocessing.mode == "stretch"
    batch = str(kind.batch or "any")
    says = "\n".join(SAYS[output] for output in outputs)
    return README.format(
        run=run.name,
        title=kind.title,
        file=kind.file,
        packages=kind.packages,
        batch=batch,
        height=height if is_fixed else "height",
        width=width if is_fixed else "width",
        sizes=(
            "Stretch an image to that size."
            if is_fixed
            else f"Any size; best about {width}x{height} pixels, as many as it was trained at."
        ),
        outputs=says.format(batch=batch, classes=run.label_space.num_classes),
        agreement=found,
    )


def classes(space: LabelSpace) -> dict[str, Any]:
    """`classes.json`, as a folder of one's own data has it."""
    entries = [
        {"id": one.id, "name": one.name, "color": one.hex_color, "scored": one.is_scored}
        for one in space.labels
    ]
    return {"name": space.name, "classes": entries}
