"""Short videos, read in the process for hostile files and written again."""

import io
import struct
from fractions import Fraction

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
        writer.add(number / rate, image)
    return writer.finish()


def test_every_frame_is_read_in_order() -> None:
    with Decoder() as opened:
        found = opened.video(film(), rate=0)
        images = dict(found.images)
    assert (found.seconds, found.rate, found.count) == (2.0, 6.0, 12)
    assert list(images) == pytest.approx([number / 6 for number in range(12)], abs=1e-3)
    for number, image in enumerate(images.values()):
        assert image.shape == (48, 64, 3)
        assert image[40, 50].mean() == pytest.approx(8 * number, abs=4)
        assert image[8, 8, 0] > 180


def test_fewer_frames_a_second_keep_their_times() -> None:
    found = open_video(film(), rate=2)
    brightness = {2 * at: image[40, 50].mean() for at, image in found.images}
    assert found.count == 4
    for number, value in brightness.items():
        assert value == pytest.approx(8 * number * 3, abs=14)


def with_matrix(data: bytes, a: int, b: int, c: int, d: int) -> bytes:
    """The video with this display matrix: a pixel (x, y) is shown at (a x + c y, b x + d y)."""
    changed = bytearray(data)
    place = changed.index(b"tkhd") + 4 + 4 + 20 + 16
    values = (a, b, 0, c, d, 0, 0, 0)
    changed[place : place + 32] = struct.pack(">8i", *(value << 16 for value in values))
    return bytes(changed)


@pytest.mark.parametrize(
    ("matrix", "shown"),
    [
        ((1, 0, 0, 1), lambda image: image),
        ((0, 1, -1, 0), lambda image: np.rot90(image, -1)),  # as a phone held upright says
        ((-1, 0, 0, -1), lambda image: np.rot90(image, 2)),
        ((0, -1, 1, 0), lambda image: np.rot90(image, 1)),
        ((-1, 0, 0, 1), np.fliplr),
        ((1, 0, 0, -1), np.flipud),
        ((0, 1, 1, 0), lambda image: image.swapaxes(0, 1)),
        ((0, -1, -1, 0), lambda image: np.rot90(image, 2).swapaxes(0, 1)),
    ],
)
def test_frames_are_turned_and_mirrored_as_the_file_says(matrix, shown) -> None:
    _, plain = next(open_video(film(), 0).images)
    _, image = next(open_video(with_matrix(film(), *matrix), 0).images)
    assert np.array_equal(image, shown(plain))


def written(**options: object) -> bytes:
    """A video of a few frames with these options of its stream."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=5)
        stream.height, stream.width, stream.pix_fmt = 48, 60, "yuv420p"
        for name, value in options.items():
            setattr(stream.codec_context, name, value)
        for _ in range(3):
            image = np.full((48, 60, 3), 200, np.uint8)
            image[:, :30] = 0
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("aspect", "size"),
    [
        (Fraction(1), (48, 60)),
        (Fraction(4, 3), (48, 80)),
        (Fraction(3, 4), (64, 60)),
        (Fraction(1000, 1), (48, 60)),  # nobody means that
    ],
)
def test_pixels_that_are_not_square_become_square(aspect: Fraction, size: tuple[int, int]) -> None:
    _, image = next(open_video(written(sample_aspect_ratio=aspect), 0).images)
    assert image.shape[:2] == size
    edge = int(np.argmax(image[size[0] // 2, :, 0] > 100))
    assert abs(edge - size[1] / 2) <= 1


@pytest.mark.parametrize(("curve", "name"), [(16, "PQ"), (18, "HLG")])
def test_high_dynamic_range_is_told(curve: int, name: str) -> None:
    with Decoder() as opened:
        (note,) = opened.video(written(color_trc=curve), rate=0).notes
    assert name in note
    assert open_video(written(), 0).notes == ()


def irregular_film(times: list[float]) -> bytes:
    """A video whose frames come at these seconds, each brighter than the one before."""
    writer = VideoWriter(30.0)
    for number, at in enumerate(times):
        writer.add(at, np.full((48, 64, 3), 10 + 6 * number, np.uint8))
    return writer.finish()


def test_every_frame_of_a_video_with_irregular_ones_is_read_at_its_time() -> None:
    times = [0.0, 0.004, 0.008, 0.012, 0.5, 0.503, 1.0, 1.9, 1.95, 3.0]
    found = open_video(irregular_film(times), rate=0)
    images = list(found.images)
    assert [at for at, _ in images] == pytest.approx(times, abs=1e-3)
    assert found.count >= len(times)
    brightness = [image.mean() for _, image in images]
    assert brightness == sorted(brightness)


def test_a_labelled_video_shows_its_frames_when_the_original_does() -> None:
    times = [0.0, 0.01, 0.4, 0.41, 2.0]
    writer = VideoWriter(2.5)
    for at, image in open_video(irregular_film(times), rate=0).images:
        writer.add(at, image)
    with av.open(io.BytesIO(writer.finish())) as container:
        shown = [float(frame.pts * frame.time_base) for frame in container.decode(video=0)]
    assert shown == pytest.approx(times, abs=1e-3)


def test_a_video_of_endless_frames_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_limits, "MAX_VIDEO_FRAMES", 5)
    with pytest.raises(ImageError, match="more than 5 frames"):
        list(open_video(film(), rate=0).images)


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


def packed(pictures: list[tuple[int, int]]) -> bytes:
    """A VP9 video of such widths and heights, two frames a second."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libvpx-vp9", rate=2)
        stream.width, stream.height = pictures[0]
        stream.pix_fmt = "yuv420p"
        for number, (width, height) in enumerate(pictures):
            encoder = av.CodecContext.create("libvpx-vp9", "w")
            encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
            encoder.time_base = Fraction(1, 2)
            frame = av.VideoFrame.from_ndarray(np.zeros((height, width, 3), np.uint8))
            for packet in (*encoder.encode(frame), *encoder.encode(None)):
                packet.stream, packet.time_base = stream, Fraction(1, 1000)
                packet.pts = packet.dts = 500 * number
                container.mux(packet)
    return buffer.getvalue()


def test_a_video_that_changes_its_size_is_a_sentence() -> None:
    with pytest.raises(ImageError, match="changes its size"):
        list(open_video(packed([(64, 48), (32, 48)]), rate=0).images)
    assert len(list(open_video(packed([(64, 48), (64, 48)]), rate=0).images)) == 2


@pytest.mark.parametrize("rate", [0, 2])
def test_steps_of_years_between_frames_are_a_sentence(rate: float) -> None:
    data = bytearray(packed([(64, 48)] * 3).replace(b"edts", b"free"))  # all that it holds is shown
    place = data.index(b"stts") + 16  # how long its first frames last
    data[place : place + 4] = struct.pack(">I", 10**9)
    with pytest.raises(ImageError, match="longer than it says"):
        list(open_video(bytes(data), rate).images)
