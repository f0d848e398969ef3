"""The choice in the address of the page: a link shows the same thing to someone else."""

import streamlit as st

from segcore.runs.data_sets import SLUG_DIGITS, DataSet, matching, slug_of

DATA, A, B = "data", "a", "b"
"""Names in the address and keys of the sidebar's widgets."""

WRITTEN = "written_address"


def follow(sets: dict[str, DataSet]) -> None:
    """Takes over an address that is not of our writing: a link, or the browser's back button."""
    address = {key: st.query_params[key] for key in (DATA, A, B) if key in st.query_params}
    if address and address != st.session_state.get(WRITTEN):
        st.session_state[WRITTEN] = address
        if slug := meant(address.get(DATA), sets):
            st.session_state[DATA] = slug
            _say_what_has_changed(address[DATA], sets[slug])
        elif DATA in address:
            say_what_is_missing(f"Data set {address[DATA]}")
        for key in (A, B):
            st.session_state[key] = address.get(key)


def _say_what_has_changed(link: str, shown: DataSet) -> None:
    digits = link.rpartition("-")[2]
    if link.startswith(f"{slug_of(shown.name)}-") and shown.identity and not _is(shown, digits):
        st.toast(
            f"{shown.name} has other images now than when this link was made.",
            icon=":material/info:",
            duration="long",
        )


def write() -> None:
    """Puts the choice of the sidebar's widgets into the address."""
    address = {key: st.session_state[key] for key in (DATA, A, B) if st.session_state[key]}
    st.session_state[WRITTEN] = address
    if any(st.query_params.get(key) != value for key, value in address.items()):
        st.query_params.update(address)


def meant(slug: str | None, sets: dict[str, DataSet]) -> str | None:
    """The data set that an address means: by what it is, then by its name or an older address.

    A link to images that are not here leads nowhere else: another folder of that layout has other
    images. One with the same name has changed since, or has not been read yet.
    """
    if slug is None or slug in sets:
        return slug
    name, _, digits = slug.rpartition("-")
    named = [known for known, one in sets.items() if slug_of(one.name) in (slug, name)]
    same = [known for known, one in sets.items() if _is(one, digits)]
    older = matching(slug, list(sets.values()))
    found = [known for known in same if known in named] or same or named
    return next((known for known, one in sets.items() if known in found[:1] or one in older), None)


def _is(data_set: DataSet, digits: str) -> bool:
    identity = data_set.identity or ""
    return len(digits) == SLUG_DIGITS and identity.startswith(digits)


def say_what_is_missing(what: str) -> None:
    """Warns of a link that names something which is not on this machine."""
    st.toast(
        f"{what} is not here: the default is shown instead.",
        icon=":material/info:",
        duration="long",
    )
