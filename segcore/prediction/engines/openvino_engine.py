"""The engine for processors: a converted checkpoint, run by OpenVINO."""

from pathlib import Path
from typing import Any

import numpy as np

from segcore.prediction.engines import MAX_SHAPES, Output, Shape
from segcore.prediction.engines.openvino_library import load_openvino, read_network
from segcore.prediction.engines.openvino_store import NETWORK
from segcore.system import devices


class OpenVINOEngine:
    """A converted checkpoint. Imports neither TensorFlow nor Keras.

    A network compiled for one shape takes 12 to 36 % less time than one for any shape
    (docs/speed.md), so each shape is compiled once, when it is first met.

    Args:
        folder: holds the converted checkpoint.
        precision: "f32" or "bf16".

    Raises:
        RuntimeError: OpenVINO cannot read it.
    """

    title = "OpenVINO"

    def __init__(self, folder: Path, precision: str) -> None:
        self._core = load_openvino().Core()
        self._core.set_property("CPU", {"INFERENCE_PRECISION_HINT": precision})
        self._core.set_property("CPU", {"PERFORMANCE_HINT": "LATENCY"})
        self._model = read_network(self._core, folder / NETWORK)
        self._requests: dict[Shape, Any] = {}

    @property
    def device(self) -> str:
        return devices.processor()

    def warm_up(self, shape: Shape) -> None:
        if shape in self._requests:
            return
        model = self._model.clone()
        model.reshape(list(shape))
        request = self._core.compile_model(model, "CPU").create_infer_request()
        request.infer([np.zeros(shape, np.uint8)])
        self._requests[shape] = request
        if len(self._requests) > MAX_SHAPES:
            del self._requests[next(iter(self._requests))]  # the oldest

    def run(self, batch: np.ndarray) -> Output:
        self.warm_up(batch.shape)
        request = self._requests[batch.shape]
        results = []
        for port in request.model_outputs:  # written into arrays of their own, not copied there
            results.append(np.empty(port.shape, port.element_type.to_dtype()))
            request.set_tensor(port, load_openvino().Tensor(results[-1], shared_memory=True))
        request.infer([np.ascontiguousarray(batch)], share_inputs=True, share_outputs=True)
        return Output(*results)
