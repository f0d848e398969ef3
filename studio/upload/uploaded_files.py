"""The files of a visit: they stay while other pages are looked at, until they are removed."""

from collections.abc import Sequence

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from segcore.errors import BusyError
from studio.errors import show_error
from studio.upload.photos import File
from studio.visits import memory

GIVEN, LISTED = "given_files", "listed_uploads"
"""Keys of the session: all files of the visit, and ids of those that the uploader still lists."""


def gather(uploads: Sequence[UploadedFile], *, is_new_uploader: bool) -> list[File]:
    """All files of the visit, newest last.

    Args:
        uploads: what the page's widgets list now.
        is_new_uploader: the page was left in between, which empties its widgets but not the visit.
    """
    given: list[File] = st.session_state.setdefault(GIVEN, [])
    listed = set() if is_new_uploader else st.session_state.get(LISTED, set())
    now = {upload.file_id for upload in uploads}
    for removed in [file for file in given if file.upload in listed - now]:
        _forget(removed)
    known = {file.upload for file in given}
    for upload in uploads:
        if upload.file_id not in known:
            try:
                memory.take(upload)
            except BusyError as error:
                show_error(error)
                continue
            given.append(File(upload.file_id, upload.name))
    st.session_state[LISTED] = now
    before = [file for file in given if file.upload not in now]
    if before:
        with st.container(horizontal=True, vertical_alignment="center"):
            count = len(before)
            st.caption(f"And {count} from before." if count > 1 else "And the one from before.")
            st.button("Remove", icon=":material/close:", on_click=_forget_all, args=(before,))
    return list(given)


def clear() -> None:
    """Forgets all files of the visit."""
    _forget_all(list(st.session_state.get(GIVEN, [])))


def _forget_all(files: Sequence[File]) -> None:
    for file in files:
        _forget(file)


def _forget(file: File) -> None:
    st.session_state[GIVEN].remove(file)
    memory.STORE.remove(memory.visit(), memory.FILE, file.upload)
