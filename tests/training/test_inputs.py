"""What a network is trained on is what it is served: prepared, validated and scored alike."""

import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from segcore.data.preparation import load_prepared, native_samples, prepare
from segcore.data.sources.camvid import CamvidSource
from segcore.evaluation import evaluate
from segcore.images import resize_image, resize_labels
from segcore.images.preprocessing import Preprocessing
from segcore.images.resizing import Size
from segcore.labels import CITYSCAPES, metrics
from segcore.recipes import Augmentation, Recipe
from segcore.training.losses import build_loss
from segcore.training.session import train
from segcore.training.validation import Validator
from tests.factories.made_data import id_mask, write_picture

SHAPES: dict[str, list[Size]] = {
    "3:1": [(32, 96)],
    "4:3": [(48, 64)],
    "mixed": [(48, 64), (32, 96), (64, 48)],
}
RECIPE = Recipe(
    name="tiny",
    model="unet",
    summary="",
    model_options={"width": 4, "depth": 2},
    input_scale=0.12,  # 43x58 of CamVid's size
    augmentation=Augmentation(flip=True),
    epochs=2,
    batch_size=2,
    steps_per_epoch=12,
    learning_rate=3e-2,
)


def camvid_of(root: Path, shapes: list[Size]) -> str:
    """Six images in train and three in val, each class a colour of its own."""
    for split, count in (("train", 6), ("val", 3)):
        for number in range(count):
            shape = shapes[number % len(shapes)]
            mask = id_mask(number + 10 * count, *shape, [1, 3, 5])
            image = np.repeat(mask * np.uint8(45), 3).reshape(*shape, 3)
            write_picture(root / split / f"{number}.png", image)
            write_picture(root / f"{split}annot" / f"{number}.png", mask)
    return f"camvid:{root}"


@pytest.mark.parametrize(
    ("shapes", "size", "crop"),
    [("3:1", (64, 64), None), ("4:3", (32, 64), (32, 32)), ("mixed", None, None)],
)
def test_history_and_evaluation_say_the_same(
    tmp_path: Path, shapes: str, size: Size | None, crop: Size | None
) -> None:
    """Whether images are stretched, cut or fitted, and none has the size that is trained at."""
    spec = camvid_of(tmp_path / "data", SHAPES[shapes])
    run = train(replace(RECIPE, size=size, crop=crop), spec)
    best = max(run.history(), key=lambda row: row["val_mean_iou"])
    assert best["val_mean_iou"] > 0.2  # more than one class is predicted
    evaluation = evaluate(run, spec, "val")
    assert metrics.mean_iou(evaluation.matrix) == pytest.approx(best["val_mean_iou"], abs=1e-4)
    assert evaluation.report()["pixel_accuracy"] == pytest.approx(best["val_accuracy"], abs=1e-4)


def test_arrays_hold_what_the_network_is_served(tmp_path: Path) -> None:
    spec = camvid_of(tmp_path / "data", SHAPES["mixed"])
    prepared = prepare(spec, (32, 64))
    preprocessing = Preprocessing("fit", (32, 64), 32)
    for name, split in prepared.splits.items():
        samples = native_samples(spec, name)
        assert len(split.images) == len(samples) == len(split.sizes)
        for index, size in enumerate(split.sizes):
            sample = samples[index]
            served = preprocessing.apply(sample.image)
            assert np.array_equal(preprocessing.pad(split.images[index]), served)
            assert np.array_equal(split.masks[index], resize_labels(sample.mask, size))
            if name == "val":
                assert np.array_equal(split.truth(index), sample.mask)
    loaded = load_prepared(spec, (32, 64))
    assert loaded.fingerprint == prepared.fingerprint
    assert load_prepared(spec, (32, 64), "stretch") is None
    stretched = prepare(spec, (32, 64), mode="stretch").splits["val"]
    assert stretched.images.shape == (3, 32, 64, 3)
    first = native_samples(spec, "val")[0]
    assert np.array_equal(stretched.images[0], resize_image(first.image, (32, 64)))


def test_native_images_of_several_sizes_are_read_from_their_arrays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = camvid_of(tmp_path / "data", [(36, 48), (48, 36)])
    before = [native_samples(spec, "val")[index] for index in range(3)]
    assert prepare(spec, (36, 48)).splits["val"].is_native
    monkeypatch.setattr(CamvidSource, "read", None)
    after = native_samples(spec, "val")
    for index, sample in enumerate(before):
        assert np.array_equal(after[index].image, sample.image)
        assert np.array_equal(after[index].mask, sample.mask)


def test_what_was_stretched_before_is_prepared_anew(tmp_path: Path) -> None:
    """Of an earlier version's arrays only those count that changed no size."""
    spec = camvid_of(tmp_path / "data", [(36, 48)])
    for size, is_kept in (((36, 48), True), ((32, 64), False)):
        folder = next(prepare(spec, size, ["val"]).path.iterdir())
        manifest = json.loads((folder / "manifest.json").read_text())
        del manifest["sizes"], manifest["truth_bytes"]
        (folder / "manifest.json").write_text(json.dumps(manifest))
        assert (load_prepared(spec, size) is not None) == is_kept
        assert (
            prepare(spec, size, ["val"]).splits["val"].sizes
            == [Preprocessing("fit", size, 32).content_size(36, 48)] * 3
        )


def test_a_network_is_validated_at_the_precision_that_it_trains_in(tmp_path: Path) -> None:
    """Also by layers that it makes as it runs: Keras keeps its policy for each thread."""
    policies = []

    class Watching(keras.layers.Layer):
        def call(self, x):
            policies.append(keras.mixed_precision.dtype_policy().name)
            return x

    split = prepare(camvid_of(tmp_path / "data", [(32, 32)]), (32, 32), ["val"]).splits["val"]
    keras.mixed_precision.set_dtype_policy("mixed_bfloat16")
    try:
        image = keras.Input((32, 32, 3))
        logits = keras.layers.Conv2D(34, 1, dtype="float32")(Watching()(image))
        network = keras.Model(image, {"logits": logits})
        policies.clear()
        Validator(
            network,
            build_loss("dice", space=CITYSCAPES),
            split,
            Preprocessing("fit", (32, 32), 32),
            space=CITYSCAPES,
        )()
    finally:
        keras.mixed_precision.set_dtype_policy("float32")
    assert set(policies) == {"mixed_bfloat16"}
