"""A visitor's short video, labelled frame by frame, the runs side by side."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from segcore.errors import ImageError
from segcore.images.decoder import Decoder, Frames
from segcore.images.videos import VideoWriter
from segcore.prediction.inference import Predictor
from segcore.presentation.findings.words import listed
from segcore.presentation.photo_outputs import Panel, side_by_side
from segcore.presentation.sides import Side, names_of, runs_of
from segcore.system.progress import Progress
from studio import cache, wording
from studio.errors import show_error
from studio.upload import side_work
from studio.upload.photos import File
from studio.visits.visitors import ALLOWANCE, visitor

FRAMES_PER_PHOTO = 10
"""Frames that count as one photo in a visitor's allowance."""

RATES = {"2 a second": 2.0, "5 a second": 5.0, "Every frame": 0.0}
DEFAULT_RATE = "5 a second"
VIDEO = "video"
"""Name of the results among what a visit keeps."""


@dataclass(frozen=True)
class Result:
    """A labelled video, MP4; how many frames it has, how many a second were labelled, and what to
    say about it."""

    video: bytes
    frames: int
    frames_per_second: float
    notes: tuple[str, ...] = ()


def show_video(sides: Sequence[Side], file: File) -> None:
    """One video: how finely to label it, the button, and the result once there is one."""
    st.header(wording.file_name(file.name), anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.segmented_control(
            "Frames to label",
            list(RATES),
            default=DEFAULT_RATE,
            required=True,
            key=f"rate-{file.key}",
            label_visibility="collapsed",
        )
        rate = RATES[chosen or DEFAULT_RATE]
        key = " ".join([file.key, str(rate), *(run.network_hash for run in runs_of(sides))])
        result = side_work.made(VIDEO, key)
        asked = st.button(
            "Label the video",
            type="primary",
            icon=":material/movie:",
            key=f"label-{file.key}",
            disabled=result is not None,
        )
    if isinstance(result, Result):
        _show_result(result, names_of(sides), file.key)
    elif not side_work.follow(VIDEO, key) and asked:
        _start(sides, file, rate, key)


def _start(sides: Sequence[Side], file: File, rate: float, key: str) -> None:
    try:
        data = file.data
    except ImageError as error:
        show_error(error)
        return
    who = visitor()

    def make(progress: Progress) -> Result:
        predictors = [cache.predictor(run) for run in runs_of(sides)]
        with Decoder(who, ALLOWANCE) as decoder:
            film = decoder.video(data, rate)
            ALLOWANCE.spend(who, max(1.0, film.count / FRAMES_PER_PHOTO))
            return _label_frames(film, predictors, sides, who, progress)

    side_work.start(VIDEO, key, wording.file_name(file.name), runs_of(sides), make)


def _show_result(result: Result, names: Sequence[str], file_key: str) -> None:
    st.video(result.video, loop=True, muted=True)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "The labelled video",
            result.video,
            file_name="labelled-video.mp4",
            mime="video/mp4",
            key=f"download-{file_key}",
            icon=":material/download:",
            on_click="ignore",
        )
        st.caption(
            f"{result.frames} frames, {result.frames_per_second:.1f} a second by {listed(names)}. "
            "Without sound; nothing else of the video is kept."
            + "".join(f" {wording.plain(note)}." for note in result.notes)
        )


def _label_frames(
    film: Frames,
    predictors: list[Predictor],
    sides: Sequence[Side],
    who: str,
    progress: Progress,
) -> Result:
    """Raises ImageError, BusyError."""
    writer, started, done = VideoWriter(film.rate), time.monotonic(), 0
    for at, image in film.images:
        masks = [cache.label(predictor, image, asked_by=who).labels for predictor in predictors]
        panels = [
            Panel(side.name, side.color, mask, side.run.label_space)
            for side, mask in zip(sides, masks, strict=True)
        ]
        writer.add(at, side_by_side(image, panels))
        done += 1
        progress(done, max(done, film.count))
    return Result(writer.finish(), done, done / (time.monotonic() - started), film.notes)
