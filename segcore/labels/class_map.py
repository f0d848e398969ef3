"""Classes of one space seen as those of another, coarser one: "vehicle" is car, truck and bus."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from segcore.labels.merges import Merges
from segcore.labels.space import NO_LABEL, Label, LabelSpace

OTHER = "other classes"


@dataclass(frozen=True)
class ClassMap:
    """Which class of `target` each class of `origin` becomes.

    Attributes:
        ids: (C,) by the id of `origin`: an id of `target`, or `NO_LABEL` for what is neither
            trained on nor scored.
    """

    origin: LabelSpace
    target: LabelSpace
    ids: tuple[int, ...]

    def __post_init__(self) -> None:
        known = {*self.target.ids.values(), NO_LABEL}
        if len(self.ids) != self.origin.num_classes or not set(self.ids) <= known:
            raise ValueError("Expected an id of the label space for each class it is merged from")

    @classmethod
    def same(cls, space: LabelSpace) -> "ClassMap":
        """The map of a space onto itself."""
        held = set(space.ids.values())
        ids = (id_ if id_ in held else NO_LABEL for id_ in range(space.num_classes))
        return cls(space, space, tuple(ids))

    @cached_property
    def is_same(self) -> bool:
        """Whether it changes nothing."""
        is_mapped = self.ids != ClassMap.same(self.origin).ids
        return not is_mapped and self.origin.has_classes_of(self.target)

    @cached_property
    def table(self) -> np.ndarray:
        """(256,) uint8 by mask value."""
        table = np.full(256, NO_LABEL, np.uint8)
        table[: len(self.ids)] = self.ids
        return table

    def mask(self, mask: np.ndarray) -> np.ndarray:
        """Label ids of `origin`, uint8 of any shape -> those of `target`."""
        if self.is_same:
            return mask
        mapped: np.ndarray = self.table[mask]
        return mapped

    def counts(self, counts: np.ndarray) -> np.ndarray:
        """Pixels by class, (..., C) int64 -> (..., C') of the target; what has no class is left
        out."""
        summed: np.ndarray = (counts.astype(np.float64) @ self._members).astype(np.int64)
        return summed

    def matrices(self, matrices: np.ndarray) -> np.ndarray:
        """Confusion matrices (N, C, C) int64 -> (N, C', C'), as if they were counted so."""
        # Whole numbers below 2^53 are exact in float64, whose products are many times faster.
        found = self._members.T @ matrices.astype(np.float64) @ self._members
        whole: np.ndarray = found.astype(np.int64)
        return whole

    @cached_property
    def _members(self) -> np.ndarray:
        """(C, C') float64, 1 where a class becomes a class of the target."""
        kept = np.array(self.ids)[:, None] == np.arange(self.target.num_classes)
        members: np.ndarray = kept.astype(np.float64)
        return members

    def merges(self, known: Merges | None) -> Merges | None:
        """What a data set whose classes stand for several labels of `origin` knows of `target`.

        A class of the target that two of them may be counts as the first, or as the one whose
        masks hold it.
        """
        if known is None or self.is_same:
            return known
        held = {int(self.table[class_]) for class_ in known.members} - {NO_LABEL}
        members: dict[int, set[int]] = {id_: {id_} for id_ in held}
        for class_, ids in known.members.items():
            becomes = int(self.table[class_])
            if becomes == NO_LABEL:
                continue
            taken = held.union(*(of_ for id_, of_ in members.items() if id_ != becomes))
            members[becomes] |= {int(self.table[id_]) for id_ in ids} - taken - {NO_LABEL}
        if all(len(ids) == 1 for ids in members.values()):
            return None
        scored = sum(self.target.by_id[id_].is_scored for id_ in members)
        policy = f"{known.policy.rpartition('-')[0] or known.policy}-merged-{scored}"
        return Merges(policy, {id_: tuple(sorted(ids)) for id_, ids in sorted(members.items())})

    def then(self, other: "ClassMap") -> "ClassMap":
        """From this origin to the target of a map of this target."""
        ids = (NO_LABEL if id_ == NO_LABEL else other.ids[id_] for id_ in self.ids)
        return ClassMap(self.origin, other.target, tuple(ids))

    def with_others(self) -> "ClassMap":
        """As it is, but that a class which is no class of the target has an id there, void: a
        prediction of it is a miss."""
        if NO_LABEL not in self.ids:
            return self
        other = Label(self.target.num_classes, OTHER, (0, 0, 0), is_scored=False, is_void=True)
        target = replace(self.target, labels=(*self.target.labels, other))
        return ClassMap(
            self.origin, target, tuple(other.id if id_ == NO_LABEL else id_ for id_ in self.ids)
        )


def between(one: ClassMap, other: ClassMap) -> ClassMap | None:
    """How the classes of one target become those of another; None where they do not.

    They do where both are made from the same classes, the other's by merging more of them.
    """
    if one.target.has_classes_of(other.target):
        return replace(ClassMap.same(one.target), target=other.target)
    if not one.origin.has_classes_of(other.origin):
        return None
    found: dict[int, int] = {}
    for finer, coarser in zip(one.ids, other.ids, strict=True):
        if found.setdefault(finer, coarser) != coarser:
            return None
    if found.pop(NO_LABEL, NO_LABEL) != NO_LABEL:
        return None
    ids = (found.get(id_, NO_LABEL) for id_ in range(one.target.num_classes))
    return ClassMap(one.target, other.target, tuple(ids))


def common(one: ClassMap, *others: ClassMap) -> tuple[ClassMap, ...] | None:
    """From the targets of a map or two to the coarser of them, in the order of the maps.

    None where neither maps onto the other. A class of the finer one that the coarser does not tell
    at all becomes a void one there.
    """
    if not others:
        return (ClassMap.same(one.target),)
    (other,) = others
    if (down := between(one, other)) is not None:
        finer = down if down.is_same else down.with_others()
        kept = ClassMap.same(other.target)
        return finer, kept if down.is_same else ClassMap(other.target, finer.target, kept.ids)
    found = common(other, one) if between(other, one) is not None else None
    return None if found is None else (found[1], found[0])
