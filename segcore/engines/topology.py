"""A network without its weights: small enough to come with a run, filled from its checkpoint.

Keras and TensorFlow are needed once, to write it (`segcore.conversion`). Whoever has the checkpoint
makes the network of it again in a second, without either.
"""

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from segcore.engines.openvino_engine import load_openvino

IMAGES = "images"
"""The input for pictures. Every other input is named by its array's path in the checkpoint."""


def fill(topology: Path, weights: Path, target: Path) -> None:
    """Writes the network with its weights, as OpenVINO reads it.

    Args:
        topology: .xml of the network, its .bin beside it.
        weights: .weights.h5 of the same run, in half or single precision.
        target: .xml to write; its .bin goes beside it.

    Raises:
        RuntimeError: OpenVINO cannot read the topology.
        KeyError: the topology is of another checkpoint.
        OSError: a file cannot be read or written.
    """
    openvino = load_openvino()
    # What `convert_model` does to a network whose weights it knows: constants folded, batch
    # normalisation in the convolutions. It makes the network load twice as fast.
    from openvino._offline_transformations import apply_moc_transformations

    model = openvino.Core().read_model(topology)
    with h5py.File(weights) as file:
        for parameter in model.get_parameters():
            if parameter.get_friendly_name() != IMAGES:
                _replace(model, parameter, file)
    apply_moc_transformations(model, cf=True)
    openvino.save_model(model, target, compress_to_fp16=False)


def _replace(model: Any, parameter: Any, file: h5py.File) -> None:
    """Puts an array of the checkpoint in the place of an input."""
    from openvino import opset13

    name = parameter.get_friendly_name()
    constant = opset13.constant(file[name][()].astype(np.float32))
    constant.set_friendly_name(name)
    for consumer in parameter.output(0).get_target_inputs():
        consumer.replace_source_output(constant.output(0))
    model.remove_parameter(parameter)
