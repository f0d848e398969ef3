"""The adapter to TensorFlow Advanced Segmentation Models, with and without the library."""

import importlib.util
import sys

import keras
import numpy as np
import pytest

from segcore.errors import MissingPackageError, RecipeError
from segcore.labels import CITYSCAPES
from segcore.models import build_model, inference_model
from segcore.models.efficientnet import IMAGENET_MEAN
from segcore.models.tasm import LIBRARY
from segcore.training.losses import build_loss

installed = pytest.mark.skipif(
    importlib.util.find_spec(LIBRARY) is None,
    reason="the library of requirements-tasm.txt is not installed",
)


def test_without_the_library_the_message_names_the_way_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, LIBRARY, None)
    with pytest.raises(MissingPackageError, match="requirements-tasm.txt") as raised:
        build_model("danet-tasm", input_size=(64, 64))
    assert "\n" not in str(raised.value)


@installed
@pytest.mark.parametrize("size", [None, (60, 64)])
def test_the_library_needs_a_fixed_size(size):
    with pytest.raises(RecipeError, match="fixed input size"):
        build_model("danet-tasm", input_size=size)


@installed
def test_it_fits_predicts_and_loads_to_the_same_output(tmp_path, capsys):
    random = np.random.default_rng(0)
    keras.utils.set_random_seed(0)
    images = random.integers(0, 256, (2, 64, 96, 3)).astype(np.float32)
    masks = random.choice([7, 11, 26, 255], (2, 64, 96)).astype(np.uint8)

    model = build_model("danet-tasm", input_size=(64, 96))
    model.compile("sgd", {"logits": build_loss("focal", space=CITYSCAPES)})
    model.fit(images, {"logits": masks}, batch_size=2, verbose=0)
    logits = inference_model(model).predict_on_batch(images)
    assert logits.shape == (2, 64, 96, 34) and logits.dtype == np.float32
    np.testing.assert_allclose(np.exp(logits).sum(axis=-1), 1, rtol=1e-4)

    model.save_weights(tmp_path / "a.weights.h5")
    again = build_model("danet-tasm", input_size=(64, 96))
    again.load_weights(tmp_path / "a.weights.h5")
    loaded = inference_model(again).predict_on_batch(images)
    np.testing.assert_allclose(loaded, logits, rtol=1e-4, atol=1e-4)
    assert capsys.readouterr().out == "", "standard output belongs to the command line"


@installed
def test_it_takes_backbone_weights_with_their_normalisation(tmp_path):
    original = keras.applications.EfficientNetB3(weights=None, include_top=False)
    original.save_weights(tmp_path / "b3.weights.h5")
    model = build_model(
        "danet-tasm", input_size=(64, 64), backbone_weights=str(tmp_path / "b3.weights.h5")
    )
    backbone = model.layers[1].backbone
    np.testing.assert_array_equal(
        backbone.get_layer("block3a_dwconv").kernel.numpy(),
        original.get_layer("block3a_dwconv").kernel.numpy(),
    )
    normalized = keras.Model(backbone.input, backbone.layers[2].output)
    mean_color = np.broadcast_to(255 * np.array(IMAGENET_MEAN, np.float32), (1, 64, 64, 3))
    np.testing.assert_allclose(np.asarray(normalized(mean_color)), 0, atol=1e-5)
