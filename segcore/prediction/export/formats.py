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
        packages: what running it takes.
        batch: images at once; None for any number.
        write: puts a Keras model to a path of that name.
        load: reads it with another runtime than Keras, from images (1, H, W, 3) uint8.
        example: the same as a script's lines, for people: from `images` to `found`.
    """

    title: str
    file: str
    packages: str
    batch: int | None
    write: Callable[[Any, Path], None]
    load: Callable[[Path], RunNetwork]
    example: str


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
    """Converts by way of a file: Keras' own export reads a graph in memory, which fails on Python
    3.13."""
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
    "onnx": Format(
        title="ONNX",
        file="model.onnx",
        packages="onnxruntime",
        batch=1,
        write=_write_onnx,
        load=_load_onnx,
        example="""\
import onnxruntime

session = onnxruntime.InferenceSession(HERE / "model.onnx")
names = [output.name for output in session.get_outputs()]
found = dict(zip(names, session.run(names, {"images": images})))
""",
    ),
    "litert": Format(
        title="LiteRT",
        file="model.tflite",
        packages="ai-edge-litert",
        batch=1,
        write=_write_litert,
        load=_load_litert,
        example="""\
from ai_edge_litert.interpreter import Interpreter

interpreter = Interpreter(str(HERE / "model.tflite"))
interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], images.shape)
found = interpreter.get_signature_runner()(images=images)
""",
    ),
    "openvino": Format(
        title="OpenVINO",
        file="model.xml",
        packages="openvino",
        batch=None,
        write=_write_openvino,
        load=_load_openvino,
        example="""\
import openvino

exactly = {"INFERENCE_PRECISION_HINT": "f32"}  # some processors would round to bfloat16
network = openvino.Core().compile_model(HERE / "model.xml", "CPU", exactly)
found = {port.any_name: array for port, array in network(images).items()}
""",
    ),
    "saved_model": Format(
        title="TensorFlow's SavedModel",
        file="saved_model",
        packages="tensorflow",
        batch=None,
        write=_write_saved_model,
        load=_load_saved_model,
        example="""\
import tensorflow as tf

network = tf.saved_model.load(str(HERE / "saved_model"))
found = {name: array.numpy() for name, array in network.serve(images).items()}
""",
    ),
}
