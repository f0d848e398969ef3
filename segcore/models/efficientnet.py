"""EfficientNet-B3 as a dense backbone: the late strides are traded for dilation.

Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019;
dilation as in Yu, Koltun and Funkhouser, "Dilated Residual Networks", CVPR 2017. The layers are
those of `keras.applications.EfficientNetB3`, so its weights fit; the top convolution is left out.
"""

import os
import urllib.request
from pathlib import Path
from typing import Any

import keras
from keras import layers

from segcore.errors import RecipeError
from segcore.models.even_light import EvenLight
from segcore.models.normalization import MOMENTUM, BatchNormalization
from segcore.models.weight_files import UnsafeWeightsError, require_plain_apart

IMAGENET_MEAN = (0.485, 0.456, 0.406)  # RGB in [0, 1]
IMAGENET_STD = (0.229, 0.224, 0.225)

DOWNLOAD_URL = "https://storage.googleapis.com/keras-applications/efficientnetb3_notop.h5"

# Output stride -> the blocks that lose their stride, in order. The first layer of such a block
# still runs at the dilation before it, as the strided one sampled its input; all after it are
# dilated twice as much.
_STRIDES_REMOVED: dict[int, tuple[str, ...]] = {
    32: (),
    16: ("block6a",),
    8: ("block4a", "block6a"),
}


def efficientnet_b3(
    input_size: tuple[int, int] | None = None,
    *,
    output_stride: int = 16,
    weights: str = "none",
    even_light: bool = False,
) -> keras.Model:
    """Builds the backbone.

    Args:
        input_size: (H, W), or None for any.
        output_stride: 32 (as published), 16 or 8: input pixels per position of block 7.
        weights: "none", "imagenet" or the path of a file of weights saved from
            `keras.applications.EfficientNetB3(include_top=False)`. The input is normalised as
            the ImageNet weights expect, whichever is chosen.
        even_light: begins with `segcore.models.even_light.EvenLight`.

    Returns:
        A model from RGB images (B, H, W, 3), values 0-255, to {"block2": (B, H/4, W/4, 32),
        "block3": (B, H/8, W/8, 48), "block7": (B, H/output_stride, W/output_stride, 384)},
        sizes rounded up.

    Raises:
        RecipeError: an output stride or weights that cannot be had.
    """
    if output_stride not in _STRIDES_REMOVED:
        strides = ", ".join(map(str, sorted(_STRIDES_REMOVED)))
        raise RecipeError(f"Output stride {output_stride} is not supported: choose {strides}.")
    pretrained = load_pretrained(weights)
    original = _original()
    heads = {f"block{i}": original.get_layer(f"block{i}{j}_add") for i, j in ("2c", "3c", "7b")}
    original = keras.Model(original.input, {name: head.output for name, head in heads.items()})
    height, width = input_size or (None, None)
    backbone = keras.models.clone_model(
        original,
        input_tensors=keras.Input((height, width, 3), name="image"),
        clone_function=_Dilation(output_stride, even_light),
    )
    if pretrained is not None:
        copy_weights(pretrained, backbone)
    return backbone


def _original(weights: str | None = None) -> keras.Model:
    return keras.applications.EfficientNetB3(
        weights=weights, include_top=False, input_shape=(None, None, 3)
    )


class _Dilation:
    """Clones the layers of EfficientNet-B3 one after the other, dilating as it goes."""

    def __init__(self, output_stride: int, even_light: bool) -> None:
        self.even_light = even_light
        self.removed = _STRIDES_REMOVED[output_stride]
        self.dilation = 1

    def __call__(self, layer: layers.Layer) -> layers.Layer:
        config: dict[str, Any] = layer.get_config()
        block = layer.name.split("_")[0]
        match layer:
            case layers.Rescaling() if self.even_light:
                return EvenLight(layer.scale, name="scale")
            case layers.Rescaling():
                config |= {"name": "scale", "dtype": "float32"}
            case layers.Normalization():
                # Constants instead of weights: the same network with and without ImageNet's.
                variance = [std**2 for std in IMAGENET_STD]
                config |= {"name": "normalize", "dtype": "float32"}
                config |= {"mean": list(IMAGENET_MEAN), "variance": variance}
            case layers.BatchNormalization():
                return BatchNormalization.from_config(config | {"momentum": MOMENTUM})
            case layers.ZeroPadding2D() if block in self.removed:
                config["padding"] = 0
            case layers.ZeroPadding2D():
                # One more at the end changes nothing for even sizes; odd ones keep their last
                # row and column.
                config["padding"] = [(before, after + 1) for before, after in layer.padding]
            case layers.DepthwiseConv2D():
                config["dilation_rate"] = self.dilation
                if block in self.removed:
                    config |= {"strides": 1, "padding": "same"}
                    self.dilation *= 2
        return type(layer).from_config(config)


def load_pretrained(weights: str) -> keras.Model | None:
    """Keras' EfficientNet-B3 without its top, with the named weights; None for "none".

    Raises:
        RecipeError: as `efficientnet_b3`.
    """
    if weights == "none":
        return None
    if weights == "imagenet":
        _require_download()
        return _original("imagenet")
    wanted = "give 'imagenet', 'none' or weights of keras.applications.EfficientNetB3"
    if not Path(weights).is_file():
        raise RecipeError(f"There are no backbone weights '{weights}': {wanted}.")
    model = _original()
    try:
        require_plain_apart(Path(weights))
        model.load_weights(weights)
    except (UnsafeWeightsError, OSError, ValueError, KeyError) as error:
        raise RecipeError(
            f"The backbone weights '{weights}' are damaged or of another network: "
            f"{wanted}(include_top=False), in a file named .weights.h5 or .h5."
        ) from error
    return model


def copy_weights(pretrained: keras.Model, backbone: keras.Model) -> None:
    """Copies the weights of all layers but the input's normalisation, by name."""
    for layer in backbone.layers:
        if layer.weights and not isinstance(layer, layers.Normalization):
            layer.set_weights(pretrained.get_layer(layer.name).get_weights())


def _require_download() -> None:
    """Raises RecipeError where Keras neither has ImageNet's weights nor can download them.

    Keras itself raises a bare Exception there.
    """
    keras_home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    if (keras_home / "models" / Path(DOWNLOAD_URL).name).is_file():
        return
    request = urllib.request.Request(DOWNLOAD_URL, method="HEAD")
    try:
        urllib.request.urlopen(request, timeout=15).close()
    except OSError as error:  # URLError is one
        raise RecipeError(
            f"The ImageNet weights of EfficientNet-B3 cannot be downloaded from {DOWNLOAD_URL} "
            "(no connection?): give a file of them or 'none' as backbone weights."
        ) from error
