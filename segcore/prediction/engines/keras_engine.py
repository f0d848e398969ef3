"""The reference engine: the network built from code, with Keras and its backend."""

from typing import Any

import numpy as np

from segcore.prediction.engines import MAX_SHAPES, Output, Shape
from segcore.recipes.checks import checked_options
from segcore.runs import Run
from segcore.system import devices


class KerasEngine:
    """A run's network with its best weights. Importing Keras takes seconds.

    Raises:
        RunError: weights are missing or not those that run.json names, or fit no such network.
        RecipeError, MissingPackageError: the network cannot be built here.
    """

    title = "Keras"

    def __init__(self, run: Run, input_size: tuple[int, int] | None) -> None:
        self.network = build_network(run, input_size)
        self._by_shape: dict[Shape, Any] = {}

    @property
    def device(self) -> str:
        return devices.device()

    def warm_up(self, shape: Shape) -> None:
        """A network that meets a second shape would be traced again for any shape, which is slower,
        and which the DANet's resizing does not take: each shape gets one with it built in.
        """
        import keras

        if shape in self._by_shape:
            return
        image = keras.Input(batch_shape=shape)
        network = keras.Model(image, self.network(image))
        network.compile(jit_compile=devices.compiles_with_xla())
        network.predict_on_batch(np.zeros(shape, np.uint8))
        self._by_shape[shape] = network
        if len(self._by_shape) > MAX_SHAPES:
            del self._by_shape[next(iter(self._by_shape))]  # the oldest

    def run(self, batch: np.ndarray) -> Output:
        self.warm_up(batch.shape)
        return Output.of(np.asarray(self._by_shape[batch.shape].predict_on_batch(batch)))


def build_network(run: Run, input_size: tuple[int, int] | None) -> Any:
    """A keras.Model from images (B, h, w, 3) to probabilities (B, h, w, C) float32."""
    import keras

    from segcore.models import build_model, inference_model
    from segcore.runs.weight_files import load_weights

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
