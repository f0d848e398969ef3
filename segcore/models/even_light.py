"""Light and colour taken out of an image, before a network sees it."""

from typing import Any

from keras import layers, ops

MEAN, DEVIATION = 120.0, 60.0
"""What every channel gets, about those of ImageNet's images in 0-255."""

SMALLEST_DEVIATION = 8.0
"""An image with less, such as a white wall, is not stretched up to noise."""


class EvenLight(layers.Layer):
    """Gives each channel of an image the same mean and standard deviation.

    A white balance by the grey-world assumption (Buchsbaum, "A spatial processor model for object
    colour perception", 1980) with a stretch of the contrast: colour casts, exposure and haze that
    lie on the whole image are gone. It has no weights.

    Images (B, H, W, 3), values 0-255, to float32 of the same shape, times `scale`.
    """

    def __init__(self, scale: float = 1.0, **options: Any) -> None:
        super().__init__(dtype="float32", **options)
        self.scale = scale

    def call(self, images: Any) -> Any:
        images = ops.cast(images, "float32")
        mean = ops.mean(images, axis=(1, 2), keepdims=True)
        variance = ops.mean(ops.square(images - mean), axis=(1, 2), keepdims=True)
        deviation = ops.maximum(ops.sqrt(variance), SMALLEST_DEVIATION)
        return ((images - mean) / deviation * DEVIATION + MEAN) * self.scale
