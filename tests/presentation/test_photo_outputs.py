"""What a visitor takes home, and what must not come along."""

import io
import json
import zipfile
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from segcore.evaluation.outcomes import label_shares
from segcore.images import Photo, decode_photo
from segcore.labels import CITYSCAPES, IDS
from segcore.prediction.inference import Prediction, Timings
from segcore.presentation.photo_outputs import (
    Bundle,
    Labelled,
    Panel,
    color_png,
    ids_png,
    overlay_jpeg,
    side_by_side,
    side_by_side_jpeg,
    summary,
    summary_json,
)
from segcore.presentation.sides import Letter, Side
from segcore.runs import Run
from tests.factories.hostile_files import encoded
from tests.factories.made_data import id_mask, noise

SECRET = "Elm Street 12, 51.4934 N"
SIZE = (60, 84)


def side(letter: Letter, model: str, seed: int) -> Labelled:
    mask = id_mask(seed, *SIZE, [IDS["road"], IDS["sky"], IDS["car"]])
    confidence = np.full(SIZE, 0.5, np.float32)
    prediction = Prediction(mask, confidence, Timings(1, 20, 3), np.zeros((1, 1, 34), np.float32))
    run = cast(
        Run,
        SimpleNamespace(
            name=f"{model}-run", model=model, weights_hash="f" * 64, label_space=CITYSCAPES
        ),
    )
    return Labelled(Side(letter, run, model.upper()), "one view", prediction)


@pytest.fixture
def sides() -> list[Labelled]:
    return [side("A", "unet", 0), side("B", "danet", 1)]


def telling_photo() -> bytes:
    """A JPEG that names a place in each way a JPEG can."""
    exif = Image.Exif()
    exif[0x010E] = exif[0x9286] = SECRET
    exif[0x8825] = {1: "N", 2: (51.0, 29.0, 36.2), 29: SECRET}
    picture = Image.fromarray(noise(0, *SIZE))
    return encoded(picture, "JPEG", exif=exif, comment=SECRET.encode(), xmp=SECRET.encode())


def test_nothing_hidden_in_a_photo_is_in_any_output(sides: list[Labelled]) -> None:
    data = telling_photo()
    assert data.count(SECRET.encode()) >= 3
    photo = decode_photo(data)
    bundle = Bundle()
    bundle.add(1, photo, sides)
    outputs = [ids_png(sides[0]), color_png(sides[0]), overlay_jpeg(photo.image, sides[0])]
    outputs += [side_by_side_jpeg(photo.image, sides), summary_json(photo, sides), bundle.finish()]
    with zipfile.ZipFile(io.BytesIO(outputs[-1])) as archive:
        outputs += [archive.read(name) for name in archive.namelist()]
    for output in outputs:
        for word in (SECRET.encode(), b"Exif", b"GPS", b"http://ns.adobe.com"):
            assert word not in output


def test_text_hidden_in_a_png_stays_behind(sides: list[Labelled]) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_itxt("Comment", SECRET)
    photo = decode_photo(encoded(Image.fromarray(noise(0, *SIZE)), pnginfo=info))
    bundle = Bundle()
    bundle.add(1, photo, sides)
    assert SECRET.encode() not in bundle.finish()


def test_label_ids_and_colours_are_exact(sides: list[Labelled]) -> None:
    ids = np.asarray(Image.open(io.BytesIO(ids_png(sides[0]))))
    colors = np.asarray(Image.open(io.BytesIO(color_png(sides[0]))))
    assert np.array_equal(ids, sides[0].labels)
    assert np.array_equal(colors, CITYSCAPES.colorize(sides[0].labels))


def test_the_summary_names_runs_weights_policy_and_shares(sides: list[Labelled]) -> None:
    found = summary(Photo(noise(0, *SIZE), ("the first of 2 frames",)), sides)
    assert found["photo"] == {"width": 84, "height": 60, "notes": ["the first of 2 frames"]}
    masks = [entry.labels for entry in sides]
    assert found["different_share"] == pytest.approx((masks[0] != masks[1]).mean(), abs=1e-6)
    for entry, model in zip(sides, found["models"], strict=True):
        assert model["weights_sha256"] == "f" * 64 and model["run"] == entry.side.run.name
        assert model["policy"] == "one view" and model["seconds"] == 0.024
        shares = label_shares(entry.labels)
        assert model["class_shares"] == {
            CITYSCAPES.names[label]: pytest.approx(shares[label], abs=1e-6)
            for label in np.flatnonzero(shares)
        }


@pytest.mark.parametrize("size", [SIZE, (400, 21), (20, 399), (1, 1), (3000, 2000)])
def test_a_side_by_side_picture_has_a_half_for_each(size: tuple[int, int]) -> None:
    image = np.full((*size, 3), 200, np.uint8)
    masks = [np.full(size, IDS[name], np.uint8) for name in ("car", "vegetation")]
    names = ("One", "#2f6fed"), ("A rather long name", "#f08c2e")
    panels = [Panel(*one, mask, CITYSCAPES) for one, mask in zip(names, masks, strict=True)]
    sheet = side_by_side(image, panels)
    height, width = sheet.shape[:2]
    assert height % 2 == width % 2 == 0 and sheet.dtype == np.uint8
    assert (sheet[-1, 0] != sheet[-1, -1]).any()
    assert width // 2 / (height - 24) == pytest.approx(size[1] / size[0], rel=0.5) or size == (1, 1)


def test_a_bundle_knows_photos_by_number_alone(sides: list[Labelled]) -> None:
    bundle = Bundle()
    for number in (1, 2):
        bundle.add(number, Photo(noise(number, *SIZE)), sides)
    assert not bundle.is_full
    with zipfile.ZipFile(io.BytesIO(bundle.finish())) as archive:
        names = archive.namelist()
        told = json.loads(archive.read("summary.json"))
        sheet = Image.open(io.BytesIO(archive.read("photo-002/side_by_side.jpg")))
        assert sheet.width == 2 * 84
    assert len(names) == 2 * 7 + 1
    assert {name.split("/")[0] for name in names} == {"photo-001", "photo-002", "summary.json"}
    assert [photo["number"] for photo in told["photos"]] == [1, 2]
