"""What runs say about a whole split."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from segcore import runs, settings
from segcore.evaluation import disagreement
from segcore.evaluation.disagreement import PictureAgreement
from segcore.evaluation.mistakes import Mistake
from segcore.evaluation.predictions import StoredPredictions, stored_predictions
from segcore.labels import ClassMap
from segcore.labels.class_map import common
from segcore.runs import Run
from segcore.runs.seen_data import compared_by
from studio.cache.data import fingerprint, label_space, sample, samples
from studio.cache.sources import source_now
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
    stored, classes = _in_common_classes(a, b, spec, split)
    if stored is None or classes is None:
        return None
    return list(disagreement.agreements(samples(spec, split), *stored, classes))


def _in_common_classes(
    a: str, b: str, spec: str, split: str
) -> tuple[tuple[StoredPredictions, StoredPredictions] | None, ClassMap | None]:
    """What both runs say by the classes that they are compared by, and the data's way to those."""
    run_a, run_b = runs.get_run(a), runs.get_run(b)
    classes = compared_by(label_space(spec), run_a, run_b)
    maps = common(run_a.class_map, run_b.class_map)
    of_a, of_b = (stored_predictions(run, source_now(spec), split) for run in (run_a, run_b))
    if of_a is None or of_b is None or maps is None:
        return None, classes
    return (of_a.in_classes(maps[0]), of_b.in_classes(maps[1])), classes


def suspect_thumbnail(both: Runs, spec: str, split: str, key: str) -> Thumbnail:
    """An image with 1 where both runs contradict its truth; both have labelled it."""
    stamp = _labelled_stamp(both, spec, split)
    return _suspect_thumbnail(both[0].name, both[1].name, spec, split, key, stamp)


@st.cache_data(max_entries=64, show_spinner=False)
def _suspect_thumbnail(
    a: str, b: str, spec: str, split: str, key: str, stamp: tuple[str, Stamp]
) -> Thumbnail:
    found = sample(spec, split, key)
    stored, classes = _in_common_classes(a, b, spec, split)
    if found.mask is None or stored is None or classes is None:
        raise KeyError(key)
    truth = classes.mask(found.mask)
    suspect = disagreement.suspect_pixels(truth, key, *stored, classes.target)
    return make_thumbnail(key, found.image, suspect.astype(np.uint8))


def mistake_thumbnail(
    run: Run, others: Sequence[Run], spec: str, split: str, key: str, mistake: Mistake
) -> Thumbnail:
    """An image with the pixels of one kind of mistake; the run has labelled it.

    Args:
        others: one that it is compared with, whose classes may be fewer, or none.
    """
    stamp = _labelled_stamp((run, *others), spec, split)
    names = tuple(other.name for other in others)
    return _mistake_thumbnail(run.name, names, spec, split, key, mistake, stamp)


@st.cache_data(max_entries=128, show_spinner=False)
def _mistake_thumbnail(
    run: str,
    others: tuple[str, ...],
    spec: str,
    split: str,
    key: str,
    mistake: Mistake,
    stamp: tuple[str, Stamp],
) -> Thumbnail:
    found = sample(spec, split, key)
    run_, *others_ = map(runs.get_run, (run, *others))
    classes = compared_by(label_space(spec), run_, *others_)
    maps = common(run_.class_map, *(other.class_map for other in others_))
    stored = stored_predictions(run_, source_now(spec), split)
    if found.mask is None or stored is None or classes is None or maps is None:
        raise KeyError(key)
    labels = maps[0].mask(stored.labels(key))
    lit = mistake.pixels(classes.mask(found.mask), labels, classes.target)
    return make_lit_thumbnail(key, found.image, lit)


def _labelled_stamp(by: Sequence[Run], spec: str, split: str) -> tuple[str, Stamp]:
    paths = [path for run in by for path in (settings.predictions_dir() / run.name).glob("*.zip")]
    return fingerprint(spec, split), stamp_of(*sorted(paths))
