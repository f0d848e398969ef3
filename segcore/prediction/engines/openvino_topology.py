"""A network without its weights: small enough to come with a run, filled from its checkpoint.

Keras and TensorFlow are needed once, to write it (`segcore.prediction.conversion`). A machine that
has the checkpoint makes the network of it again in a second, without either.
"""

import importlib
from pathlib import Path
from typing import Any

import numpy as np

from segcore.errors import StorageError
from segcore.files.writing import is_full
from segcore.prediction.engines.openvino_library import load_openvino, read_network

IMAGES = "images"
"""The input for images. Every other input is named by its array's path in the checkpoint."""


def fill(topology: Path, weights: Path, target: Path) -> None:
    """Writes the network with its weights, as OpenVINO reads it, from images to an `Output`.

    Args:
        topology: .xml of the network, its .bin beside it.
        weights: .weights.h5 of the same run, in half or single precision.
        target: .xml to write; its .bin goes beside it.

    Raises:
        RuntimeError: OpenVINO cannot read the topology.
        StorageError: no room for the network.
        KeyError: the topology is of another checkpoint.
        OSError: a file cannot be read or written.
    """
    import h5py  # not before there is a network to fill

    openvino = load_openvino()
    model = read_network(openvino.Core(), topology)
    with h5py.File(weights) as file:
        for parameter in model.get_parameters():
            name = parameter.get_friendly_name()
            if name != IMAGES:
                weight = openvino.opset13.constant(file[name][()].astype(np.float32))
                weight.set_friendly_name(name)
                _replace(model, parameter, weight)
    add_top_class(model)
    # What `convert_model` does to a network whose weights it knows: constants folded, batch
    # normalisation in the convolutions. It makes the network load twice as fast.
    transformations = importlib.import_module("openvino._offline_transformations")
    transformations.apply_moc_transformations(model, cf=True)
    save(model, target)


def save(model: Any, target: Path) -> None:
    """Writes a network as OpenVINO reads it. Raises StorageError where that does not succeed."""
    problem: Exception | None = None
    try:
        load_openvino().save_model(model, target, compress_to_fp16=False)
    except (RuntimeError, OSError) as error:
        problem = error
    # OpenVINO does not always say that the disk was full.
    if problem is not None or is_full(target.parent):
        raise StorageError(
            f"{target.parent}: a converted network cannot be written; free some space and try again"
        ) from problem


def add_top_class(model: Any) -> None:
    """Labels and confidence beside the probabilities: found by all of the network's threads.

    The lowest label where several are equal, as NumPy says: OpenVINO's own search for the best
    takes any of them, or far longer (docs/speed.md).
    """
    opset = load_openvino().opset13
    probabilities = model.get_results()[0].input_value(0)
    ids = np.arange(probabilities.partial_shape[-1].get_length(), dtype=np.float32)
    confidence = opset.reduce_max(probabilities, [-1], keep_dims=True)
    candidates = opset.select(opset.equal(probabilities, confidence), ids, ids[-1])
    labels = opset.convert(opset.reduce_min(candidates, [-1]), "u8")
    model.add_outputs([labels.output(0), opset.squeeze(confidence, [-1]).output(0)])


def _replace(model: Any, parameter: Any, constant: Any) -> None:
    """Puts a constant in the place of an input."""
    for consumer in parameter.output(0).get_target_inputs():
        consumer.replace_source_output(constant.output(0))
    model.remove_parameter(parameter)
