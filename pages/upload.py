"""Your own photos, labelled by the chosen runs. They stay in memory, for this visit only."""

from collections.abc import Sequence
from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from segcore.data.known_data_sets import STREETS
from segcore.images import Photo, limits
from segcore.labels import CITYSCAPES
from segcore.presentation.findings.words import listed
from segcore.presentation.sides import Side, names_of, runs_of
from studio import cache, choices, state, wording
from studio.errors import errors_told
from studio.upload import photos, uploaded_files
from studio.upload.labelled_photo import LabelledPhoto, label_photo
from studio.upload.paste import paste_into
from studio.upload.photo_results import offer_bundle, show_downloads, show_shares
from studio.upload.photos import File, Opened, Shown
from studio.upload.video_labelling import show_video
from studio.viewer import show_payload
from studio.widgets import guards
from studio.widgets.home_and_away import show_expectation
from studio.widgets.side_by_side import DETAILED, QUICK, Quality

EXAMPLE_KEY = "val-0007"
DROP = "photo-drop"
QUALITIES = {"Quick": QUICK, "Detailed": DETAILED}
FOR_PHOTOS, OF_THE_SIDEBAR = "Chosen for photos", "Chosen in the sidebar"


class Above(NamedTuple):
    """What stands above the uploader and is filled in once a photo's labels are known."""

    heading: DeltaGenerator
    picture: DeltaGenerator
    controls: DeltaGenerator


def choose_example() -> None:
    """Shows the example instead of the photos: an uploader with another key is an empty one."""
    st.session_state["example"] = True
    st.session_state["use_camera"] = False
    st.session_state["photo_turn"] = st.session_state.get("photo_turn", 0) + 1
    uploaded_files.clear()


def given_files(*, knows_streets: bool) -> list[File]:
    """What the visitor has uploaded, pasted, dropped or taken with the camera; newest last.

    Args:
        knows_streets: whether the networks have the labels of the example, a street.
    """
    key = f"photo-{st.session_state.get('photo_turn', 0)}"
    is_new = key not in st.session_state
    with st.container(border=True):
        with st.container(key=DROP):
            uploads = st.file_uploader(
                "Photos, a ZIP file of them, or a short video",
                type=limits.EXTENSIONS,
                accept_multiple_files=True,
                max_upload_size=limits.MAX_FILE_BYTES // limits.MEGABYTE,
                key=key,
            )
        with st.container(horizontal=True, vertical_alignment="center"):
            if knows_streets:
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
        return uploaded_files.gather(uploads, is_new_uploader=is_new)


def choose_sides(chosen: Sequence[Side]) -> Sequence[Side]:
    """The runs that an admin chose for visitors' photos, or if the visitor wants, the sidebar's."""
    for_photos = choices.photo_pair(chosen[0].run.label_space)
    if for_photos is None or {s.run.name for s in for_photos} == {s.run.name for s in chosen}:
        return chosen
    names = choices.namer()
    trained = listed(list(dict.fromkeys(map(names, for_photos.runs))))
    answer = st.segmented_control(
        "Models",
        [FOR_PHOTOS, OF_THE_SIDEBAR],
        default=FOR_PHOTOS,
        required=True,
        key="photo_runs",
        help=f"Those chosen for photos were trained on {trained}, those of the sidebar on "
        f"{listed(list(dict.fromkeys(map(names, runs_of(chosen)))))}.",
    )
    return for_photos if answer == FOR_PHOTOS else chosen


def show_photo(sides: Sequence[Side], shown: Shown, above: Above) -> None:
    """One photo, labelled as closely as the visitor wants: what is in it or what two differ on as
    the page's heading, then the viewer, and below the uploader shares and downloads."""
    working = above.picture.container()  # always there, so that the viewer keeps its place below it
    with working:
        photo = label_photo(sides, shown, QUICK)
    if photo is None:
        return
    with above.controls:
        quality = choose_quality(photo)
    if quality.in_tiles:
        with working:
            photo = label_photo(sides, shown, quality)
        if photo is None:
            return
    above.heading.title(photo.finding, anchor=False)
    with above.picture:
        if photo.warning is not None:
            st.warning(photo.warning, icon=":material/visibility_off:")
        show_payload(photo.viewer)
        st.caption(photo.facts)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        show_shares(sides, photo.shares)
    with right:
        show_downloads(shown.later, photo.sides)


def choose_quality(photo: LabelledPhoto) -> Quality:
    """How closely to look; both choices say how long they take."""
    times = {
        QUICK: wording.milliseconds(photo.quick_ms),
        DETAILED: f"about {wording.duration(photo.detailed_seconds)}",
    }
    chosen = st.segmented_control(
        "Quality",
        list(QUALITIES),
        default="Quick",
        required=True,
        format_func=lambda name: f"{name} · {times[QUALITIES[name]]}",
        key="quality",
        help="Quick: the whole photo at the models' training size. Detailed: the "
        "photo's own resolution in overlapping tiles too, all seen mirrored and at several scales; "
        "finer, not always better.",
    )
    return QUALITIES[chosen]


def show_photos(sides: Sequence[Side], opened: list[Opened], above: Above) -> None:
    """One of the visitor's photos in full, and the others to choose from."""
    chosen = photos.chosen(opened)
    show_photo(sides, photos.shown(chosen), above)
    if len(opened) > 1:
        st.header(f"Your {len(opened)} photos", anchor=False)
        photos.show_gallery(opened, chosen)
        offer_bundle(sides, opened)


def main() -> None:
    selection = state.selection()
    chosen = guards.require_run(selection)
    for_photos = choices.photo_pair(chosen[0].run.label_space)
    sides = guards.able(chosen, "label a photo") or for_photos
    if not sides:
        return
    heading = st.empty()
    heading.title(f"Your own photo, labelled by {listed(names_of(sides))}", anchor=False)
    picture = st.container()
    above = Above(heading, picture, st.container(horizontal=True, gap="medium"))
    space = sides[0].run.label_space
    files = given_files(knows_streets=space.has_classes_of(CITYSCAPES))
    found = photos.sort(files)
    opened, refusals = photos.open_all(found.photos)
    photos.show_refusals([*found.refusals, *refusals])
    if opened or found.videos:
        with above.controls:
            sides = choose_sides(sides)
    if opened:
        show_photos(sides, opened, above)
    elif st.session_state.get("example") and not files:
        example = Photo(cache.sample(STREETS, choices.SPLIT, EXAMPLE_KEY).image)
        show_photo(sides, photos.always_there(EXAMPLE_KEY, example), above)
    for file in found.videos:
        show_video(sides, file)
    if len(sides) == 1:
        guards.offer_second(selection, "labels the same photo beside it")
    show_expectation(sides if opened or found.videos else for_photos or sides)


with errors_told():
    main()
