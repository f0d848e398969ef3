"""The DANet of TensorFlow Advanced Segmentation Models, as it is, behind our interface.

github.com/JanMarcelKezmann/TensorFlow-Advanced-Segmentation-Models, MIT. Kept for comparison with
published figures. Known of it: its channel attention subtracts the maximum of the batch's first
image, so a prediction depends on its neighbours in the batch; its attention modules mix pixels
with channels; it uses the backbone up to 1/8 resolution only.
"""

from __future__ import annotations

import contextlib
import importlib
import io
from types import ModuleType
from typing import TYPE_CHECKING

from segcore.errors import MissingPackageError, RecipeError
from segcore.models.spec import GIGABYTE, Memory, ModelSpec
from segcore.system.allocator import hand_back_huge_blocks

if TYPE_CHECKING:
    import keras

LIBRARY = "tensorflow_advanced_segmentation_models"
INSTALLED_BY = "pip install -r requirements-tasm.txt"
OUTPUT_STRIDE = 8


def danet_tasm(
    input_size: tuple[int, int] | None,
    num_classes: int,
    *,
    backbone_weights: str = "none",
) -> keras.Model:
    """Builds the library's DANet on EfficientNet-B3.

    Args:
        input_size: (H, W), multiples of 8: the library needs them fixed.
        num_classes: channels of the logits.
        backbone_weights: "none", "imagenet" or a file; see `efficientnet_b3`.

    Returns:
        A model from RGB images (B, H, W, 3), values 0-255, to {"logits": (B, H, W, num_classes)}
        float32: the logarithm of the library's softmax.

    Raises:
        MissingPackageError: the library is not installed.
        RecipeError: no usable input size, or backbone weights that cannot be had.
    """
    from keras import Input, Model, layers

    from segcore.models import efficientnet
    from segcore.models.blocks import LogProbabilities

    library = _library()
    if input_size is None or any(side < 32 or side % OUTPUT_STRIDE for side in input_size):
        raise RecipeError(
            f"danet-tasm needs a fixed input size of multiples of {OUTPUT_STRIDE}, 32 or more, "
            f"not {input_size}: choose one, such as (256, 256)."
        )
    pretrained = efficientnet.load_pretrained(backbone_weights)
    hand_back_huge_blocks()  # its attention over 64x64 positions is 1 GB for a batch of 16
    height, width = input_size
    image = Input((height, width, 3), name="image")
    # The library prints shapes while it builds; standard output is not its to use.
    with contextlib.redirect_stdout(io.StringIO()):
        backbone, levels, _ = library.create_base_model(
            name="efficientnetb3", weights=None, height=height, width=width
        )
        network = library.DANet(num_classes, backbone, levels, backbone_trainable=True)
        probabilities = network(image)
    if pretrained is not None:
        efficientnet.copy_weights(pretrained, backbone)
        normalization = next(
            layer for layer in backbone.layers if isinstance(layer, layers.Normalization)
        )
        normalization.load_own_variables(
            {
                "0": efficientnet.IMAGENET_MEAN,
                "1": [std**2 for std in efficientnet.IMAGENET_STD],
                "2": 0,
            }
        )
    logits = LogProbabilities(dtype="float32", name="logits")(probabilities)
    return Model(image, {"logits": logits}, name="danet_tasm")


def _library() -> ModuleType:
    import keras

    if keras.backend.backend() != "tensorflow":
        raise MissingPackageError(
            "danet-tasm runs on TensorFlow only: set KERAS_BACKEND=tensorflow or choose danet."
        )
    try:
        return importlib.import_module(LIBRARY)
    except ImportError as error:
        raise MissingPackageError(
            "danet-tasm needs TensorFlow Advanced Segmentation Models, which is not installed "
            f"({error}): {INSTALLED_BY}, or choose danet."
        ) from error


DANET_TASM = ModelSpec(
    "danet-tasm",
    "DANet (TASM)",
    danet_tasm,
    family="danet",
    backbones=("efficientnet-b3",),
    fixed_size=True,
    memory=Memory(1.6 * GIGABYTE, lambda _: 14_500.0),  # at 256x256 (docs/speed.md)
    usual_parameters=4_000_000,
    package=(LIBRARY, INSTALLED_BY),
)
