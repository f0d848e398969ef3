"""The formats that a network can be exported to: how each is written, and run to check it."""

import importlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from segcore.prediction.engines.openvino_library import load_openvino

IMAGES = "images"
LABELS, PROBABILITIES = OUTPUTS = "labels", "probabilities"

Outputs = dict[str, np.ndarray]
RunNetwork = Callable[[np.ndarray], Outputs]


@dataclass(frozen=True)
class Format:
    """A format.

    Attributes:
        title: for people.
        file: what it is called in the ZIP file; a folder for a SavedModel.
        packages: what whoever runs it installs.
        batch: images at once; None for any number.
        write: puts a Keras model to a path of that name.
        load: reads it with another runtime than Keras, from images (1, H, W, 3) uint8.
    """

    title: str
    file: str
    packages: str
    batch: int | None
    write: Callable[[Any, Path], None]
    load: Callable[[Path], RunNetwork]


def _write_onnx(model: Any, path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of Keras' own patch of tf2onnx
        model.export(path, format="onnx", verbose=False, input_signature=_signature(model))


def _write_litert(model: Any, path: Path) -> None:
    lite = importlib.import_module("tensorflow").lite
    # Without TensorFlow's own operations, which LiteRT's small runtime lacks.
    spec = {"supported_ops": [lite.OpsSet.TFLITE_BUILTINS]}
    signature = _signature(model)
    model.export(path, format="litert", verbose=False, input_signature=signature, target_spec=spec)


def _write_saved_model(model: Any, path: Path) -> None:
    signature = _signature(model)
    model.export(path, format="tf_saved_model", verbose=False, input_signature=signature)


def _write_openvino(model: Any, path: Path) -> None:
    """By a file: Keras' own way reads a graph in memory, which fails on Python 3.13."""
    saved = path.with_suffix(".saved_model")
    _write_saved_model(model, saved)
    openvino = load_openvino()
    openvino.save_model(openvino.convert_model(saved), path, compress_to_fp16=False)


def _signature(model: Any) -> list[Any]:
    keras = importlib.import_module("keras")
    (images,) = model.inputs
    return [keras.InputSpec(shape=images.shape, dtype="uint8", name=images.name)]


def _load_openvino(path: Path) -> RunNetwork:
    core = load_openvino().Core()
    core.set_property("CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    network = core.compile_model(path, "CPU")

    def run(images: np.ndarray) -> Outputs:
        return {port.any_name: array.copy() for port, array in network(images).items()}

    return run


def _load_onnx(path: Path) -> RunNetwork:
    session = importlib.import_module("onnxruntime").InferenceSession(path)
    names = [output.name for output in session.get_outputs()]

    def run(images: np.ndarray) -> Outputs:
        return dict(zip(names, session.run(names, {IMAGES: images}), strict=True))

    return run


def _load_litert(path: Path) -> RunNetwork:
    interpreter = importlib.import_module("ai_edge_litert.interpreter").Interpreter(str(path))

    def run(images: np.ndarray) -> Outputs:
        (place,) = interpreter.get_input_details()
        interpreter.resize_tensor_input(place["index"], images.shape)
        return dict(interpreter.get_signature_runner()(**{IMAGES: images}))

    return run


def _load_saved_model(path: Path) -> RunNetwork:
    network = importlib.import_module("tensorflow").saved_model.load(path)

    def run(images: np.ndarray) -> Outputs:
        return {name: array.numpy() for name, array in network.serve(images).items()}

    return run


FORMATS = {
    "onnx": Format("ONNX", "model.onnx", "onnxruntime", 1, _write_onnx, _load_onnx),
    "litert": Format("LiteRT", "model.tflite", "ai-edge-litert", 1, _write_litert, _load_litert),
    "openvino": Format(
        "OpenVINO", "model.xml", "openvino", None, _write_openvino, _load_openvino
    ),
    "saved_model": Format(
        "TensorFlow's SavedModel", "saved_model", "tensorflow", None, _write_saved_model,
        _load_saved_model,
    ),
}  # fmt: skip
