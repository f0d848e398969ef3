"""A visitor's files: sorted, opened, looked through and chosen from. Memory only."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import numpy as np
import streamlit as st

from segcore.errors import BusyError, ImageError
from segcore.images import Photo, limits, resize_image
from segcore.images.decoder import Decoder
from segcore.images.file_kinds import kind_of
from segcore.system.priority import give_way
from studio import cache, wording
from studio.encoding import jpeg
from studio.errors import show_error
from studio.visits import memory, visitors

THUMBNAIL_SIZE = (180, 240)
THUMBNAILS = 12
MOST_ERRORS = 4
CHOSEN = "chosen_photo"
LATER = "The server is busy opening photos: it tries again with your next click."


@dataclass(frozen=True)
class File:
    """A file as a visitor gave it.

    Attributes:
        upload: the id of what was uploaded.
        name: only ever shown back to the visitor.
        entry: its number in the ZIP file that was uploaded.
    """

    upload: str
    name: str
    entry: int | None = None

    @property
    def key(self) -> str:
        """Tells it from all other files of the visit."""
        return self.upload if self.entry is None else f"{self.upload}-{self.entry}"

    @property
    def data(self) -> bytes:
        """What was uploaded, the whole ZIP file for an entry.

        Raises:
            ImageError: it is in memory no more.
        """
        return self.content(memory.visit())

    def content(self, visit: str) -> bytes:
        """As `data`, of that visit; for threads that are not of one."""
        found = memory.content(self.upload, visit)
        if found is None:
            raise ImageError("The server ran short of memory and dropped it: upload it again.")
        return found


@dataclass(frozen=True)
class Refusal:
    """A file that cannot be used, and why, in a sentence."""

    name: str
    reason: str


@dataclass(frozen=True)
class Opened:
    """A photo that could be opened: what the gallery shows of it, and its pixels."""

    file: File
    thumbnail: bytes
    pixels: int


@dataclass(frozen=True)
class Shown:
    """The photo that is looked at. It holds no pixels: waiting for a turn takes no memory.

    Attributes:
        key: tells it from all other photos of the visit.
        title: what the viewer calls it.
        read: the photo; raises ImageError, BusyError.
        later: the same for a thread that is not of a visit.
        turn: to be taken while its pixels are in memory.
    """

    key: str
    title: str
    read: Callable[[], Photo]
    later: Callable[[], Photo]
    turn: Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True)
class Sorted:
    """Files by what they are, those of ZIP files among the photos."""

    photos: list[File]
    videos: list[File]
    refusals: list[Refusal]


def sort(files: Sequence[File]) -> Sorted:
    """Takes ZIP files apart and counts; what is too much is refused, the rest goes on."""
    found = Sorted([], [], [])
    for file in files:
        try:
            kind = kind_of(file.data)
        except ImageError as error:
            found.refusals.append(Refusal(file.name, str(error)))
            continue
        if kind == "archive":
            _unpack(file, found)
        else:
            (found.videos if kind == "video" else found.photos).append(file)
    for more in found.photos[limits.MAX_FILES :]:
        reason = f"Only {limits.MAX_FILES} photos fit at once: upload it afterwards."
        found.refusals.append(Refusal(more.name, reason))
    del found.photos[limits.MAX_FILES :]
    return found


def _unpack(file: File, found: Sorted) -> None:
    try:
        with st.spinner("Unpacking the ZIP file…"):
            entries = cache.keep("archive", file.key, lambda: _list(file), most=10)
    except (ImageError, BusyError) as error:
        found.refusals.append(Refusal(file.name, str(error)))
        return
    for number, (name, reason) in enumerate(entries):
        if reason is None:
            found.photos.append(File(file.upload, name, number))
        else:
            found.refusals.append(Refusal(name, reason))


def _list(file: File) -> list[tuple[str, str | None]]:
    with visitors.decoder() as decoder:
        return decoder.archive(file.data)


def open_all(files: Sequence[File]) -> tuple[list[Opened], list[Refusal]]:
    """Opens each photo once, with progress; one that cannot be opened just now is tried again."""
    known: dict[str, Opened | Refusal] = st.session_state.setdefault("opened", {})
    for gone in known.keys() - {file.key for file in files}:
        del known[gone]
    new = [file for file in files if file.key not in known]
    if new:
        with visitors.decoder() as decoder, st.spinner("Opening the photos…"):
            bar = st.progress(0.0) if len(new) > 1 else None
            for count, file in enumerate(new, start=1):
                known[file.key] = _open(file, decoder)
                if bar is not None:
                    bar.progress(count / len(new), f"{count} of {len(new)} opened")
            if bar is not None:
                bar.empty()
    results = [known[file.key] for file in files]
    for file in files:
        if known[file.key] == Refusal(file.name, LATER):
            del known[file.key]
    return (
        [result for result in results if isinstance(result, Opened)],
        [result for result in results if isinstance(result, Refusal)],
    )


def _open(file: File, decoder: Decoder) -> Opened | Refusal:
    try:
        image = cache.open_private(file.key, file.data, file.entry, decoder).image
    except BusyError:
        return Refusal(file.name, LATER)
    except ImageError as error:
        return Refusal(file.name, str(error))
    thumbnail = jpeg(resize_image(_middle(image), THUMBNAIL_SIZE))
    return Opened(file, thumbnail, image.shape[0] * image.shape[1])


def _middle(image: np.ndarray) -> np.ndarray:
    """The largest part around the middle that has the shape of a thumbnail."""
    ratio = THUMBNAIL_SIZE[1] / THUMBNAIL_SIZE[0]
    height, width = image.shape[:2]
    kept_height = max(1, min(height, round(width / ratio)))
    kept_width = max(1, min(width, round(height * ratio)))
    top, left = (height - kept_height) // 2, (width - kept_width) // 2
    return image[top : top + kept_height, left : left + kept_width]


def shown(opened: Opened) -> Shown:
    """A visitor's photo, decoded again wherever it was set aside."""
    file, who, visit = opened.file, visitors.visitor(), memory.visit()

    def read() -> Photo:
        with visitors.decoder() as decoder:
            return cache.open_private(file.key, file.data, file.entry, decoder)

    def later() -> Photo:
        with Decoder(who, visitors.ALLOWANCE) as decoder:
            return decode(file, visit, decoder)

    return Shown(file.key, "Your photo", read, later, lambda: drawing_turn(opened))


def always_there(key: str, photo: Photo) -> Shown:
    """A photo that everybody sees, such as the example."""
    return Shown(key, "Example", lambda: photo, lambda: photo, nullcontext)


def decode(file: File, visit: str, decoder: Decoder) -> Photo:
    """A file of that visit, in a thread that is of none. Raises ImageError, BusyError."""
    known: Photo | None = memory.STORE.get(visit, "photo", file.key)
    return known or decoder.photo(file.content(visit), entry=file.entry)


@contextmanager
def drawing_turn(opened: Opened) -> Iterator[None]:
    """Few large photos are drawn at the same time; small ones wait for nobody."""
    if opened.pixels <= limits.LARGE_PIXELS:
        yield
        return
    waiting = st.empty()

    def tell_waiting() -> None:
        waiting.caption("Waiting for the large photos of other visitors…")

    with visitors.LARGE_PHOTOS.turn(visitors.visitor(), meanwhile=tell_waiting):
        waiting.empty()
        give_way(visitors.NICENESS)
        yield


def chosen(photos: Sequence[Opened]) -> Opened:
    """The photo that is looked at: the one chosen in the gallery, else the first."""
    wanted = st.session_state.get(CHOSEN)
    return next((photo for photo in photos if photo.file.key == wanted), photos[0])


def show_gallery(photos: Sequence[Opened], shown: Opened) -> None:
    """All photos, small, to choose from."""
    pages = -(-len(photos) // THUMBNAILS)
    page = 1
    if pages > 1:
        page = st.pagination(pages, key="photo_page")
    with st.grid(6, min_column_width=140):
        for opened in photos[(page - 1) * THUMBNAILS : page * THUMBNAILS]:
            with st.container(gap="xxsmall"):
                name = wording.file_name(opened.file.name)
                st.image(opened.thumbnail, width="stretch", alt=opened.file.name)
                st.button(
                    name,
                    key=f"photo-{opened.file.key}",
                    width="stretch",
                    type="tertiary",
                    disabled=opened.file.key == shown.file.key,
                    on_click=_choose,
                    args=(opened.file.key,),
                )


def _choose(key: str) -> None:
    st.session_state[CHOSEN] = key


def show_refusals(refusals: Sequence[Refusal]) -> None:
    """A sentence for each file that cannot be used; many of them folded away."""
    shown = refusals[:MOST_ERRORS]
    for refusal in shown:
        show_error(f"{wording.short_name(refusal.name)}: {refusal.reason}")
    if len(refusals) > len(shown):
        with st.expander(f"{len(refusals) - len(shown)} more files cannot be used"):
            st.markdown(
                "\n".join(f"- {_in_markdown(refusal)}" for refusal in refusals[len(shown) :])
            )


def _in_markdown(refusal: Refusal) -> str:
    return f"**{wording.file_name(refusal.name)}**: {wording.plain(refusal.reason)}"
