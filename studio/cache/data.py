"""Data sets, their samples and counts, read again when their files change."""

from weakref import WeakKeyDictionary

import streamlit as st

from segcore import settings
from segcore.data import sources
from segcore.data.preparation import Prepared, Samples, load_prepared, native_samples
from segcore.data.preparation.counting import CountedSplit, stored_counts
from segcore.data.sources import FirstLook, Sample, Source, has_masks
from segcore.labels import LabelSpace
from segcore.runs.data_sets import DataSet
from segcore.runs.data_sets import data_sets as all_data_sets
from studio.cache.sources import source, source_now
from studio.cache.stamps import Stamp, stamp_of
from studio.cache.trained import identities, list_runs
from studio.thumbnails import Thumbnail, make_thumbnail


def data_sets() -> list[DataSet]:
    """Every data set with its name and what it is, the built-in one first."""
    known = identities()
    listed = [run for run in list_runs() if run.name in known]
    return all_data_sets(listed, open_=source, known=known)


def label_space(spec: str) -> LabelSpace:
    """What the ids of its masks mean. Raises DataError."""
    return source(spec).label_space


def fingerprint(spec: str, split: str) -> str:
    """Digest of the split's files, looked at again now and then. Raises DataError."""
    return source(spec).fingerprint(split)


def splits(spec: str) -> tuple[str, ...]:
    """Names of the splits, in the order train, val, test. Raises DataError."""
    return source(spec).splits


_MASKED: WeakKeyDictionary[Source, tuple[str, ...]] = WeakKeyDictionary()
"""Found once a source: a large split without masks is looked through to its end."""


def masked_splits(spec: str) -> tuple[str, ...]:
    """Names of the splits that have masks, in the order train, val, test. Raises DataError."""
    found = source(spec)
    if found not in _MASKED:
        _MASKED[found] = tuple(split for split in found.splits if has_masks(found, split))
    return _MASKED[found]


def first_look(spec: str) -> FirstLook | None:
    """What some of its masks say it is; None for the built-in. Raises DataError."""
    return _first_look(spec, tuple(fingerprint(spec, split) for split in splits(spec)))


@st.cache_data(max_entries=64, show_spinner=False)
def _first_look(spec: str, digests: tuple[str, ...]) -> FirstLook | None:
    return sources.first_look(source(spec))


def counted(spec: str, split: str) -> CountedSplit | None:
    """What the split's masks hold, or None where they are not counted yet. Raises DataError."""
    kept = settings.prepared_dir()
    files = stamp_of(*sorted([*kept.glob("*/*/manifest.json"), *kept.glob("*-counts/*.npz")]))
    return _counted(spec, split, fingerprint(spec, split), files)


@st.cache_resource(max_entries=16, show_spinner=False)
def _counted(spec: str, split: str, digest: str, files: Stamp) -> CountedSplit | None:
    return stored_counts(source(spec), split)


def prepared(spec: str) -> Prepared | None:
    """What is prepared of it at its default size, or None. Raises DataError."""
    digests = tuple(fingerprint(spec, split) for split in splits(spec))
    return _prepared(
        spec, digests, stamp_of(*sorted(settings.prepared_dir().glob("*/*/manifest.json")))
    )


@st.cache_resource(max_entries=8, show_spinner=False)
def _prepared(spec: str, digests: tuple[str, ...], manifests: Stamp) -> Prepared | None:
    return load_prepared(source_now(spec))


def samples(spec: str, split: str) -> Samples:
    """The split at its native size, each sample read when asked for. Raises DataError."""
    manifests = stamp_of(*sorted(settings.prepared_dir().glob("*/*/manifest.json")))
    return _samples(spec, split, fingerprint(spec, split), manifests)


@st.cache_resource(max_entries=8, show_spinner=False)
def _samples(spec: str, split: str, digest: str, manifests: Stamp) -> Samples:
    return native_samples(source_now(spec), split)


def sample(spec: str, split: str, key: str) -> Sample:
    """One sample at its native size, by its key. Raises DataError, KeyError."""
    return _sample(spec, split, key, fingerprint(spec, split))


@st.cache_resource(max_entries=64, show_spinner=False)
def _sample(spec: str, split: str, key: str, digest: str) -> Sample:
    all_samples = samples(spec, split)
    return all_samples[all_samples.index_of[key]]


def thumbnail(spec: str, split: str, key: str) -> Thumbnail:
    """A sample small, with its mask. Raises DataError, KeyError."""
    return _thumbnail(spec, split, key, fingerprint(spec, split))


@st.cache_data(max_entries=512, show_spinner=False)
def _thumbnail(spec: str, split: str, key: str, digest: str) -> Thumbnail:
    found = sample(spec, split, key)
    return make_thumbnail(key, found.image, found.mask)
