"""The built-in scenes: the same everywhere, exact masks, the classes they promise."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from segcore.data.sources.streets import StreetsSource, render_scene
from segcore.data.sources.streets.camera import Camera
from segcore.data.sources.streets.canvas import SUPERSAMPLING, Canvas
from segcore.data.sources.streets.finish import photograph
from segcore.data.sources.streets.street import make_street
from segcore.data.sources.streets.style import make_light, make_town
from segcore.errors import DataError
from segcore.labels import CITYSCAPES, IDS

GOLDEN = {
    0: "c18ddca475d2dc00959af084f60e107b34f2a3a95a479312b2aa2eda17bfa869",
    12907: "28a540b5ca2ff17d75be6d434109cee6d2f763b591819b4f4b8f669ef8e4d2a8",
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


def _edges_apart(slope: float, flip: bool, upright: bool) -> float:
    """How far an edge lies from the mask's in the image, in pixels, on average over many edges.

    They are straight, of a building against the sky, at places that no grid prefers.
    """
    apart = []
    street, _ = make_street(np.random.Generator(np.random.PCG64(0)), make_town(0))
    for k in range(16):
        rng = np.random.Generator(np.random.PCG64(k))
        camera = Camera(256, 256, 300.0, 128.0, 400.0, 0.0, 1.4, 0.0)  # no ground in view
        canvas = Canvas(camera, replace(make_light(rng), sun=0.0, wet=0.0))
        bright, dark = (150, 150, 150), (60, 60, 60)
        canvas.image.paste(dark if flip else bright, (0, 0, 256, 256))
        canvas.labels.paste(IDS["sky"], (0, 0, 256, 256))
        near = 120.0 + k * 0.5
        ends = [(near - 128 * slope, -1.0), (near + 129 * slope, 256.0)]
        corners = [(-1.0, -1.0), *ends, (-1.0, 256.0)]
        points = corners if upright else [(v, u) for u, v in corners]
        canvas.polygon(points, bright if flip else dark, IDS["building"])
        labels = canvas.label_array()
        grey = photograph(canvas, street, labels, rng).mean(axis=2)
        grey, sky = (grey, labels) if upright else (grey.T, labels.T)
        for row in range(40, 88):
            edge = int((sky[row] == IDS["building"]).sum())
            near_by = grey[row, edge - 8 : edge + 8]
            inside, outside = near_by[:4].mean(), near_by[-4:].mean()
            apart.append(((near_by - outside) / (inside - outside)).sum() - 8)
    return float(np.mean(apart))


@pytest.mark.parametrize("slope", [0.0, 0.21, -0.13])
@pytest.mark.parametrize("upright", [True, False])
def test_image_and_mask_agree_where_an_edge_is(slope: float, upright: bool) -> None:
    # The camera's contrast curve moves an edge towards the dark, whichever side that is.
    apart = [_edges_apart(slope, flip, upright) for flip in (False, True)]
    assert abs(np.mean(apart)) < 0.05  # it was a quarter


def test_polygon_is_cut_at_the_near_plane() -> None:
    camera = Camera(512, 256, 500.0, 256.0, 100.0, 0.0, 1.4, 0.0)
    points = camera.polygon(
        [(-2.0, 0.0, -5.0), (2.0, 0.0, -5.0), (2.0, 0.0, 20.0), (-2.0, 0.0, 20.0)]
    )
    assert len(points) == 4
    assert all(v > camera.horizon for _, v in points)
    assert camera.polygon([(0.0, 0.0, -3.0), (1.0, 0.0, -2.0), (1.0, 1.0, -2.0)]) == []
