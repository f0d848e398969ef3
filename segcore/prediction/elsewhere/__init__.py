"""Networks from elsewhere: an ONNX file, tried and taken in as a run."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from segcore import settings
from segcore.data.sources.folder_classes import space_named_by
from segcore.errors import RunError, UnreadableError
from segcore.errors.plain import path_text, plain, printable
from segcore.files.reading import Count, Text, parse_json, read_bytes, typed
from segcore.files.writing import storage_error
from segcore.images.resizing import Size
from segcore.labels import CITYSCAPES, LabelSpace
from segcore.prediction.elsewhere.onnx_files import MAX_BYTES, require_plain_onnx
from segcore.runs import Run, get_run, now
from segcore.runs.kinds import MAIN_FILE
from segcore.runs.manifest import (
    LONGEST_SIDE,
    MAX_PIXELS,
    Layout,
    OnnxNetwork,
    StoredPreprocessing,
)
from segcore.runs.staging import staging_folder
from segcore.runs.writer import RunWriter, new_run_name

ELSEWHERE = "elsewhere"
"""The data that nobody knows it was trained on."""

PATIENCE_SECONDS = 300.0
ONE_ARENA = {"MALLOC_ARENA_MAX": "1"}
"""Arenas take address space, which is what is limited."""

LARGEST_MEAN = 1.0
"""A mean up to this one belongs to pixels from 0 to 1."""

Colors = Sequence[float]
"""One number for each of red, green and blue."""


class _Answer(msgspec.Struct, frozen=True):
    """What the process says that tried the network."""

    error: Text | None = None
    network: OnnxNetwork | None = None
    preprocessing: StoredPreprocessing | None = None
    parameters: Count = 0


def add_onnx(
    path: Path,
    classes: str,
    size: Size,
    mean: Colors = (0, 0, 0),
    std: Colors = (1, 1, 1),
    layout: Layout | None = None,
) -> Run:
    """Makes a run of an ONNX file, once it has labelled a picture in a process of its own.

    Nothing is left behind where it is refused or interrupted.

    Args:
        classes: "cityscapes", or a file that names the network's classes in their order, as
            `classes.json` of a folder of images does.
        size: (H, W) of the images that it sees; of a network of any size, about the area.
        mean, std: the network is fed (pixel - mean) / std, of pixels from 0 to 255.
        layout: of its input; None to find out.

    Raises:
        RunError: the file cannot be read, or the network cannot be used.
        DataError: the classes cannot be read.
        StorageError: artifacts/ cannot be written.
    """
    _require_scale(mean, std)
    if size[0] * size[1] > MAX_PIXELS or max(size) > LONGEST_SIDE:
        raise RunError(f"A size of {size[0]}x{size[1]} is too large; give at most 1024x2048 (HxW)")
    space = space_of(classes)
    shown = path_text(path)
    try:
        data = read_bytes(path, MAX_BYTES)
        require_plain_onnx(data)
    except UnreadableError as error:
        raise RunError(f"{shown} {error}") from error
    name = new_run_name("onnx", ELSEWHERE)
    try:
        with staging_folder() as staged:
            copied = staged / MAIN_FILE["onnx"]
            copied.write_bytes(data)
            asked = {
                "path": str(copied.absolute()),
                "size": size,
                "mean": mean,
                "std": std,
                "layout": layout,
                "space": space.as_dict(),
            }
            found = _tried(asked, shown)
            copied.unlink()
            writer = RunWriter.create(name, _manifest(found, space, path), inside=staged)
            writer.commit_epoch({MAIN_FILE["onnx"]: data})
            os.replace(writer.path, settings.runs_dir() / name)
    except OSError as error:
        raise storage_error(settings.runs_dir(), error) from error
    return get_run(name)


def space_of(classes: str) -> LabelSpace:
    """The label space that is named; see `add_onnx`. Raises DataError."""
    if classes == "cityscapes":
        return CITYSCAPES
    named = space_named_by(Path(classes))
    # As an export of ours names them: a file does not say which labels are void.
    return CITYSCAPES if _classes_of(named) == _classes_of(CITYSCAPES) else named


def _classes_of(space: LabelSpace) -> list[tuple[int, str, bool]]:
    return [(label.id, label.name, label.is_scored) for label in space.labels]


def _require_scale(mean: Colors, std: Colors) -> None:
    if len(mean) != 3 or len(std) != 3 or not all(0 < value < 1e6 for value in std):
        raise RunError("Give three numbers above 0 for --std, and three for --mean")
    if 0 < max(map(abs, mean)) <= LARGEST_MEAN:
        shown = " ".join(f"{255 * value:g}" for value in mean)
        raise RunError(
            f"--mean {' '.join(f'{value:g}' for value in mean)} is of pixels from 0 to 1; here "
            f"they go from 0 to 255: give {shown}, and --std times 255 as well"
        )


def _tried(asked: Mapping[str, object], shown: str) -> _Answer:
    """What the network turned out to be. Raises RunError."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "segcore.prediction.elsewhere.trial"],
            cwd=settings.ROOT,
            env=os.environ | ONE_ARENA,
            input=json.dumps(asked).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise RunError(f"{shown}: takes too long to label a picture; export it smaller") from error
    try:
        answer = typed(parse_json(done.stdout[: 1 << 20] or b"{}"), _Answer)
    except UnreadableError:
        answer = _Answer()
    if answer.error is not None:
        raise RunError(f"{shown}: {printable(answer.error)}")
    if done.returncode or answer.network is None or answer.preprocessing is None:
        raise RunError(
            f"{shown}: cannot be loaded and run within the memory and time that a network may "
            "take; check it, or export it smaller"
        )
    return answer


def _manifest(found: _Answer, space: LabelSpace, path: Path) -> dict[str, object]:
    return {
        "kind": "onnx",
        "model": "onnx",
        "recipe": {"name": plain(path.stem, longest=60) or "onnx"},
        "data": {"spec": ELSEWHERE, "dataset": ELSEWHERE},
        "onnx": msgspec.to_builtins(found.network),
        "preprocessing": msgspec.to_builtins(found.preprocessing),
        "parameters": found.parameters,
        "status": "finished",
        "started": now(),
        "weights": {},
        **({} if space == CITYSCAPES else {"label_space": space.as_dict()}),
    }
