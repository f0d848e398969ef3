"""Short videos: reads the frames of an untrusted one, and makes a new one of images."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from segcore.errors import ImageError
from segcore.images import film_geometry, limits

CODECS = frozenset({"h264", "hevc", "mpeg4", "vp9", "av1"})
MAX_PIXELS = 9_000_000
"""4K has 8.3 megapixels."""

USUAL_RATE = 30.0
LEAST_SECONDS = 0.001
"""Between two frames."""

TICKS = 90_000
"""Ticks of a second, in which a video gives the time of a frame."""
SLACK_SECONDS = 0.5
"""A phone's minute is rarely cut to the frame."""


@dataclass(frozen=True)
class Film:
    """A video to be read once, frame by frame.

    Attributes:
        seconds: how long it says it is.
        rate: frames a second that `images` gives, on average where they come irregularly.
        count: how many frames that may come to.
        images: (seconds, (H, W, 3) uint8 RGB, upright) in order, with the time from the first on
            at which the frame is shown. Reading raises ImageError where the video is damaged.
        notes: what its owner should know, in a few words each.
    """

    seconds: float
    rate: float
    count: int
    images: Iterator[tuple[float, np.ndarray]]
    notes: tuple[str, ...] = ()


def open_video(data: bytes, rate: float) -> Film:
    """An MP4 or MOV file with H.264, HEVC, MPEG-4, VP9 or AV1 inside.

    Args:
        rate: frames a second to read at most; 0 reads every one, however irregular they come.

    Raises:
        ImageError: it is no such video, or beyond the limits of `limits`.
    """
    import av

    try:
        container: Any = av.open(io.BytesIO(data), format="mov")
        stream = container.streams.video[0]
        codec = stream.codec_context.codec.canonical_name
        width, height = stream.codec_context.width, stream.codec_context.height
        own_rate = float(stream.average_rate or USUAL_RATE)
        seconds = (container.duration or 0) / av.time_base
        notes = film_geometry.notes_on(stream)
    except _unreadable() as error:
        raise ImageError(
            "The video cannot be read: save it as MP4 with H.264 and try again."
        ) from error
    if codec not in CODECS:
        raise ImageError(f"The video is packed with {codec}: save it as MP4 with H.264.")
    if seconds > limits.MAX_VIDEO_SECONDS + SLACK_SECONDS:
        raise ImageError(
            f"The video is {seconds:.0f} seconds long, more than {limits.MAX_VIDEO_SECONDS}: "
            "cut out the part that matters."
        )
    if width * height > MAX_PIXELS or max(width, height) > limits.MAX_RATIO * min(width, height):
        raise ImageError(f"The video has {width}x{height} pixels: save it at 1920x1080 or less.")
    stream.thread_type = "NONE"
    kept = min(rate, own_rate) if rate else own_rate
    count = max(1, round(seconds * kept))
    if not rate:
        count = max(count, int(stream.frames or 0))  # more than that where some come faster
    count = min(count, limits.MAX_VIDEO_FRAMES)
    return Film(seconds, kept, count, _images(container, kept, rate), notes)


def _images(container: Any, usual_rate: float, rate: float) -> Iterator[tuple[float, np.ndarray]]:
    try:
        with container:
            aspect = film_geometry.pixel_aspect(container.streams.video[0])
            begin, following, last, count, shape = None, 0, -1.0, 0, None
            for frame in container.decode(video=0):
                at = frame.time if frame.time is not None else (begin or 0.0) + count / usual_rate
                begin = at if begin is None else begin
                shown = max(at - begin, last + LEAST_SECONDS)
                if shown > limits.MAX_VIDEO_SECONDS + SLACK_SECONDS:
                    raise ImageError(
                        f"The video shows frames after {limits.MAX_VIDEO_SECONDS} seconds, longer "
                        "than it says it is: save it again."
                    )
                number = int(shown * rate + 0.5)
                if rate and number < following:
                    continue
                count, following, last = count + 1, number + 1, shown
                if count > limits.MAX_VIDEO_FRAMES:
                    raise ImageError(
                        f"The video holds more than {limits.MAX_VIDEO_FRAMES} frames: have fewer "
                        "a second labelled."
                    )
                image = _upright_rgb(frame, aspect)
                if shape not in (None, image.shape):
                    raise ImageError("The video changes its size: save it again in one size.")
                shape = image.shape
                yield (number / rate if rate else shown), image
            if count == 0:
                raise ImageError("The video holds no image: save it again.")
    except _unreadable() as error:
        raise ImageError("The video is damaged or incomplete: save it again.") from error


def _upright_rgb(frame: Any, aspect: float) -> np.ndarray:
    """(H, W, 3) uint8 of a frame as it is shown, in square pixels, shrunk to `VIDEO_PIXELS`, both
    sides even, as codecs want."""
    width, height = film_geometry.shown_size(frame.width, frame.height, aspect)
    scale = min(1.0, (limits.VIDEO_PIXELS / (width * height)) ** 0.5)
    width, height = (max(2, round(side * scale / 2) * 2) for side in (width, height))
    image = frame.to_ndarray(format="rgb24", width=width, height=height)
    return film_geometry.upright(image, frame)


def _unreadable() -> tuple[type[Exception], ...]:
    from av.error import FFmpegError

    return (
        FFmpegError, OSError, ValueError, ArithmeticError, LookupError, EOFError, MemoryError,
        AttributeError,
    )  # fmt: skip


class VideoWriter:
    """An MP4 with H.264, kept in memory, which every browser and phone plays.

    Raises:
        ValueError: a side of the images is odd, or they differ in size.
    """

    def __init__(self, rate: float) -> None:
        import av

        self._rate = Fraction(min(max(rate, 1.0), 240.0)).limit_denominator(1001)
        self._buffer = io.BytesIO()
        self._container = av.open(self._buffer, "w", format="mp4")
        self._stream: Any = None

    def add(self, seconds: float, image: np.ndarray) -> None:
        """The image (H, W, 3) uint8 that is shown from so many seconds on."""
        import av

        if self._stream is None:
            self._stream = self._container.add_stream("libx264", rate=self._rate)
            self._stream.height, self._stream.width = image.shape[:2]
            self._stream.pix_fmt = "yuv420p"
            self._stream.options = {"crf": "23", "preset": "veryfast"}
            self._stream.codec_context.time_base = Fraction(1, TICKS)
        if (self._stream.height, self._stream.width) != image.shape[:2] or any(
            side % 2 for side in image.shape[:2]
        ):
            raise ValueError("the images of a video have one size, and even sides")
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        frame.pts, frame.time_base = round(seconds * TICKS), Fraction(1, TICKS)
        self._container.mux(self._stream.encode(frame))

    def finish(self) -> bytes:
        """The whole file; nothing can be added afterwards."""
        if self._stream is not None:
            self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._buffer.getvalue()
