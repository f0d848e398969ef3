"""Your own street photos, labelled by both runs. They stay in memory, for this visit only."""

from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from segcore.images import Photo, limits
from segcore.presentation.findings.words import listed
from segcore.runs import Run
from studio import cache, state, wording
from studio.engine import BUILT_IN
from studio.errors import errors_told
from studio.upload import given, photos
from studio.upload.paste import paste_into
from studio.upload.photo_results import labelled, offer_bundle, show_downloads, show_shares
from studio.upload.photos import File, Opened
from studio.upload.video_labelling import show_video
from studio.viewer import Panel, difference_panel, show_viewer
from studio.widgets import guards, side_by_side
from studio.widgets.side_by_side import DETAILED, QUICK, Names, Pair, Quality

EXAMPLE_KEY = "val-0007"
DROP = "photo-drop"
QUALITIES = {"Quick": QUICK, "Detailed": DETAILED}
FOR_PHOTOS, OF_THE_SIDEBAR = "Chosen for photos", "Those of the sidebar"


class Above(NamedTuple):
    """What stands above a photo's labels and is filled in once they are known."""

    heading: DeltaGenerator
    controls: DeltaGenerator


def choose_example() -> None:
    """Shows the example instead of the photos: an uploader with another key is an empty one."""
    st.session_state["example"] = True
    st.session_state["use_camera"] = False
    st.session_state["photo_turn"] = st.session_state.get("photo_turn", 0) + 1
    given.clear()


def given_files() -> list[File]:
    """What the visitor has uploaded, pasted, dropped or taken with the camera; newest last."""
    key = f"photo-{st.session_state.get('photo_turn', 0)}"
    is_new = key not in st.session_state
    with st.container(border=True):
        with st.container(key=DROP):
            uploads = st.file_uploader(
                "Street photos, a ZIP file of them, or a short video",
                type=limits.EXTENSIONS,
                accept_multiple_files=True,
                max_upload_size=limits.MAX_FILE_BYTES // limits.MEGABYTE,
                key=key,
            )
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Try an example street", icon=":material/auto_awesome:", on_click=choose_example
            )
            camera = st.toggle("Use the camera", key="use_camera")
            paste_into(DROP)
        if camera:
            shot = st.camera_input("Take a photo", label_visibility="collapsed")
            uploads = [*uploads, shot] if shot else uploads
        st.caption(
            f"{limits.LIMITS_IN_WORDS} Nothing of them is stored: they are in memory while you "
            "visit, seen by nobody else, then gone."
        )
        return given.gather(uploads, is_new_uploader=is_new)


def choose_runs(chosen: tuple[Run, Run]) -> tuple[Run, Run]:
    """The runs that an admin chose for visitors' photos, or if the visitor wants, the sidebar's."""
    serving = state.photo_runs()
    if serving is None or {run.name for run in serving} == {run.name for run in chosen}:
        return chosen
    names = state.namer()
    trained = listed(list(dict.fromkeys(map(names, serving))))
    answer = st.segmented_control(
        "Models",
        [FOR_PHOTOS, OF_THE_SIDEBAR],
        default=FOR_PHOTOS,
        required=True,
        key="photo_runs",
        help=f"Those chosen for photos were trained on {trained}, those of the sidebar on "
        f"{listed(list(dict.fromkeys(map(names, chosen))))}.",
    )
    return serving if answer == FOR_PHOTOS else chosen


def show_photo(runs: tuple[Run, Run], names: Names, photo: Photo, above: Above) -> None:
    """What differs, as the page's heading, then the viewer, shares and downloads of one photo."""
    pair = side_by_side.predict_before_eyes(runs, names, photo.image, private=True)
    if pair is None:
        return
    with above.controls:
        quality = choose_quality(runs, pair)
    progress = st.container()  # always there, so that the viewer keeps its place below it
    if quality.in_tiles:
        with progress:
            pair = side_by_side.predict_pair(runs, names, photo.image, quality)
        if pair is None:
            return
    labels = pair[0].labels, pair[1].labels
    above.heading.title(wording.difference_on_picture(names.a, names.b, *labels), anchor=False)
    panels = [
        *side_by_side.prediction_panels(names, pair),
        Panel("photo", "Your photo"),
        difference_panel(*labels),
    ]
    show_viewer("upload", photo.image, panels)
    height, width = photo.image.shape[:2]
    st.caption(" · ".join([f"{width}x{height} pixels", *map(wording.plain, photo.notes)]))
    left, right = st.columns([3, 2], gap="medium")
    with left:
        show_shares(names, pair)
    with right:
        show_downloads(photo, labelled(runs, names, pair, quality))


def choose_quality(runs: tuple[Run, Run], pair: Pair) -> Quality:
    """How closely to look; both choices say how long they take."""
    quick = sum(prediction.timings.total_ms for prediction in pair)
    detailed = sum(
        side_by_side.tiled_seconds(run, prediction)
        for run, prediction in zip(runs, pair, strict=True)
    )
    times = {QUICK: wording.milliseconds(quick), DETAILED: f"about {wording.duration(detailed)}"}
    chosen = st.segmented_control(
        "Quality",
        list(QUALITIES),
        default="Quick",
        required=True,
        format_func=lambda name: f"{name} · {times[QUALITIES[name]]}",
        key="quality",
        help="Quick: the whole photo at the size that the models were trained at. Detailed: the "
        "photo's own resolution in overlapping tiles too, all seen mirrored and at several scales; "
        "finer, not always better.",
    )
    return QUALITIES[chosen]


def show_photos(runs: tuple[Run, Run], names: Names, opened: list[Opened], above: Above) -> None:
    """One of the visitor's photos in full, and the others to choose from."""
    shown = photos.chosen(opened)
    with photos.drawing_turn(shown):
        show_photo(runs, names, photos.read(shown), above)
    if len(opened) > 1:
        st.subheader(f"Your {len(opened)} photos", anchor=False)
        photos.show_gallery(opened, shown)
        offer_bundle(runs, names, opened)


def main() -> None:
    selection = state.selection()
    runs = guards.require_runs(selection)
    names = Names.of(*runs)
    heading = st.empty()
    heading.title(f"See your own street as {names.a} and {names.b} see it", anchor=False)
    files = given_files()
    found = photos.sort(files)
    opened, refusals = photos.open_all(found.photos)
    photos.show_refusals([*found.refusals, *refusals])
    above = Above(heading, st.container(horizontal=True, gap="medium"))
    if opened or found.videos:
        with above.controls:
            runs = choose_runs(runs)
        names = Names.of(*runs)
    if opened:
        show_photos(runs, names, opened, above)
    elif st.session_state.get("example") and not files:
        example = cache.sample(BUILT_IN, state.SPLIT, EXAMPLE_KEY)
        show_photo(runs, names, Photo(example.image), above)
    for file in found.videos:
        show_video(runs, names, file)


with errors_told():
    main()
