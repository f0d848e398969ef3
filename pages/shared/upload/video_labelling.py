"""A visitor's short video, labelled frame by frame by both runs, side by side."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from pages.shared import cache, engine, wording
from pages.shared.labelling import Names
from pages.shared.upload.photos import File
from pages.shared.visitors import DESK, visitor
from segcore.colors import RUN_A, RUN_B
from segcore.errors import SegcoreError
from segcore.images.decoder import Decoder, Frames
from segcore.images.videos import VideoWriter
from segcore.inference import Predictor
from segcore.photo_outputs import Panel, side_by_side
from segcore.runs import Run

FRAMES_PER_PHOTO = 10
"""Frames that count as one photo in a visitor's allowance."""

RATES = {"2 a second": 2.0, "5 a second": 5.0, "Every frame": 0.0}
DEFAULT_RATE = "5 a second"


@dataclass(frozen=True)
class Result:
    """A labelled video, MP4; how many frames it has, how many a second were labelled, and what to
    say about it."""

    video: bytes
    frames: int
    frames_per_second: float
    notes: tuple[str, ...] = ()


def show_video(runs: tuple[Run, Run], names: Names, file: File) -> None:
    """One video: how finely to label it, the button, and the result once there is one."""
    st.subheader(wording.file_name(file.name), anchor=False)
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
        key = f"{file.key} {rate} {runs[0].weights_hash} {runs[1].weights_hash}"
        made: dict[str, Result] = st.session_state.setdefault("videos", {})
        asked = st.button(
            "Label the video",
            type="primary",
            icon=":material/movie:",
            key=f"label-{file.key}",
            disabled=key in made,
        )
    if asked and engine.wait(*runs):
        try:
            cache.keep("videos", key, lambda: _label(runs, names, file, rate))
            st.rerun()
        except SegcoreError as error:
            st.error(f"**{wording.file_name(file.name)}**: {wording.plain(str(error))}")
    if key in made:
        _show_result(made[key], file.key)


def _show_result(result: Result, file_key: str) -> None:
    st.video(result.video, loop=True, muted=True)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "The video, side by side",
            result.video,
            file_name="street-video.mp4",
            mime="video/mp4",
            key=f"download-{file_key}",
            icon=":material/download:",
            on_click="ignore",
        )
        st.caption(
            f"{result.frames} frames, {result.frames_per_second:.1f} a second by both models. "
            "Without sound; nothing else of the video is kept."
            + "".join(f" {wording.plain(note)}." for note in result.notes)
        )


def _label(runs: tuple[Run, Run], names: Names, file: File, rate: float) -> Result:
    """Raises ImageError, BusyError, RunError."""
    predictors = [cache.predictor(run) for run in runs]
    titles = ((names.a, RUN_A), (names.b, RUN_B))
    bar = st.progress(0.0, "Opening the video…")
    try:
        with Decoder() as decoder:
            film = decoder.video(file.data, rate)
            with DESK.place(visitor(), max(1.0, film.count / FRAMES_PER_PHOTO)):
                return _label_frames(film, predictors, titles, bar.progress)
    finally:
        bar.empty()


def _label_frames(
    film: Frames,
    predictors: list[Predictor],
    titles: tuple[tuple[str, str], ...],
    progress: Callable[[float, str], object],
) -> Result:
    writer, started, done = VideoWriter(film.rate), time.monotonic(), 0
    for number, image in film.images:
        masks = [cache.label(predictor, image).labels for predictor in predictors]
        panels = [Panel(*title, mask) for title, mask in zip(titles, masks, strict=True)]
        writer.add(number, side_by_side(image, panels))
        done += 1
        speed = done / (time.monotonic() - started)
        left = wording.duration(max(0, film.count - done) / speed)
        progress(
            min(1.0, done / film.count),
            f"{done} of {film.count} frames, {speed:.1f} a second, about {left} left",
        )
    return Result(writer.finish(), done, done / (time.monotonic() - started), film.notes)
