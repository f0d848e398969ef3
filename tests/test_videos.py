"""Short videos, read in the process for hostile files and written anew."""

import io
import struct

import av
import numpy as np
import pytest

from segcore.errors import ImageError
from segcore.images import limits as photo_limits
from segcore.images.decoder import Decoder
from segcore.images.videos import VideoWriter, open_video


def film(frames: int = 12, rate: float = 6.0, height: int = 48, width: int = 64) -> bytes:
    """A grey video that grows brighter; its upper left quarter is red."""
    writer = VideoWriter(rate)
    for number in range(frames):
        image = np.full((height, width, 3), 8 * number % 256, np.uint8)
        image[: height // 2, : width // 2] = (220, 0, 0)
        writer.add(number, image)
    return writer.finish()


def test_every_frame_is_read_in_order() -> None:
    with Decoder() as opened:
        found = opened.video(film(), rate=0)
        images = dict(found.images)
    assert (found.seconds, found.rate, found.count) == (2.0, 6.0, 12)
    assert list(images) == list(range(12))
    for number, image in images.items():
        assert image.shape == (48, 64, 3)
        assert image[40, 50].mean() == pytest.approx(8 * number, abs=4)
        assert image[8, 8, 0] > 180


def test_fewer_frames_a_second_keep_their_times() -> None:
    found = open_video(film(), rate=2)
    brightness = {number: image[40, 50].mean() for number, image in found.images}
    assert found.count == 4
    for number, value in brightness.items():
        assert value == pytest.approx(8 * number * 3, abs=14)


def test_a_phone_held_upright_gives_an_upright_video() -> None:
    data = bytearray(film())
    matrix = data.index(b"tkhd") + 4 + 4 + 20 + 16
    turned = (0, 1, 0, -1, 0, 0, 0, 0)  # a quarter turn to the right
    data[matrix : matrix + 32] = struct.pack(">8i", *(value << 16 for value in turned))
    _, image = next(open_video(bytes(data), 0).images)
    assert image.shape == (64, 48, 3)
    assert image[8, 40, 0] > 180 > image[8, 8, 0]  # what was upper left is upper right


def test_large_frames_are_shrunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_limits, "VIDEO_PIXELS", 48 * 64 // 4)
    _, image = next(open_video(film(), 0).images)
    assert image.shape == (24, 32, 3)


def test_a_long_video_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_limits, "MAX_VIDEO_SECONDS", 1)
    with pytest.raises(ImageError, match="2 seconds long, more than 1"):
        open_video(film(), 0)


@pytest.mark.parametrize("kept", [0, 100, 0.5, 0.9])
def test_a_broken_video_is_one_sentence(kept: float) -> None:
    data = film(frames=40)
    data = data[: int(kept if kept >= 1 else kept * len(data))]
    with pytest.raises(ImageError) as error, Decoder() as opened:
        list(opened.video(data, 0).images)
    assert "\n" not in str(error.value)


def test_damaged_frames_never_raise_anything_but_an_image_error() -> None:
    data, rng = film(frames=20), np.random.default_rng(0)
    for _ in range(20):
        broken = bytearray(data)
        for place in rng.integers(0, len(data), 20):
            broken[place] ^= int(rng.integers(1, 256))
        try:
            list(open_video(bytes(broken), 0).images)
        except ImageError:
            continue


def test_other_containers_are_not_read() -> None:
    playlist = b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"
    for data in (playlist, b"ffconcat version 1.0\nfile /etc/passwd\n"):
        with pytest.raises(ImageError, match="save it as MP4"):
            open_video(data, 0)


def test_a_written_video_plays_everywhere_and_tells_nothing() -> None:
    with av.open(io.BytesIO(film())) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert stream.average_rate == 6
        assert not {"location", "comment", "title", "artist"} & set(container.metadata)


def test_pictures_of_a_video_have_one_even_size() -> None:
    with pytest.raises(ValueError, match="even"):
        VideoWriter(5).add(0, np.zeros((31, 32, 3), np.uint8))
