"""Small ONNX files, as other programs export them: one convolution with random weights."""

from pathlib import Path

import msgspec
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from segcore.errors import RunError
from segcore.prediction import elsewhere
from segcore.prediction.elsewhere import trial
from segcore.runs.manifest import StoredPreprocessing

OPSET = helper.make_opsetid("", 17)


def _saved(
    path: Path,
    nodes: list[onnx.NodeProto],
    weights: dict[str, np.ndarray],
    inputs: tuple[object, ...],
    output: int = TensorProto.FLOAT,
    rank: int = 4,
) -> Path:
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, inputs)
    found = helper.make_tensor_value_info("found", output, [None] * rank)
    arrays = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    graph = helper.make_graph(nodes, "network", [image], [found], arrays)
    onnx.save(helper.make_model(graph, opset_imports=[OPSET], ir_version=10), path)
    return path


def kernel(classes: int, seed: int = 0) -> np.ndarray:
    """(classes, 3, 3, 3) float32, such that every class wins somewhere."""
    return np.random.default_rng(seed).normal(0, 1, (classes, 3, 3, 3)).astype(np.float32)


def _convolution(source: str, target: str, stride: int = 1) -> onnx.NodeProto:
    return helper.make_node(
        "Conv", [source, "kernel"], [target], pads=[1, 1, 1, 1], strides=[stride, stride]
    )


def half_resolution_logits(path: Path, classes: int, size: tuple[int, int]) -> Path:
    """NCHW of a fixed size to logits at half of it."""
    nodes = [_convolution("image", "found", stride=2)]
    return _saved(path, nodes, {"kernel": kernel(classes)}, (1, 3, *size))


def channels_last_probabilities(path: Path, classes: int) -> Path:
    """NHWC of any size and batch to probabilities at the same size."""
    nodes = [
        helper.make_node("Transpose", ["image"], ["planes"], perm=[0, 3, 1, 2]),
        _convolution("planes", "logits"),
        helper.make_node("Softmax", ["logits"], ["shares"], axis=1),
        helper.make_node("Transpose", ["shares"], ["found"], perm=[0, 2, 3, 1]),
    ]
    return _saved(path, nodes, {"kernel": kernel(classes)}, ("N", "H", "W", 3))


def labels(path: Path, classes: int) -> Path:
    """NCHW of any size to the labels at half of it, int64."""
    nodes = [
        _convolution("image", "logits", stride=2),
        helper.make_node("ArgMax", ["logits"], ["found"], axis=1, keepdims=0),
    ]
    return _saved(
        path, nodes, {"kernel": kernel(classes)}, (1, 3, "H", "W"), TensorProto.INT64, rank=3
    )


def external_data(path: Path) -> Path:
    """Its weights in /etc/passwd."""
    half_resolution_logits(path, 5, (32, 64))
    model = onnx.load(path)
    (tensor,) = model.graph.initializer
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", "../../../../../etc/passwd"), ("offset", "0")):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    path.write_bytes(model.SerializeToString())
    return path


def gigantic(path: Path) -> Path:
    """Makes the image 100,000 times as large."""
    nodes = [
        _convolution("image", "logits"),
        helper.make_node("Resize", ["logits", "", "scales"], ["found"], mode="nearest"),
    ]
    weights = {"kernel": kernel(5), "scales": np.array([1, 1, 1e5, 1e5], np.float32)}
    return _saved(path, nodes, weights, (1, 3, 32, 64))


def unknown_operation(path: Path) -> Path:
    """By an operation that no runtime knows."""
    nodes = [helper.make_node("Imagine", ["image"], ["found"])]
    return _saved(path, nodes, {}, (1, 3, 32, 64))


def tried_here(asked: dict[str, object], shown: str) -> elsewhere._Answer:
    """What a process of its own would say, in this one: to start one takes seconds."""
    try:
        found = trial.tried(msgspec.convert(asked, trial.Asked))
    except trial.TrialError as error:
        raise RunError(f"{shown}: {error}") from error
    seen = msgspec.convert(found.preprocessing.to_json(), StoredPreprocessing)
    return elsewhere._Answer(None, found.network, seen, found.parameters)


def classifier(path: Path) -> Path:
    """One number for each class of the whole image."""
    nodes = [
        _convolution("image", "logits"),
        helper.make_node("GlobalAveragePool", ["logits"], ["found"]),
    ]
    return _saved(path, nodes, {"kernel": kernel(5)}, (1, 3, 32, 64))
