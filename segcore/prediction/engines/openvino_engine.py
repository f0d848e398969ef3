"""The engine for processors: a converted checkpoint, run by OpenVINO."""

from pathlib import Path
from typing import Any

import numpy as np

from segcore.prediction.engines import Output
from segcore.prediction.engines.by_shape import ByShape, Shape
from segcore.prediction.engines.openvino_library import load_openvino, read_network
from segcore.prediction.engines.openvino_store import NETWORK
from segcore.system import devices

MAX_SHAPES = 4
"""For the whole image, and smaller and larger ones of a closer look; each takes up to 150 MB."""


def new_core(precision: str) -> Any:
    """OpenVINO for one network on the processor.

    Args:
        precision: "f32" or "bf16".
    """
    core = load_openvino().Core()
    core.set_property("CPU", {"INFERENCE_PRECISION_HINT": precision})
    core.set_property("CPU", {"PERFORMANCE_HINT": "LATENCY"})
    return core


class CompiledNetwork:
    """A network from images (B, h, w, 3) uint8, compiled for the shapes that it meets.

    A network compiled for one shape takes 12 to 36 % less time than one for any shape
    (docs/speed.md), so each shape is compiled when it is met.
    """

    title = "OpenVINO"

    def __init__(self, core: Any, model: Any) -> None:
        self._core, self._model = core, model
        self._requests = ByShape(self._compile, MAX_SHAPES)

    @property
    def device(self) -> str:
        return devices.processor()

    def warm_up(self, shape: Shape) -> None:
        self._requests.get(shape)

    def _compile(self, shape: Shape) -> Any:
        model = self._model.clone()
        model.reshape(list(shape))
        request = self._core.compile_model(model, "CPU").create_infer_request()
        request.infer([np.zeros(shape, np.uint8)])
        return request

    def results(self, batch: np.ndarray) -> list[np.ndarray]:
        """All that it says of a batch, in arrays that the caller may keep."""
        request = self._requests.get(batch.shape)
        results = []
        for port in request.model_outputs:  # written into arrays of their own, not copied there
            results.append(np.empty(port.shape, port.element_type.to_dtype()))
            request.set_tensor(port, load_openvino().Tensor(results[-1], shared_memory=True))
        request.infer([np.ascontiguousarray(batch)], share_inputs=True, share_outputs=True)
        return results

    def run(self, batch: np.ndarray) -> Output:
        """Runs a network that gives the parts of an `Output`."""
        return Output(*self.results(batch))


class OpenVINOEngine(CompiledNetwork):
    """A converted checkpoint. Imports neither TensorFlow nor Keras.

    Args:
        folder: holds the converted checkpoint.
        precision: "f32" or "bf16".

    Raises:
        RuntimeError: OpenVINO cannot read it.
    """

    def __init__(self, folder: Path, precision: str) -> None:
        core = new_core(precision)
        super().__init__(core, read_network(core, folder / NETWORK))
