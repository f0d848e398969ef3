import numpy as np
import pytest

from segcore.recipes import Augmentation
from segcore.training.augmentation import augment
from segcore.training.batches import Pictures, TrainingBatches
from tests.factories.made_data import id_mask, noise

IMAGES = np.stack([noise(seed, 48, 64) for seed in range(5)])
MASKS = np.stack([id_mask(seed, 48, 64, [7, 11, 21, 23, 255]) for seed in range(5)])
ALL = Augmentation(
    flip=True, rotation=10, scale=(0.5, 2.0), aspect=0.1, brightness=0.3, contrast=0.3,
    saturation=0.3, hue=0.05, blur=1.0, noise=5.0,
)  # fmt: skip


def batches(epoch: int = 1, steps: int | None = None, **changes: object) -> TrainingBatches:
    options = {"augmentation": ALL, "crop": (32, 32), "batch_size": 2, "seed": 0, **changes}
    return TrainingBatches(
        [Pictures.all(IMAGES, MASKS)], steps=steps, outputs=["logits"], epoch=epoch, **options
    )


def test_an_epoch_is_the_same_whatever_was_drawn_before() -> None:
    first, again = batches(), batches()
    later = again[2]
    for step in (2, 0, 1):
        images, masks = again[step]
        np.testing.assert_array_equal(images, first[step][0])
        np.testing.assert_array_equal(masks["logits"], first[step][1]["logits"])
    np.testing.assert_array_equal(later[0], first[2][0])


def test_epochs_and_seeds_differ() -> None:
    assert not np.array_equal(batches(1)[0][0], batches(2)[0][0])
    assert not np.array_equal(batches()[0][0], batches(seed=1)[0][0])


def test_an_epoch_shows_every_picture_once_and_keeps_the_last_batch() -> None:
    epoch = batches(augmentation=Augmentation(), crop=None)
    assert [len(epoch[step][0]) for step in range(len(epoch))] == [2, 2, 1]
    seen = np.concatenate([epoch[step][0] for step in range(len(epoch))])
    assert sorted(image.tobytes() for image in seen) == sorted(i.tobytes() for i in IMAGES)


def test_steps_beyond_one_pass_show_no_picture_twice_as_often() -> None:
    counts = np.bincount([index for _, index in batches(steps=6).order], minlength=5)
    assert counts.sum() == 12
    assert counts.max() - counts.min() <= 1


def test_joined_data_sets_take_turns_in_a_batch_and_keep_their_own_codes() -> None:
    coarse = np.arange(256, dtype=np.uint8)
    coarse[7] = 40
    roads = np.full_like(MASKS, 7)
    epoch = TrainingBatches(
        [Pictures.all(IMAGES, MASKS), Pictures(IMAGES, roads, np.array([1, 4]), coarse)],
        augmentation=Augmentation(),
        crop=None,
        batch_size=4,
        steps=3,
        outputs=["logits"],
        seed=0,
        epoch=1,
    )
    assert [data_set for data_set, _ in epoch.order] == [0, 1] * 6
    chosen = [index for data_set, index in epoch.order if data_set == 1]
    assert sorted(chosen) == [1, 1, 1, 4, 4, 4]  # the smaller one is seen more often
    masks = epoch[0][1]["logits"]
    assert (masks[1::2] == 40).all()
    assert 40 not in masks[::2]


def test_no_new_label_appears_and_shapes_hold() -> None:
    for place in range(20):
        image, mask = augment(IMAGES[0], MASKS[0], ALL, (40, 56), np.random.default_rng(place))
        assert image.shape == (40, 56, 3)
        assert image.dtype == np.uint8
        assert mask.shape == (40, 56)
        assert set(np.unique(mask)) <= set(np.unique(MASKS[0])) | {255}


@pytest.mark.parametrize(
    "augmentation",
    [
        Augmentation(flip=True),
        Augmentation(scale=(0.5, 2.0), aspect=0.2),
        Augmentation(rotation=30),
        Augmentation(flip=True, rotation=10, scale=(0.7, 1.4)),
    ],
)
def test_image_and_mask_stay_in_step(augmentation: Augmentation) -> None:
    """An image painted with its own mask still matches it after every change of geometry."""
    mask = np.full((64, 96), 7, np.uint8)
    mask[20:50, 10:40] = 11
    mask[5:30, 60:90] = 23
    grey = np.zeros(256, np.uint8)
    grey[[7, 11, 23]] = 20, 120, 220
    image = np.repeat(grey[mask][..., None], 3, axis=-1)
    for place in range(10):
        random = np.random.default_rng(place)
        moved, labels = augment(image, mask, augmentation, (48, 48), random)
        inside = labels != 255
        wrong = np.abs(moved[..., 0].astype(int) - grey[labels]) > 60
        assert inside.any()
        assert (wrong & inside).sum() <= 0.03 * labels.size  # edges are blended in the image


def test_without_augmentation_a_sample_is_untouched() -> None:
    image, mask = augment(IMAGES[0], MASKS[0], Augmentation(), None, np.random.default_rng(0))
    np.testing.assert_array_equal(image, IMAGES[0])
    np.testing.assert_array_equal(mask, MASKS[0])


GREY_AND_RED = np.array([[[100, 100, 100], [200, 200, 200], [180, 60, 60]]], np.uint8)


def changed(augmentation: Augmentation, place: int) -> np.ndarray:
    mask = np.zeros((1, 3), np.uint8)
    image, _ = augment(GREY_AND_RED, mask, augmentation, None, np.random.default_rng(place))
    return image[0].astype(int)


def luma(pixel: np.ndarray) -> float:
    return float(pixel @ [0.299, 0.587, 0.114])


@pytest.mark.parametrize("place", range(5))
def test_each_change_of_colour_does_what_its_name_says(place: int) -> None:
    original = GREY_AND_RED[0].astype(int)

    bright = changed(Augmentation(brightness=0.2), place)
    factor = bright[0, 0] / 100
    assert 0.8 <= factor <= 1.2
    np.testing.assert_allclose(bright, original * factor, atol=1.5)

    contrasted = changed(Augmentation(contrast=0.2), place)
    mean = luma(original.mean(axis=0))
    stretch = (contrasted[1, 0] - contrasted[0, 0]) / 100
    assert 0.79 <= stretch <= 1.21
    np.testing.assert_allclose(contrasted, mean + (original - mean) * stretch, atol=2)

    saturated = changed(Augmentation(saturation=0.3), place)
    np.testing.assert_allclose(saturated[:2], original[:2], atol=1)  # grey stays grey
    assert luma(saturated[2]) == pytest.approx(luma(original[2]), abs=1)

    turned = changed(Augmentation(hue=0.1), place)
    np.testing.assert_allclose(turned[:2], original[:2], atol=1)
    assert luma(turned[2]) == pytest.approx(luma(original[2]), abs=2)
    assert (turned[2] != original[2]).any()


def test_noise_is_as_strong_as_asked_and_never_the_same() -> None:
    grey = np.full((64, 64, 3), 128, np.uint8)
    mask = np.zeros((64, 64), np.uint8)
    views = [
        augment(grey, mask, Augmentation(noise=20.0), None, np.random.default_rng(place))[0]
        for place in range(40)
    ]
    deviations = [view.astype(float).std() for view in views]
    assert max(deviations) < 20.5
    assert np.mean(deviations) == pytest.approx(10, abs=3)  # drawn evenly from 0 to 20
    assert len({view.tobytes() for view in views}) == 40
    assert np.mean(views) == pytest.approx(128, abs=0.1)  # cut off instead of rounded: 127.5


@pytest.mark.parametrize("place", range(4))
def test_light_and_camera_change_a_grey_image_as_their_names_say(place: int) -> None:
    grey = np.full((64, 96, 3), 100, np.uint8)

    def seen(**changes: float) -> np.ndarray:
        random = np.random.default_rng(place)
        view, _ = augment(grey, grey[..., 0], Augmentation(**changes), None, random)
        return view.astype(float)

    cast = seen(cast=0.3)
    gains = cast[0, 0] / 100
    assert (np.exp(-0.31) <= gains).all() and (gains <= np.exp(0.31)).all()
    assert np.ptp(gains) > 0 and np.ptp(cast, axis=(0, 1)).max() == 0

    curve = seen(gamma=0.5)[0, 0] / 255  # each channel by up to a quarter more of its own
    exponents = np.log(curve) / np.log(100 / 255)
    assert (np.exp(-0.64) <= exponents).all() and (exponents <= np.exp(0.64)).all()
    assert np.ptp(exponents) > 0

    shaded = seen(shade=0.5) / 100
    assert 0.49 <= shaded.min() < 1 < shaded.max() <= 1.51
    assert np.ptp(shaded, axis=2).max() == 0


def test_a_black_and_white_image_and_a_jpeg() -> None:
    colored = IMAGES[0]
    random = np.random.default_rng(0)
    view, _ = augment(colored, MASKS[0], Augmentation(grey=1.0), None, random)
    assert np.ptp(view, axis=2).max() == 0
    views = [
        augment(colored, MASKS[0], Augmentation(jpeg=20), None, np.random.default_rng(place))[0]
        for place in range(8)
    ]
    untouched = [np.array_equal(view, colored) for view in views]
    assert any(untouched) and not all(untouched)
