"""The engine of networks from elsewhere: an ONNX file, read and run by OpenVINO."""

from typing import Any

import numpy as np

from segcore.errors import RunError
from segcore.prediction.engines import Output
from segcore.prediction.engines.by_shape import Shape
from segcore.prediction.engines.openvino_engine import CompiledNetwork, new_core
from segcore.prediction.engines.openvino_library import load_openvino
from segcore.prediction.engines.openvino_topology import add_top_class
from segcore.runs import Run, verified_weights
from segcore.runs.manifest import OnnxNetwork

PRECISION = "f32"
"""Scores are those that any other runtime would compute."""


class OnnxEngine(CompiledNetwork):
    """A run's ONNX file. It sees one image at a time, whatever its batch.

    Raises:
        RunError: the file is missing, not the one that run.json names, or OpenVINO cannot read it.
    """

    title = "OpenVINO"

    def __init__(self, run: Run) -> None:
        network = run.manifest.onnx
        assert network is not None  # as a manifest of that kind has it
        core = new_core(PRECISION)
        try:
            model = core.read_model(verified_weights(run))
            model = to_output(from_images(model, network), network, run.label_space.num_classes)
        except RuntimeError as error:
            raise RunError(
                f"{run.name}: OpenVINO cannot read its model.onnx; add it again"
            ) from error
        super().__init__(core, model)

    def warm_up(self, shape: Shape) -> None:
        super().warm_up((1, *shape[1:]))

    def run(self, batch: np.ndarray) -> Output:
        found = [super(OnnxEngine, self).run(image[None]) for image in batch]
        if len(found) == 1:
            return found[0]
        return Output(
            np.concatenate([one.probabilities for one in found]),
            np.concatenate([one.labels for one in found]),
            np.concatenate([one.confidence for one in found]),
        )


def from_images(model: Any, network: OnnxNetwork) -> Any:
    """The network that takes images (1, h, w, 3) uint8 RGB and scales them itself.

    Its outputs stay. Raises RuntimeError where the input is none for that.
    """
    openvino = load_openvino()
    ops = openvino.opset13
    (parameter,) = model.get_parameters()
    wanted = parameter.get_element_type()
    shape = parameter.get_partial_shape()
    height, width = sides_of(shape, network.layout)
    images = ops.parameter(openvino.PartialShape([1, height, width, 3]), openvino.Type.u8)
    images.set_friendly_name("images")
    seen = images
    if wanted != openvino.Type.u8:
        seen = ops.convert(seen, "f32")
        seen = ops.divide(
            ops.subtract(seen, np.array(network.mean, np.float32)),
            np.array(network.std, np.float32),
        )
        if wanted != openvino.Type.f32:
            seen = ops.convert(seen, wanted)
    if network.layout == "nchw":
        seen = ops.transpose(seen, np.array([0, 3, 1, 2]))
    for consumer in parameter.output(0).get_target_inputs():
        consumer.replace_source_output(seen.output(0))
    return openvino.Model(model.get_results(), [images])


def sides_of(shape: Any, layout: str) -> tuple[Any, Any]:
    """Height and width as dimensions of OpenVINO, of an input in that layout."""
    height, width = (2, 3) if layout == "nchw" else (1, 2)
    return shape[height], shape[width]


def to_output(model: Any, network: OnnxNetwork, num_classes: int) -> Any:
    """The network that gives an `Output`: at the image's size, by label ids.

    Raises RuntimeError where it gives something else.
    """
    openvino = load_openvino()
    ops = openvino.opset13
    (images,) = model.get_parameters()
    size = ops.gather(ops.shape_of(images, "i64"), np.array([1, 2]), np.int64(0))
    given = model.get_results()[network.output_place].input_value(0)
    if network.output == "labels":
        numbers = _resized(_as_planes(given), size, "nearest")
        numbers = ops.convert(ops.squeeze(numbers, np.array([1])), "i64")
        scores = ops.one_hot(
            numbers, np.int64(len(network.channels)), np.float32(1), np.float32(0), axis=-1
        )
    else:
        planes = ops.convert(given, "f32")
        if network.output_layout == "nhwc":
            planes = ops.transpose(planes, np.array([0, 3, 1, 2]))
        scores = ops.transpose(_resized(planes, size, "linear_onnx"), np.array([0, 2, 3, 1]))
        if network.output == "logits":
            scores = ops.softmax(scores, 3)
    probabilities = _by_label(scores, network.channels, num_classes)
    made = openvino.Model([ops.result(probabilities)], [images])
    add_top_class(made)
    return made


def _as_planes(labels: Any) -> Any:
    """Labels (1, h, w), (1, 1, h, w) or (1, h, w, 1) -> (1, 1, h, w) float32."""
    ops = load_openvino().opset13
    rank = labels.get_partial_shape().rank.get_length()
    if rank == 3:
        labels = ops.unsqueeze(labels, np.array([1])).output(0)
    elif labels.get_partial_shape()[1] != load_openvino().Dimension(1):
        labels = ops.transpose(labels, np.array([0, 3, 1, 2])).output(0)
    return ops.convert(labels, "f32")


def _resized(planes: Any, size: Any, mode: str) -> Any:
    """(1, C, h, w) -> (1, C, H, W), about the same centres, edges repeated."""
    return load_openvino().opset13.interpolate(
        planes,
        size,
        mode=mode,
        shape_calculation_mode="sizes",
        coordinate_transformation_mode="half_pixel",
        nearest_mode="round_prefer_floor",
        axes=np.array([2, 3]),
    )


def _by_label(scores: Any, channels: list[int], num_classes: int) -> Any:
    """(1, h, w, n) -> (1, h, w, num_classes); of a label without a channel 0."""
    ops = load_openvino().opset13
    if channels == list(range(num_classes)):
        return scores
    place = {label: channel for channel, label in enumerate(channels)}
    nothing = ops.multiply(
        ops.slice(scores, np.array([0]), np.array([1]), np.array([1]), np.array([3])),
        np.float32(0),
    )
    order = [place.get(label, len(channels)) for label in range(num_classes)]
    return ops.gather(ops.concat([scores, nothing], 3), np.array(order), np.int64(3))
