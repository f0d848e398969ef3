import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from segcore.errors import ImageError
from segcore.images import (
    decode_image,
    decode_photo,
    encode_png,
    overlay,
    resize_image,
    resize_labels,
)
from segcore.images import limits as photo_limits
from segcore.labels import CITYSCAPES
from tests.factories.hostile_files import MODES, encoded, in_mode
from tests.factories.made_data import noise

pytestmark = pytest.mark.filterwarnings("ignore:::PIL")  # as segcore.images does at run time


def photo(height=12, width=20):
    gradient = np.linspace(0, 255, width, dtype=np.uint8)[None].repeat(height, 0)
    return Image.fromarray(np.dstack([gradient, gradient[:, ::-1], gradient]))


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF"])
def test_lossless_formats_come_back_as_they_were(format):
    assert np.array_equal(decode_image(encoded(photo(), format)), np.asarray(photo()))


@pytest.mark.parametrize("format", ["JPEG", "WEBP"])
def test_lossy_formats_come_back_nearly_as_they_were(format):
    decoded = decode_image(encoded(photo(), format, quality=95))
    assert np.abs(decoded.astype(int) - np.asarray(photo())).mean() < 6


def test_a_file_is_decoded_like_its_bytes(tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(encoded(photo()))
    assert np.array_equal(decode_image(path), np.asarray(photo()))


def test_exif_orientation_turns_the_picture_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held turned to the right
    decoded = decode_image(encoded(photo(12, 20), "PNG", exif=exif))
    assert np.array_equal(decoded, np.rot90(np.asarray(photo(12, 20)), k=-1))


def test_broken_exif_does_not_spoil_a_picture():
    data = encoded(photo(), "PNG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert decode_image(data).shape == (12, 20, 3)


def test_sixteen_bits_keep_their_tones():
    tones = np.array([[0, 257 * 64, 257 * 128, 65535]], np.uint16)
    for format in ("PNG", "TIFF"):
        decoded = decode_image(encoded(Image.fromarray(tones), format))
        assert decoded[0, :, 0].tolist() == [0, 64, 128, 255]
        assert (decoded == decoded[..., :1]).all()


def test_float_pixels_are_scaled_by_what_holds_them():
    unit = Image.fromarray(np.array([[0.0, 0.2, 1.0, np.nan]], np.float32))
    assert decode_image(encoded(unit, "TIFF"))[0, :, 1].tolist() == [0, 51, 255, 0]
    bytes_ = Image.fromarray(np.array([[0.0, 51.0, 200.0]], np.float32))
    assert decode_image(encoded(bytes_, "TIFF"))[0, :, 1].tolist() == [0, 51, 200]


def test_grey_palette_bilevel_and_cmyk_become_rgb():
    red = Image.new("RGB", (8, 8), (255, 0, 0))
    for picture, format in ((red.quantize(4), "PNG"), (red.convert("CMYK"), "TIFF")):
        assert decode_image(encoded(picture, format))[4, 4].tolist() == [255, 0, 0]
    assert decode_image(encoded(Image.new("L", (8, 8), 90)))[4, 4].tolist() == [90] * 3
    assert decode_image(encoded(Image.new("1", (8, 8), 1)))[4, 4].tolist() == [255] * 3


def test_transparency_lies_on_white():
    half = encoded(Image.new("RGBA", (4, 4), (0, 0, 0, 128)))
    assert decode_image(half)[0, 0].tolist() == [127] * 3
    clear_palette = Image.new("P", (4, 4), 0)
    clear_palette.putpalette([10, 20, 30])
    assert decode_image(encoded(clear_palette, transparency=0))[0, 0].tolist() == [255] * 3
    clear_grey = encoded(Image.new("LA", (4, 4), (7, 0)))
    assert decode_image(clear_grey)[0, 0].tolist() == [255] * 3


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF"])
def test_the_first_frame_counts(format):
    first, second = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")
    options = {"lossless": True} if format == "WEBP" else {}
    data = encoded(first, format, save_all=True, append_images=[second], **options)
    assert decode_image(data)[3, 3].tolist() == [255, 0, 0]


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "TIFF", "BMP"])
@pytest.mark.parametrize("kept", [0.05, 0.5, 0.95])
def test_a_truncated_file_is_an_image_error_of_one_line(format, kept):
    data = encoded(Image.fromarray(noise(0, 64, 64)), format)
    with pytest.raises(ImageError) as error:
        decode_image(data[: int(len(data) * kept)])
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "TIFF", "BMP"])
def test_flipped_bytes_never_raise_anything_but_an_image_error(format):
    data = encoded(Image.fromarray(noise(0, 24, 24)), format)
    rng = np.random.default_rng(0)
    for _ in range(60):
        broken = bytearray(data)
        for place in rng.integers(0, min(len(data), 300), 3):
            broken[place] ^= int(rng.integers(1, 256))
        try:
            image = decode_image(bytes(broken))
        except ImageError:
            continue
        assert image.dtype == np.uint8
        assert image.shape[2] == 3


@pytest.mark.parametrize("data", [b"", b"hello", b"%PDF-1.4", b"<svg/>", b"\xff\xd8\xff"])
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(ImageError):
        decode_image(data)


def test_a_format_outside_the_list_is_refused():
    with pytest.raises(ImageError, match="use JPEG, PNG"):
        decode_image(encoded(photo(), "GIF"))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ImageError, match=r"gone\.png"):
        decode_image(tmp_path / "gone.png")
    with pytest.raises(ImageError, match="directory"):
        decode_image(tmp_path)


def test_too_many_pixels_are_refused_before_they_are_decoded(monkeypatch):
    monkeypatch.setattr(photo_limits, "MAX_PIXELS", 12 * 20 - 1)
    with pytest.raises(ImageError, match="20x12"):
        decode_image(encoded(photo(12, 20)))


def test_labels_are_resized_without_mixing_ids():
    mask = np.array([[7, 26], [26, 7]], np.uint8).repeat(16, 0).repeat(16, 1)
    small, large = resize_labels(mask, (5, 9)), resize_labels(mask, (100, 60))
    assert small.shape == (5, 9)
    assert set(np.unique(small)) == set(np.unique(large)) == {7, 26}
    assert np.array_equal(resize_labels(large, (32, 32)), mask)


SIDES = st.integers(1, 12)


@given(st.integers(0, 2**32), SIDES, SIDES, SIDES, SIDES)
def test_labels_are_resized_about_the_centre_as_images_are(
    seed, height, width, new_height, new_width
):
    """Nothing moves to a side: what is mirrored first comes out mirrored."""
    mask = np.random.default_rng(seed).integers(0, 4, (height, width), np.uint8)
    resized = resize_labels(mask, (new_height, new_width))
    for mirror in (np.fliplr, np.flipud):
        assert np.array_equal(resize_labels(mirror(mask), (new_height, new_width)), mirror(resized))


def test_half_the_size_takes_what_most_of_four_pixels_have():
    mask = np.array([[7, 7, 5, 5, 1, 2, 7, 8], [7, 8, 7, 7, 3, 4, 9, 9]], np.uint8)
    # Most have 7; 5 and 7 are equally many, and 5 is rarer in the mask; of four single ones any
    # may be taken that is as rare as any; most have 9.
    resized = resize_labels(mask, (1, 4))[0].tolist()
    assert (resized[0], resized[1], resized[3]) == (7, 5, 9)
    assert resized[2] in (1, 2, 3, 4)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_image_and_mask_of_an_edge_stay_together(factor):
    """An edge anywhere: the mask's lies within half a new pixel of where the image's is."""
    for edge in range(1, 23):
        mask = (np.arange(24) >= edge).astype(np.uint8)[None].repeat(24, 0)
        size = (24 // factor, 24 // factor)
        covered = resize_image(np.dstack([mask * 200] * 3), size)[0, :, 0] / 200
        labels = resize_labels(mask, size)[0]
        assert np.array_equal(labels[covered != 0.5], covered[covered != 0.5] > 0.5)


def test_images_shrink_to_the_means_of_whole_blocks():
    image = np.random.default_rng(0).integers(0, 256, (12, 12, 3), np.uint8)
    means = image.reshape(4, 3, 6, 2, 3).mean(axis=(1, 3))
    assert np.abs(resize_image(image, (4, 6)) - means).max() <= 0.5


@pytest.mark.parametrize("size", [(16, 8), (20, 9)])
def test_images_shrink_with_antialiasing(size):
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    small = resize_image(stripes, size)
    assert small.shape == (*size, 3)
    assert np.abs(small.astype(int) - 127).max() < 20  # every second pixel would give 0 or 255


def test_encode_png_is_lossless():
    image = noise(1, 9, 7)
    assert np.array_equal(decode_image(encode_png(image)), image)


def test_overlay_blends_colours_and_keeps_the_photo_where_there_is_no_label():
    image, mask = noise(2, 4, 4), np.full((4, 4), 26, np.uint8)
    mask[0] = 255
    mask[1] = 0
    assert np.array_equal(overlay(image, mask, 0.0, CITYSCAPES), image)
    full = overlay(image, mask, 1.0, CITYSCAPES)
    assert np.array_equal(full[:2], image[:2])
    assert np.array_equal(full[2:], CITYSCAPES.colorize(mask)[2:])
    half = overlay(image, mask, 0.5, CITYSCAPES)[2:].astype(float)
    assert np.abs(half - (image[2:] / 2 + CITYSCAPES.colorize(mask)[2:] / 2)).max() <= 0.5


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_each_exif_orientation_is_exact(format, orientation):
    """What is stored is turned as the standard says, so that the red corner is top left."""
    corners = np.full((32, 48, 3), 255, np.uint8)
    corners[:16, :24] = (255, 0, 0)
    corners[:16, 24:] = (0, 160, 0)
    stored = {
        1: corners, 2: corners[:, ::-1], 3: corners[::-1, ::-1], 4: corners[::-1],
        5: corners.swapaxes(0, 1), 6: np.rot90(corners), 7: np.rot90(corners, 2).swapaxes(0, 1),
        8: np.rot90(corners, -1),
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if format == "WEBP" else {"quality": 95}
    if format in ("PNG", "TIFF"):
        options = {}
    decoded = decode_image(encoded(Image.fromarray(stored), format, exif=exif, **options))
    assert decoded.shape == corners.shape
    for y, x in ((8, 12), (8, 36), (24, 12), (24, 36)):
        assert np.abs(decoded[y, x].astype(int) - corners[y, x]).max() < 16, (y, x)


def test_exif_only_repeats_what_turns_a_heic():
    """Its own property does, which the decoder follows; turning it by EXIF would turn it twice."""
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decode_image(encoded(photo(16, 32), "HEIF", exif=exif)).shape == (16, 32, 3)


@pytest.mark.parametrize("mode", MODES)
def test_each_mode_becomes_rgb(mode):
    decoded = decode_image(encoded(in_mode(mode), "TIFF"))
    assert decoded.shape == (24, 32, 3)
    assert decoded.dtype == np.uint8


@pytest.mark.parametrize("format", ["HEIF", "AVIF"])
def test_phone_formats_come_back_nearly_as_they_were(format):
    decoded = decode_image(encoded(photo(), format, quality=90))
    assert np.abs(decoded.astype(int) - np.asarray(photo())).mean() < 12


def test_cmyk_follows_its_profile_and_a_broken_one_does_no_harm():
    """The profile is one of RGB, which no CMYK image can follow."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    ink = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    for profile in (srgb, b"nonsense"):
        data = encoded(ink, "TIFF", icc_profile=profile)
        assert decode_image(data)[4, 4].tolist() == [255, 0, 0]


def test_lab_colours_are_those_of_their_profile():
    middle = Image.frombytes("LAB", (1, 1), bytes([255, 0, 0]))
    assert decode_image(encoded(middle, "TIFF"))[0, 0].min() > 250


@pytest.mark.parametrize(("format", "mode"), [("JPEG", "RGB"), ("PNG", "RGB"), ("PNG", "I;16")])
def test_a_large_photo_is_halved_and_says_so(format, mode):
    tones = np.linspace(0, 255, 203 * 301).reshape(203, 301)
    tones = (tones * 257).astype(np.uint16) if mode == "I;16" else tones.astype(np.uint8)
    large = Image.fromarray(tones)
    data = encoded(large if mode == "I;16" else large.convert(mode), format)
    found = decode_photo(data, kept_pixels=203 * 301 // 3)
    assert found.image.shape == (102, 151, 3)
    assert found.notes == ("reduced from 301x203",)
    whole = resize_image(decode_image(data), (102, 151))
    assert np.abs(found.image.astype(int) - whole).max() <= 6


def test_a_photo_that_is_kept_whole_has_no_notes():
    assert decode_photo(encoded(photo(), "JPEG")).notes == ()
    opaque = encoded(photo().convert("RGBA"))
    assert decode_photo(opaque).notes == ()


def test_more_pictures_in_one_file_are_counted():
    for format, note in (
        ("MPO", "the first of 3 images in the file"),
        ("TIFF", "the first of 3 images in the file"),
        ("WEBP", "the first of 3 frames"),
        ("HEIF", "the main one of 3 images in the file"),
    ):
        pictures = [Image.new("RGB", (32, 32), color) for color in ("red", "blue", "green")]
        data = encoded(pictures[0], format, save_all=True, append_images=pictures[1:])
        found = decode_photo(data)
        assert found.notes == (note,)
        assert found.image[16, 16, 0] > 240


def test_a_narrow_strip_is_refused():
    with pytest.raises(ImageError, match="longer than 20:1"):
        decode_image(encoded(Image.new("L", (2100, 100))))
    assert decode_image(encoded(Image.new("L", (2000, 100)))).shape == (100, 2000, 3)
