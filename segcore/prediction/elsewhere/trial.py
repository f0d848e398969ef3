"""The process that tries a network from elsewhere: `python -m segcore.prediction.elsewhere.trial`.

It reads what is asked as JSON from its standard input, may use little memory and time, writes no
file, and says on its standard output what the network turned out to be. What a hostile file breaks
in the library that reads it is this process.
"""

import json
import os
import resource
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from segcore.data.sources.streets import render_scene
from segcore.errors import RunError
from segcore.images.preprocessing import Preprocessing
from segcore.labels import CITYSCAPES, LabelSpace
from segcore.prediction.engines.onnx_engine import PRECISION, from_images
from segcore.prediction.engines.openvino_engine import CompiledNetwork, new_core
from segcore.prediction.engines.openvino_library import load_openvino
from segcore.runs.manifest import Layout, OnnxNetwork

MAX_MEMORY = 6 << 30
"""Bytes of address space, on top of what the libraries take before any network is read."""

STATM = Path("/proc/self/statm")

CPU_SECONDS = 240
OPEN_FILES = 64
REFUSED = 3

SCENE = 900_000
"""Seed of the picture: none of a data set."""

MULTIPLE = 32
"""Sides of the images that a network of free sizes sees are multiples of this."""

SMALLEST = 1 / 32
"""How much smaller than the image what a network gives may be."""

ONE = 1e-3
"""How far the sum of a pixel's probabilities may be from 1."""


class Asked(msgspec.Struct, frozen=True):
    """Attributes:
    size: (H, W) that it sees.
    layout: None where it is to be found out.
    space: of its classes.
    """

    path: str
    size: tuple[int, int]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    layout: Layout | None
    space: LabelSpace


@dataclass(frozen=True)
class Found:
    """What the network turned out to be."""

    network: OnnxNetwork
    preprocessing: Preprocessing
    parameters: int


class TrialError(RunError):
    """A network that cannot be used, and why."""


def main() -> int:
    said = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())  # what libraries say is no answer
    asked = msgspec.convert(json.load(sys.stdin), Asked)
    load_openvino()
    taken = int(STATM.read_text().split()[0]) * resource.getpagesize() if STATM.exists() else 0
    for what, most in (
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_AS, taken + MAX_MEMORY),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    try:
        found = tried(asked)
    except TrialError as error:
        print(json.dumps({"error": str(error)}), file=said, flush=True)
        return REFUSED
    answer = {
        "network": msgspec.to_builtins(found.network),
        "preprocessing": found.preprocessing.to_json(),
        "parameters": found.parameters,
    }
    print(json.dumps(answer), file=said, flush=True)
    return 0


def tried(asked: Asked) -> Found:
    """Runs the network on a picture, and one of another shape where it takes any.

    Raises:
        TrialError: it cannot be used.
    """
    core = new_core(PRECISION)
    try:
        model = core.read_model(Path(asked.path))
    except RuntimeError as error:
        raise TrialError(f"OpenVINO cannot read it: {_reason(error)}") from error
    layout, fixed = _input(model, asked)
    parameters = _parameters(model)
    network = OnnxNetwork(layout=layout, mean=asked.mean, std=asked.std)
    height, width = asked.size
    try:
        seen = CompiledNetwork(core, from_images(_of_one(model), network))
        free = Preprocessing("fit", asked.size, MULTIPLE)
        is_free = not fixed and _takes(seen, free.padded_size(width, height))
        way = free if is_free else Preprocessing("stretch", asked.size, 1)
        size = way.padded_size(height, width)
        given = _given(seen, size)
    except (RuntimeError, MemoryError) as error:
        raise TrialError(f"OpenVINO cannot run it: {_reason(error)}") from error
    return Found(_best_output(given, size, asked.space, network), way, parameters)


def _input(model: Any, asked: Asked) -> tuple[Layout, bool]:
    """Its layout, and whether it takes images of one size alone."""
    parameters = model.get_parameters()
    if len(parameters) != 1:
        raise TrialError(f"it has {len(parameters)} inputs; export it with one, the image")
    shape = parameters[0].get_partial_shape()
    types = ("f32", "f16", "u8")
    if parameters[0].get_element_type().get_type_name() not in types:
        raise TrialError(f"its input is none of {', '.join(types)}; export it for float32")
    if shape.rank.is_dynamic or len(shape) != 4:
        raise TrialError("its input is no batch of images of four dimensions")
    sides = [None if dimension.is_dynamic else dimension.get_length() for dimension in shape]
    if sides[0] not in (None, 1):
        raise TrialError(f"it takes {sides[0]} images at once; export it for one")
    layouts: tuple[Layout, ...] = ("nchw", "nhwc")
    fits = [layout for layout in layouts if sides[layout.index("c")] in (None, 3)]
    fits.sort(key=lambda layout: sides[layout.index("c")] is None)  # a 3 says so, any does not
    if asked.layout is not None and asked.layout not in fits:
        raise TrialError(f"its input {_shown(sides)} is not {asked.layout}; give another --layout")
    if not fits:
        raise TrialError(f"its input {_shown(sides)} has no place for the three colours")
    layout = asked.layout or fits[0]
    own = [sides[layout.index(side)] for side in "hw"]
    for side, wanted in zip(own, asked.size, strict=True):
        if side not in (None, wanted):
            raise TrialError(
                f"it takes images of {own[0] or 'any'}x{own[1] or 'any'} (HxW) alone; give that as "
                "--size"
            )
    return layout, None not in own


def _shown(sides: list[int | None]) -> str:
    return "x".join(str(side or "any") for side in sides)


def _of_one(model: Any) -> Any:
    """The network for one image at a time."""
    shape = model.get_parameters()[0].get_partial_shape()
    shape[0] = 1
    model.reshape(shape)
    return model


def _takes(seen: CompiledNetwork, size: tuple[int, int]) -> bool:
    try:
        _given(seen, size)
    except RuntimeError:
        return False
    return True


def _given(seen: CompiledNetwork, size: tuple[int, int]) -> list[np.ndarray]:
    """All that the network says of a rendered street."""
    image = render_scene(SCENE, size)[0]
    return seen.results(image[None])


def _best_output(
    given: list[np.ndarray], size: tuple[int, int], space: LabelSpace, network: OnnxNetwork
) -> OnnxNetwork:
    """The first output with a score for each class, else the first that is labels.

    Raises:
        TrialError: none is a mask; says of the first why.
    """
    kinds: list[OnnxNetwork] = []
    problems: list[TrialError] = []
    for place, output in enumerate(given):
        try:
            kind = _kind_of(output, size, space, network)
        except TrialError as error:
            problems.append(error)
            continue
        kinds.append(msgspec.structs.replace(kind, output_place=place))
    if not kinds:
        raise problems[0]
    return min(kinds, key=lambda kind: kind.output == "labels")


def _kind_of(
    given: np.ndarray, size: tuple[int, int], space: LabelSpace, network: OnnxNetwork
) -> OnnxNetwork:
    """What an output is, by its shape and values on a picture of that size."""
    shape = given.shape
    is_labels = len(shape) == 3 or (len(shape) == 4 and 1 in (shape[1], shape[3]))
    if len(shape) not in (3, 4) or shape[0] != 1:
        raise TrialError(f"it gives {_shown([*shape])}, which is no mask of the image")
    if not np.isfinite(given).all():
        raise TrialError("it gives numbers that are none (NaN) for a picture of a street")
    if is_labels:
        sides = shape[1:] if len(shape) == 3 else tuple(s for s in shape[1:] if s != 1)
        _require_mask(sides, size, shape)
        return _of_labels(given, space, network)
    ways = channel_lists(space)
    for layout in (network.layout, "nhwc" if network.layout == "nchw" else "nchw"):
        channels = ways.get(shape[layout.index("c")])
        sides = tuple(shape[layout.index(side)] for side in "hw")
        if channels is not None and _is_mask(sides, size):
            break
    else:
        _require_mask(shape[2:] if network.layout == "nchw" else shape[1:3], size, shape)
        counts = " or ".join(map(str, ways))
        raise TrialError(
            f"it gives {shape[network.layout.index('c')]} classes, --classes names {counts}; name "
            "as many as it tells apart"
        )
    of_classes = given.sum(axis=layout.index("c"))
    in_range = given.min() >= -ONE and given.max() <= 1 + ONE
    are_shares = bool(in_range and (np.abs(of_classes - 1) <= ONE).all())
    return msgspec.structs.replace(
        network,
        output="probabilities" if are_shares else "logits",
        output_layout=layout,
        channels=channels,
    )


def channel_lists(space: LabelSpace) -> dict[int, list[int]]:
    """How many channels a network of these classes may have, and the label id of each."""
    found = {space.num_classes: list(range(space.num_classes))}
    found[len(space.labels)] = [label.id for label in space.labels if label.id >= 0]
    if space == CITYSCAPES:
        found = {len(space.evaluated_ids): list(space.evaluated_ids), **found}
    return found


def _of_labels(given: np.ndarray, space: LabelSpace, network: OnnxNetwork) -> OnnxNetwork:
    numbers = {int(number) for number in np.unique(np.rint(given)).tolist()}
    if np.abs(given - np.rint(given)).max() > 0:
        raise TrialError("it gives one number a pixel that is no label; export its class scores")
    channels = list(range(space.num_classes))
    if space == CITYSCAPES and not numbers <= set(space.evaluated_ids):
        train = list(space.evaluated_ids)
        channels = train if numbers <= set(range(len(train))) else channels
    if not numbers <= set(range(len(channels))):
        raise TrialError(f"it gives the label {max(numbers, key=abs)}, which --classes has not")
    return msgspec.structs.replace(network, output="labels", channels=channels)


def _is_mask(sides: tuple[int, ...], size: tuple[int, int]) -> bool:
    if len(sides) != 2:
        return False
    scales = [side / full for side, full in zip(sides, size, strict=True)]
    # Of an odd side half a pixel is lost or won.
    alike = abs(scales[0] - scales[1]) <= 1 / min(size)
    return alike and min(scales) >= SMALLEST and max(scales) <= 1


def _require_mask(sides: tuple[int, ...], size: tuple[int, int], shape: tuple[int, ...]) -> None:
    if not _is_mask(sides, size):
        raise TrialError(
            f"it gives {_shown([*shape])} for an image of {size[0]}x{size[1]} (HxW), which is no "
            "mask of it"
        )


def _parameters(model: Any) -> int:
    """How many numbers it has learnt, about: all constants that are no whole numbers."""
    constants = (op for op in model.get_ops() if op.get_type_name() == "Constant")
    return sum(int(np.prod(op.shape)) for op in constants if op.get_element_type().is_real())


def _reason(error: BaseException) -> str:
    """The last line of OpenVINO's that says something, without the places in its source."""
    lines = [line.strip() for line in str(error).splitlines()]
    said = [line for line in lines if line and not line.startswith(("Exception from", "Check "))]
    return (said or lines or [type(error).__name__])[-1][:200]


if __name__ == "__main__":
    sys.exit(main())
