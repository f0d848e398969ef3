"""Every model's contract, the dilated backbone and the attention of the paper."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from segcore.errors import RecipeError
from segcore.labels import CITYSCAPES
from segcore.models import build_model, inference_model
from segcore.models.attention import ChannelAttention, PositionAttention
from segcore.models.efficientnet import IMAGENET_MEAN, IMAGENET_STD, efficientnet_b3
from segcore.models.normalization import BatchNormalization
from segcore.training.losses import build_loss

NETWORKS = {
    "unet": {"width": 4, "depth": 3},
    "danet": {"attention_channels": 16},
    "danet on lite2": {"attention_channels": 16, "backbone": "efficientnet-lite2"},
}


@pytest.fixture
def random() -> np.random.Generator:
    keras.utils.set_random_seed(0)
    return np.random.default_rng(0)


def pictures(random: np.random.Generator, *shape: int) -> np.ndarray:
    return random.integers(0, 256, (*shape, 3)).astype(np.float32)


def predict(model: keras.Model, images: np.ndarray) -> np.ndarray:
    return keras.ops.convert_to_numpy(model(images, training=False))


def randomize(layers: list[keras.layers.Layer], random: np.random.Generator) -> None:
    """Gives batch normalisation and the scalars of attention values that do something."""
    for layer in layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            for weight in layer.weights:
                weight.assign(random.uniform(0.5, 1.5, weight.shape))
        if isinstance(layer, PositionAttention):
            layer.alpha.assign(0.7)
        if isinstance(layer, ChannelAttention):
            layer.beta.assign(0.7)


# --- every model -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORKS)
def test_the_contract_of_every_model(name, random, tmp_path):
    """Builds, fits, predicts at two sizes, each image by itself, saves and loads the same."""
    family, options = name.split()[0], NETWORKS[name]
    model = build_model(family, input_size=None, **options)
    images = pictures(random, 2, 64, 64)
    masks = random.choice([7, 11, 26, 255], (2, 64, 64)).astype(np.uint8)
    before = [weight.numpy() for weight in model.trainable_weights]
    losses = dict.fromkeys(model.output, build_loss("cross_entropy", space=CITYSCAPES))
    model.compile("adam", losses, run_eagerly=True)  # the graph of a single step is slow to make
    model.fit(images, dict.fromkeys(model.output, masks), batch_size=2, verbose=0)
    assert any(
        np.any(old != new.numpy()) for old, new in zip(before, model.trainable_weights, strict=True)
    )
    # One step moves the statistics of batch normalisation far from what the weights expect.
    randomize(model.layers, random)

    for output in model(images, training=False).values():
        assert output.shape == (2, 64, 64, 34)
        assert keras.backend.standardize_dtype(output.dtype) == "float32"

    predictor = inference_model(model)
    wide = pictures(random, 2, 32, 96)
    logits = predict(predictor, wide)
    assert logits.shape == (2, 32, 96, 34)
    assert np.ptp(logits) > 0
    alone = predict(predictor, wide[1:])
    np.testing.assert_allclose(logits[1:], alone, rtol=1e-3, atol=1e-4 * np.ptp(logits))
    as_bytes = predict(predictor, wide.astype(np.uint8))
    np.testing.assert_allclose(as_bytes, logits, rtol=1e-4, atol=1e-5 * np.ptp(logits))

    model.save_weights(tmp_path / "a.weights.h5")
    again = build_model(family, input_size=(32, 96), **options)
    again.load_weights(tmp_path / "a.weights.h5")
    loaded = inference_model(again).predict_on_batch(wide)  # in a graph
    np.testing.assert_allclose(loaded, logits, rtol=1e-4, atol=1e-5 * np.ptp(logits))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("segnet", {}, "no model 'segnet'"),
        ("danet", {"width": 3}, "danet has no option width"),
        ("unet", {"backbone_weights": "imagenet"}, "unet has no backbone"),
        ("danet", {"output_stride": 4}, "Output stride 4"),
        ("danet", {"backbone_weights": "/nowhere/b3.h5"}, "no backbone weights '/nowhere"),
    ],
)
def test_what_cannot_be_built_says_so_in_one_line(name, options, message):
    with pytest.raises(RecipeError, match=message) as raised:
        build_model(name, input_size=None, **options)
    assert "\n" not in str(raised.value)


def test_imagenet_weights_without_a_connection_are_an_error(monkeypatch, tmp_path):
    def offline(*_args, **_kwargs):
        raise OSError("Network is unreachable")

    monkeypatch.setattr("urllib.request.urlopen", offline)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(RecipeError, match="cannot be downloaded") as raised:
        build_model("danet", input_size=None, backbone_weights="imagenet")
    assert "\n" not in str(raised.value)


# --- the backbone ----------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_batch_normalisation_trains_as_keras_own(policy, random):
    """Fused or not: outputs, gradients and moving statistics, each layer from the same weights."""
    features = pictures(random, 4, 6, 5)
    slopes = random.normal(size=features.shape).astype(np.float32)
    found = []
    for kind in (BatchNormalization, keras.layers.BatchNormalization):
        layer = kind(momentum=0.9, dtype=policy)
        layer.build(features.shape)
        layer.gamma.assign([0.5, 1.0, 2.0])
        layer.beta.assign([-1.0, 0.0, 3.0])
        with tf.GradientTape() as tape:
            outputs = layer(features, training=True)
            loss = tf.reduce_sum(tf.cast(outputs, "float32") * slopes)
        gradients = tape.gradient(loss, [layer.gamma.value, layer.beta.value])
        found.append([outputs, *gradients, layer.moving_mean, layer.moving_variance])
    count = features[..., 0].size
    found[0][-1] = 0.9 + (found[0][-1] - 0.9) * (count - 1) / count  # theirs is the biased estimate
    tolerance = 1e-4 if policy == "float32" else 2e-2
    for ours, theirs in zip(*found, strict=True):
        ours, theirs = (keras.ops.convert_to_numpy(v).astype(np.float32) for v in (ours, theirs))
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


@pytest.fixture(scope="module")
def original() -> keras.Model:
    """Keras' EfficientNet-B3 with its gates held open half, so that no layer sees all positions.

    Squeeze and excitation averages over the whole image; without that, a dilated network holds
    exactly the values of the strided one at every second position.
    """
    keras.utils.set_random_seed(1)
    model = keras.applications.EfficientNetB3(
        weights=None, include_top=False, input_shape=(None, None, 3)
    )
    random = np.random.default_rng(1)
    randomize(model.layers, random)
    for layer in model.layers:
        if layer.name.endswith("_se_expand"):
            layer.kernel.assign(np.zeros(layer.kernel.shape))
    return model


@pytest.fixture(scope="module")
def weights_file(original, tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("backbone") / "b3.weights.h5"
    original.save_weights(path)
    return str(path)


@pytest.mark.parametrize(("output_stride", "step"), [(16, 2), (8, 4)])
def test_dilated_backbone_is_keras_network_at_finer_positions(
    output_stride, step, original, weights_file, random
):
    backbone = efficientnet_b3(output_stride=output_stride, weights=weights_file)
    image = pictures(random, 1, 64, 96)
    features = {
        name: keras.ops.convert_to_numpy(value)
        for name, value in backbone(image, training=False).items()
    }
    assert features["block2"].shape == (1, 16, 24, 32)
    assert features["block3"].shape == (1, 8, 12, 48)
    assert features["block7"].shape == (1, 64 // output_stride, 96 // output_stride, 384)

    # Keras' network scales to [0, 1] only; with ImageNet's weights it also normalises.
    normalized = 255 * (image / 255 - IMAGENET_MEAN) / IMAGENET_STD
    block7 = keras.Model(original.input, original.get_layer("block7b_add").output)
    expected = keras.ops.convert_to_numpy(block7(normalized, training=False))
    same_positions = features["block7"][:, step - 1 :: step, step - 1 :: step]
    np.testing.assert_allclose(same_positions, expected, rtol=1e-3, atol=1e-4 * np.ptp(expected))


def test_a_file_of_something_else_is_refused(tmp_path):
    path = tmp_path / "cut.weights.h5"
    path.write_bytes(b"\x89HDF")
    with pytest.raises(RecipeError, match="damaged or of another network"):
        efficientnet_b3(weights=str(path))


def test_backbone_keeps_the_edge_of_odd_sizes(random):
    backbone = efficientnet_b3((45, 67))
    features = backbone(pictures(random, 1, 45, 67), training=False)
    assert features["block2"].shape == (1, 12, 17, 32)
    assert features["block7"].shape == (1, 3, 5, 384)


# --- attention -------------------------------------------------------------------------------


def softmax(values: np.ndarray) -> np.ndarray:
    exponentials = np.exp(values - values.max())
    return exponentials / exponentials.sum()


def attention_layer(kind: type, random: np.random.Generator, channels: int) -> keras.layers.Layer:
    layer = kind()
    layer.build((None, None, None, channels))
    randomize([layer], random)
    return layer


def test_position_attention_is_the_papers_formula(random):
    features = random.normal(size=(2, 3, 4, 16)).astype(np.float32)
    layer = attention_layer(PositionAttention, random, 16)

    expected = np.empty_like(features)
    for n, image in enumerate(features):
        a = image.reshape(12, 16)
        b, c, d = (
            a @ projection.kernel.numpy() + projection.bias.numpy()
            for projection in (layer.key, layer.query, layer.value)
        )
        for j in range(12):
            s = softmax(np.array([b[i] @ c[j] for i in range(12)]))
            e = 0.7 * sum(s[i] * d[i] for i in range(12)) + a[j]
            expected[n, j // 4, j % 4] = e
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(layer(features)), expected, rtol=1e-4, atol=1e-5
    )


def test_channel_attention_is_the_papers_formula(random):
    features = random.normal(size=(2, 3, 4, 5)).astype(np.float32)
    layer = attention_layer(ChannelAttention, random, 5)

    expected = np.empty_like(features)
    for n, image in enumerate(features):
        a = image.reshape(12, 5).T  # one row per channel
        for j in range(5):
            x = softmax(np.array([a[i] @ a[j] for i in range(5)]))
            e = 0.7 * sum(x[i] * a[i] for i in range(5)) + a[j]
            expected[n, :, :, j] = e.reshape(3, 4)
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(layer(features)), expected, rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("kind", [PositionAttention, ChannelAttention])
def test_moving_pixels_moves_the_output_of_attention(kind, random):
    features = random.normal(size=(1, 3, 4, 16)).astype(np.float32)
    layer = attention_layer(kind, random, 16)
    order = random.permutation(12)

    def moved(x: np.ndarray) -> np.ndarray:
        return x.reshape(1, 12, 16)[:, order].reshape(1, 3, 4, 16)

    after = keras.ops.convert_to_numpy(layer(moved(features)))
    np.testing.assert_allclose(
        after, moved(keras.ops.convert_to_numpy(layer(features))), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("kind", [PositionAttention, ChannelAttention])
def test_attention_starts_as_the_identity_and_learns(kind, random):
    features = random.normal(size=(2, 3, 4, 16)).astype(np.float32)
    layer = kind()
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(layer(features)), features)
    model = keras.Sequential([keras.Input((3, 4, 16)), layer])
    model.compile(keras.optimizers.SGD(1.0), "mse")
    model.train_on_batch(features, features + 1)
    assert np.any(keras.ops.convert_to_numpy(layer(features)) != features)


def test_attention_in_half_precision_survives_large_features(random):
    """Channel products over many positions pass float16's 65 504."""
    features = (random.normal(size=(1, 16, 16, 16)) * 30).astype(np.float32)
    layer = ChannelAttention(dtype="mixed_bfloat16")
    layer.build(features.shape)
    layer.beta.assign(0.7)
    exact = attention_layer(ChannelAttention, random, 16)
    close = np.asarray(keras.ops.cast(layer(features), "float32"))
    np.testing.assert_allclose(
        close, keras.ops.convert_to_numpy(exact(features)), rtol=0.02, atol=1.0
    )
