"""The built-in scenes: the same everywhere, exact masks, the classes they promise."""

import hashlib

import numpy as np
import pytest
from PIL import Image

from segcore.data.sources.streets import StreetsSource, render_scene
from segcore.data.sources.streets.camera import Camera
from segcore.data.sources.streets.canvas import SUPERSAMPLING, Canvas
from segcore.data.sources.streets.style import make_light
from segcore.errors import DataError
from segcore.labels import CITYSCAPES, IDS

GOLDEN = {
    0: "2b0b46e94c5a237f781dee2ed81f3fab5b4ab13305a713009e099ba73d55d095",
    12907: "ccbece45292025b93bfdc521446621d12fe4937f41888c00614a26db8f4b6d8a",
}
"""sha256 of image and mask bytes. Where they change, so must RENDERER_VERSION."""


@pytest.fixture(scope="module")
def validation() -> list[np.ndarray]:
    """Masks of some validation scenes, two from each town."""
    source = StreetsSource()
    samples = [source.read(item) for item in source.items("val")[:20]]
    assert all(sample.image.shape == (256, 512, 3) for sample in samples)
    return [sample.mask for sample in samples if sample.mask is not None]


@pytest.mark.parametrize("seed", GOLDEN)
def test_scene_is_byte_identical_on_every_machine(seed: int) -> None:
    image, mask = render_scene(seed)
    assert hashlib.sha256(image.tobytes() + mask.tobytes()).hexdigest() == GOLDEN[seed]


@pytest.mark.parametrize("size", [(360, 480), (97, 131), (64, 64)])
def test_scene_of_any_size(size: tuple[int, int]) -> None:
    image, mask = render_scene(5, size)
    assert image.shape == (*size, 3) and image.dtype == np.uint8
    assert mask.shape == size and mask.dtype == np.uint8
    assert mask.max() < CITYSCAPES.num_classes
    assert {IDS["road"], IDS["sky"]} <= set(np.unique(mask).tolist())


def test_a_split_holds_at_least_twenty_classes(validation: list[np.ndarray]) -> None:
    seen = set(np.unique(np.concatenate(validation)).tolist())
    assert len(seen - set(CITYSCAPES.void_ids)) >= 20


def test_class_shares_are_of_the_order_of_cityscapes(validation: list[np.ndarray]) -> None:
    counts = np.bincount(np.concatenate(validation).ravel(), minlength=CITYSCAPES.num_classes)
    share = counts / counts.sum()
    cityscapes = {
        "road": 0.33,
        "building": 0.20,
        "vegetation": 0.14,
        "car": 0.06,
        "sidewalk": 0.054,
        "sky": 0.036,
        "pole": 0.011,
        "person": 0.011,
    }
    for name, expected in cityscapes.items():
        assert expected / 2.5 < share[IDS[name]] < expected * 2.5, name
    assert share[IDS["traffic light"]] < share[IDS["car"]] < share[IDS["road"]]


def test_every_scene_shows_a_street(validation: list[np.ndarray]) -> None:
    for mask in validation:
        bottom = mask[mask.shape[0] * 3 // 4 :]
        ground = np.isin(bottom, [IDS["road"], IDS["rail track"], IDS["parking"]])
        assert ground.mean() > 0.1
        assert (mask == IDS["unlabeled"]).sum() == 0


def test_items_are_split_by_town() -> None:
    source = StreetsSource()
    assert {split: len(source.items(split)) for split in source.splits} == {
        "train": 600,
        "val": 120,
        "test": 120,
    }
    items = source.items("train")
    assert [item.key for item in items] == sorted({item.key for item in items})
    assert len({item.sequence for item in items}) == 10
    assert items == StreetsSource().items("train")


def test_splits_share_no_scene() -> None:
    source = StreetsSource()
    first = {
        source.read(source.items(split)[0]).image.tobytes() for split in ("train", "val", "test")
    }
    assert len(first) == 3
    assert len({source.fingerprint(split) for split in source.splits}) == 3


def test_unknown_split_is_named() -> None:
    with pytest.raises(DataError, match="streets has no extra split; it has train, val, test"):
        StreetsSource().items("extra")


def test_facade_lands_where_the_camera_projects_it() -> None:
    """A wall, red up to 3 m and green above: colour and label agree with the projection."""
    rng = np.random.Generator(np.random.PCG64(0))
    camera = Camera(512, 256, 500.0, 256.0, 100.0, 1.0, 1.4, 0.0)
    canvas = Canvas(camera, make_light(rng))
    texture = Image.new("RGB", (100, 60), (255, 0, 0))
    texture.paste((0, 255, 0), (0, 0, 100, 30))
    canvas.plane(texture, (6.0, 12.0, 6.0, 32.0), (0.0, 1.0), (0.0, 6.0), IDS["building"])
    image, labels = np.asarray(canvas.image), np.asarray(canvas.labels)
    for z in (15.0, 20.0, 28.0):
        for y, channel in ((2.6, 0), (3.4, 1)):
            u, v = camera.project(6.0, y, z)
            pixel = image[int(v), int(u)]
            assert labels[int(v), int(u)] == IDS["building"]
            assert pixel[channel] > pixel[1 - channel]
        for y in (-0.3, 6.3):
            u, v = camera.project(6.0, y, z)
            if 0 <= v < camera.height:
                assert labels[int(v), int(u)] == 0
    assert canvas.label_array().shape == (256 // SUPERSAMPLING, 512 // SUPERSAMPLING)


def test_polygon_is_cut_at_the_near_plane() -> None:
    camera = Camera(512, 256, 500.0, 256.0, 100.0, 0.0, 1.4, 0.0)
    points = camera.polygon(
        [(-2.0, 0.0, -5.0), (2.0, 0.0, -5.0), (2.0, 0.0, 20.0), (-2.0, 0.0, 20.0)]
    )
    assert len(points) == 4
    assert all(v > camera.horizon for _, v in points)
    assert camera.polygon([(0.0, 0.0, -3.0), (1.0, 0.0, -2.0), (1.0, 1.0, -2.0)]) == []
