"""Asking for images of a split: what they hold, and which come first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from segcore.evaluation.image_search import (
    Query,
    by_score,
    class_share,
    iou_of_each,
    matching,
    rarity,
    shuffled,
)
from segcore.labels import NO_LABEL, LabelSpace
from segcore.presentation.sides import runs_of
from studio import cache, wording
from studio.state import Selection
from studio.widgets import split_predictions

ANY_CLASS, ANYWHERE = "any class", "everywhere"
RANDOM, IN_ORDER, MOST, RARE, DIFFERING = (
    "Random",
    "In their order",
    "Most of the class",
    "Rare classes first",
    "Where A and B differ most",
)
MOST_PLACES = 200
"""Of more sequences than these none is offered: one asks for a part of the name."""

AHEAD_A, AHEAD_B = "Largest gap A − B", "Largest gap B − A"


@dataclass(frozen=True, eq=False)
class Searched:
    """A split, or some of its images, N in all.

    Attributes:
        name: of the split.
        counts: (N, C) pixels of each label; None where the masks are not counted.
    """

    name: str
    keys: list[str]
    sequences: list[str]
    counts: np.ndarray | None

    def only(self, keys: set[str]) -> "Searched":
        """The same with some of its images."""
        kept = [index for index, key in enumerate(self.keys) if key in keys]
        return Searched(
            self.name,
            [self.keys[index] for index in kept],
            [self.sequences[index] for index in kept],
            None if self.counts is None else self.counts[kept],
        )


@dataclass(frozen=True, eq=False)
class Found:
    """The images asked for, in the order asked for.

    Attributes:
        caption: of an image, by its place in that order.
        query: what they hold.
        asked: all that was asked for, in words: another list where it changes.
    """

    keys: list[str]
    caption: Callable[[int], str]
    query: Query
    asked: str

    def captions(self, on_page: slice) -> list[str]:
        """Of some of the images; of all it would take longer than all else."""
        return [self.caption(place) for place in range(*on_page.indices(len(self.keys)))]


@dataclass(frozen=True)
class _Asker:
    """Names the widgets; those of the one search of a page may stand in its address."""

    in_address: bool

    def __call__(self, name: str) -> dict[str, Any]:
        if self.in_address:
            return {"key": name, "bind": "query-params"}
        return {"key": f"browser_{name}"}


def ask(selection: Selection, split: Searched, *, in_address: bool = False) -> Found | None:
    """Asks by widgets in a row; None while the order is not known, with a button that finds out."""
    asker = _Asker(in_address)
    query = (
        Query() if split.counts is None else _ask_query(split, split.counts, asker, selection.space)
    )
    every = np.arange(len(split.keys))
    found = (
        every
        if split.counts is None
        else matching(split.counts, split.sequences, query, split.keys)
    )
    scores = _scores(selection, split, query.label)
    sort, seed = _ask_sort(selection, split, query, scores, asker)
    if sort == DIFFERING:
        differing = split_predictions.differing(selection, "To sort by what they differ on")
        if differing is None:
            return None
        scores[DIFFERING] = np.array([differing.get(key, np.nan) for key in split.keys])
    order = _ordered(split, found, query, sort, seed, scores)

    def caption(place: int) -> str:
        return _caption(split, int(order[place]), query, sort, scores)

    return Found([split.keys[i] for i in order], caption, query, f"{query} {sort} {seed}")


def _ask_query(split: Searched, counts: np.ndarray, asker: _Asker, space: LabelSpace) -> Query:
    holding, pixels = (counts > 0).sum(axis=0), counts.sum(axis=0)
    ids = [int(id_) for id_ in np.argsort(-pixels) if pixels[id_] and id_ not in space.void_ids]
    chosen = st.selectbox(
        "Contains the class",
        [ANY_CLASS, *(space.names[id_] for id_ in ids)],
        help="; ".join(f"{space.names[id_]}: {holding[id_]} images" for id_ in ids),
        width=180,
        **asker("holds"),
    )
    places = sorted(set(split.sequences))
    place, named = None, ""
    if (
        len(places) > MOST_PLACES
    ):  # as where each image has a name at random: no list to choose from
        named = st.text_input("Its name contains", width=180, **asker("named"))
    elif len(places) > 1:
        place = st.selectbox("Sequence", [ANYWHERE, *places], width=180, **asker("from"))
        place = None if place == ANYWHERE else place
    if chosen == ANY_CLASS:
        return Query(sequence=place, named=named)
    label = space.ids[chosen]
    highest = float(100 * class_share(counts, label).max())
    lowest, most = st.slider(
        "Its share of the image",
        0.0,
        highest,
        (0.0, highest),
        format="%.2f %%",
        width=220,
        **asker(f"share_{label}"),
    )
    # The ends of the slider are rounded: they stand for no limit.
    return Query(label, (lowest / 100, 1.0 if most >= highest else most / 100), place, named)


def _ask_sort(
    selection: Selection,
    split: Searched,
    query: Query,
    scores: Mapping[str, np.ndarray],
    asker: _Asker,
) -> tuple[str, int]:
    """The order, and the seed of a random one."""
    of_models = split.name == selection.split and selection.pair is not None
    options = [
        *([IN_ORDER] if asker.in_address else []),
        *([MOST] if query.label is not None else []),
        RANDOM,
        *([RARE] if split.counts is not None else []),
        *scores,
        *([DIFFERING] if of_models else []),
    ]
    sort = st.selectbox("Sorted by", options, width=230, **asker("sort"))
    if sort != RANDOM:
        return sort, 0
    another = "The same number always gives the same order."
    draw = st.number_input("Draw", 0, step=1, width=110, help=another, **asker("draw"))
    return sort, int(draw)


def _scores(selection: Selection, split: Searched, label: int | None) -> dict[str, np.ndarray]:
    """What the samples can be sorted by -> (N,), highest first: by the runs' stored scores."""
    if split.name != selection.split:
        return {}
    scores, known = {}, []
    evaluations = cache.compared_evaluations(runs_of(selection.sides), selection.data, split.name)
    if label is not None:
        label = selection.classes.ids[label]
    if label == NO_LABEL:
        return {}
    for side, evaluation in zip(selection.sides, evaluations, strict=True):
        if evaluation is not None:
            iou = iou_of_each(evaluation.matrices, label).tolist()
            of_key = dict(zip(evaluation.keys, iou, strict=True))
            known.append(np.array([of_key.get(key, np.nan) for key in split.keys]))
            scores[f"Lowest IoU of {side.name}"] = -known[-1]
    if len(known) < 2:
        return scores
    return {AHEAD_A: known[0] - known[1], AHEAD_B: known[1] - known[0], **scores}


def _ordered(
    split: Searched,
    found: np.ndarray,
    query: Query,
    sort: str,
    seed: int,
    scores: Mapping[str, np.ndarray],
) -> np.ndarray:
    if sort in scores:
        return by_score(found, scores[sort])
    if sort == RANDOM:
        return shuffled(found, seed)
    if split.counts is not None and sort == RARE:
        return by_score(found, rarity(split.counts))
    if split.counts is not None and sort == MOST and query.label is not None:
        return by_score(found, class_share(split.counts, query.label))
    return found


def _caption(
    split: Searched, index: int, query: Query, sort: str, scores: Mapping[str, np.ndarray]
) -> str:
    words = [split.keys[index]]
    if query.label is not None and split.counts is not None:
        words.insert(0, wording.share(class_share(split.counts[index][None], query.label)[0]))
    if sort in scores:
        value = float(scores[sort][index])
        words.insert(0, _score_in_words(sort, value))
    return " · ".join(words)


def _score_in_words(sort: str, value: float) -> str:
    if sort == DIFFERING:
        return f"{wording.share(value)} differ"
    if sort in (AHEAD_A, AHEAD_B):
        return wording.difference(value)
    return f"IoU {wording.score(-value)}"
