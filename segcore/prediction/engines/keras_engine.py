"""The reference engine: the network built from code, with Keras and its backend."""

from typing import Any

import numpy as np

from segcore.prediction.engines import Output
from segcore.prediction.engines.by_shape import ByShape, Shape
from segcore.recipes.checks import checked_options
from segcore.runs import Run
from segcore.system import backend, devices

MAX_SHAPES = 16
"""Input shapes that a built network is kept for: of data with images of many sizes."""


class KerasEngine:
    """A run's network with its best weights. Importing Keras takes seconds.

    Raises:
        RunError: weights are missing or not those that run.json names, or fit no such network.
        RecipeError, MissingPackageError: the network cannot be built here.
    """

    title = "Keras"

    def __init__(self, run: Run, input_size: tuple[int, int] | None) -> None:
        self.network = build_network(run, input_size)
        self._networks = ByShape(self._build, MAX_SHAPES)

    @property
    def device(self) -> str:
        return devices.device()

    def warm_up(self, shape: Shape) -> None:
        self._networks.get(shape)

    def _build(self, shape: Shape) -> Any:
        """A network that meets a second shape would be traced again for any shape, which is slower,
        and which the DANet's resizing does not take: each shape gets one with it built in.
        """
        import keras

        image = keras.Input(batch_shape=shape)
        network = keras.Model(image, self.network(image))
        network.compile(jit_compile=backend.compiles_with_xla())
        network.predict_on_batch(np.zeros(shape, np.uint8))
        return network

    def run(self, batch: np.ndarray) -> Output:
        return Output.of(np.asarray(self._networks.get(batch.shape).predict_on_batch(batch)))


def build_network(run: Run, input_size: tuple[int, int] | None) -> Any:
    """A keras.Model from images (B, h, w, 3) to probabilities (B, h, w, C) float32."""
    import keras

    from segcore.models import build_model, inference_model
    from segcore.runs.weights import load_weights

    # A training in this process may have set a lower precision for the layers it builds.
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        options = checked_options(run.model, run.manifest.model_options)
        classes = run.label_space.num_classes
        model = build_model(run.model, input_size=input_size, num_classes=classes, **options)
    finally:
        keras.config.set_dtype_policy(policy)
    load_weights(model, run)
    logits_model = inference_model(model)
    probabilities = keras.layers.Softmax(dtype="float32")(logits_model.output)
    return keras.Model(logits_model.input, probabilities)
