"""What runs say about a whole split."""

import numpy as np
import streamlit as st

from segcore import runs, settings
from segcore.evaluation import disagreement
from segcore.evaluation.disagreement import PictureAgreement
from segcore.evaluation.mistakes import Mistake
from segcore.evaluation.predictions import stored_predictions
from segcore.runs import Run
from studio.cache.data import fingerprint, label_space, sample, samples
from studio.cache.stamps import Stamp, stamp_of
from studio.thumbnails import Thumbnail, make_lit_thumbnail, make_thumbnail

Runs = tuple[Run, Run]


def agreements(both: Runs, spec: str, split: str) -> list[PictureAgreement] | None:
    """What two runs say about each image; None where one has not labelled them all yet."""
    return _agreements(both[0].name, both[1].name, spec, split, _labelled_stamp(both, spec, split))


@st.cache_data(max_entries=16, show_spinner="Comparing the two models' masks…")
def _agreements(
    a: str, b: str, spec: str, split: str, stamp: tuple[str, Stamp]
) -> list[PictureAgreement] | None:
    stored = [stored_predictions(runs.get_run(name), spec, split) for name in (a, b)]
    if stored[0] is None or stored[1] is None:
        return None
    space = label_space(spec)
    return list(disagreement.agreements(samples(spec, split), stored[0], stored[1], space))


def suspect_thumbnail(both: Runs, spec: str, split: str, key: str) -> Thumbnail:
    """An image with 1 where both runs contradict its truth; both have labelled it."""
    stamp = _labelled_stamp(both, spec, split)
    return _suspect_thumbnail(both[0].name, both[1].name, spec, split, key, stamp)


@st.cache_data(max_entries=64, show_spinner=False)
def _suspect_thumbnail(
    a: str, b: str, spec: str, split: str, key: str, stamp: tuple[str, Stamp]
) -> Thumbnail:
    found = sample(spec, split, key)
    stored = [stored_predictions(runs.get_run(name), spec, split) for name in (a, b)]
    if found.mask is None or stored[0] is None or stored[1] is None:
        raise KeyError(key)
    suspect = disagreement.suspect_pixels(found.mask, key, stored[0], stored[1], label_space(spec))
    return make_thumbnail(key, found.image, suspect.astype(np.uint8))


def mistake_thumbnail(run: Run, spec: str, split: str, key: str, mistake: Mistake) -> Thumbnail:
    """An image with the pixels of one kind of mistake; the run has labelled it."""
    stamp = _labelled_stamp((run, run), spec, split)
    return _mistake_thumbnail(run.name, spec, split, key, mistake, stamp)


@st.cache_data(max_entries=128, show_spinner=False)
def _mistake_thumbnail(
    run: str, spec: str, split: str, key: str, mistake: Mistake, stamp: tuple[str, Stamp]
) -> Thumbnail:
    found = sample(spec, split, key)
    stored = stored_predictions(runs.get_run(run), spec, split)
    if found.mask is None or stored is None:
        raise KeyError(key)
    lit = mistake.pixels(found.mask, stored.labels(key), label_space(spec))
    return make_lit_thumbnail(key, found.image, lit)


def _labelled_stamp(both: Runs, spec: str, split: str) -> tuple[str, Stamp]:
    paths = [path for run in both for path in (settings.predictions_dir() / run.name).glob("*.zip")]
    return fingerprint(spec, split), stamp_of(*sorted(paths))
