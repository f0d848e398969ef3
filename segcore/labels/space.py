"""What the values of a mask mean: the classes of a data set, and of the networks that learn them.

Cityscapes' 34 labels are one label space (`segcore.labels.cityscapes`), anybody's five classes are
another. Code that names, counts, scores or draws labels asks the space of the data or of the run.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any

import msgspec
import numpy as np

from segcore.errors import UnreadableError
from segcore.errors.plain import plain
from segcore.files.reading import typed
from segcore.labels.distinct_colors import distinct_colors, safe_colors

NO_LABEL = 255
"""Mask value of a pixel that has no label at all (padding, a missing annotation)."""

LARGEST_ID = NO_LABEL - 1
NAME_LENGTH = 60

Id = Annotated[int, msgspec.Meta(ge=0, le=LARGEST_ID)]
Channel = Annotated[int, msgspec.Meta(ge=0, le=255)]
Color = tuple[Channel, Channel, Channel]


@dataclass(frozen=True)
class Label:
    """A class.

    Attributes:
        id: its value in masks and its channel of a network's outputs.
        color: RGB; black is drawn as no colour, so that the image shows.
        safe_color: for those who cannot tell red from green; None for one that is never drawn.
        category: of several classes that are much alike; None where there is none.
        is_scored: whether it counts in scores.
        is_void: whether its pixels carry no class to learn; they are never scored either.
    """

    id: Id
    name: str
    color: Color
    safe_color: Color | None = None
    category: str | None = None
    is_scored: bool = True
    is_void: bool = False

    @property
    def hex_color(self) -> str:
        """As `#rrggbb`."""
        return hex_of(self.color)

    @property
    def safe_hex_color(self) -> str | None:
        """As `#rrggbb`."""
        return None if self.safe_color is None else hex_of(self.safe_color)


@dataclass(frozen=True)
class LabelSpace:
    """Labels in the order in which they are listed. Those of one space differ in id and name.

    Attributes:
        name: a word for it, such as the data set's.
        policy: names the scores that are computed by it, such as `cityscapes-19-present`.
    """

    name: str
    policy: str
    labels: tuple[Label, ...]

    def __post_init__(self) -> None:
        names = [label.name for label in self.labels]
        if not self.labels:
            raise ValueError("Expected at least one class")
        for name in names:
            if plain(name, longest=NAME_LENGTH) != name or not name or name == "epoch":
                raise ValueError(f"{plain(name, longest=NAME_LENGTH)!r} cannot be a class's name")
        for what, values in (("id", [str(label.id) for label in self.labels]), ("name", names)):
            if twice := [one for one in values if values.count(one) > 1]:
                raise ValueError(f"two classes have the {what} {twice[0]}")
        if not self.evaluated_ids:
            raise ValueError("no class is scored")

    @classmethod
    def made(cls, name: str, labels: tuple[Label, ...]) -> "LabelSpace":
        """A space of somebody's own, its policy named after it and how many classes it scores."""
        scored = sum(label.is_scored for label in labels)
        return cls(name, f"{name}-{scored}", labels)

    # --- which labels there are -------------------------------------------------------------

    @cached_property
    def num_classes(self) -> int:
        """The largest id and one: channels of a network's outputs, sides of confusion matrices."""
        return max(label.id for label in self.labels) + 1

    @cached_property
    def by_id(self) -> tuple[Label, ...]:
        """(`num_classes`,) the label of each id; where there is none, one that is never scored."""
        known = {label.id: label for label in self.labels}
        return tuple(
            known.get(id_, Label(id_, f"id {id_}", (0, 0, 0), is_scored=False, is_void=True))
            for id_ in range(self.num_classes)
        )

    @cached_property
    def names(self) -> tuple[str, ...]:
        """(`num_classes`,) by id."""
        return tuple(label.name for label in self.by_id)

    @cached_property
    def ids(self) -> dict[str, int]:
        """Name -> id."""
        return {label.name: label.id for label in self.labels}

    @cached_property
    def evaluated_ids(self) -> tuple[int, ...]:
        """The ids that are scored, in their order."""
        return tuple(label.id for label in self.labels if label.is_scored)

    @cached_property
    def void_ids(self) -> tuple[int, ...]:
        """Ids whose pixels carry no class to learn or to score."""
        return tuple(label.id for label in self.by_id if label.is_void)

    @cached_property
    def categories(self) -> dict[str, tuple[int, ...]]:
        """Category -> the scored ids in it; empty where labels have none."""
        found: dict[str, tuple[int, ...]] = {}
        for id_ in self.evaluated_ids:
            category = self.by_id[id_].category
            if category is not None:
                found[category] = (*found.get(category, ()), id_)
        return found

    @cached_property
    def is_evaluated(self) -> np.ndarray:
        """(256,) bool, by mask value."""
        return np.isin(np.arange(256), self.evaluated_ids)

    def has_classes_of(self, other: "LabelSpace") -> bool:
        """Whether both mean the same by every id and score the same; colours may differ."""
        return self._meaning == other._meaning

    @cached_property
    def _meaning(self) -> frozenset[tuple[int, str, bool, bool]]:
        return frozenset(
            (label.id, label.name, label.is_scored, label.is_void) for label in self.labels
        )

    # --- colours -------------------------------------------------------------------------------

    @cached_property
    def palette(self) -> np.ndarray:
        """Colour of each mask value: (256, 3) uint8 RGB; values that are no label are black."""
        table = np.zeros((256, 3), np.uint8)
        for label in self.labels:
            table[label.id] = label.color
        return table

    def colorize(self, mask: np.ndarray) -> np.ndarray:
        """(H, W) uint8 label ids -> (H, W, 3) uint8 RGB in the labels' colours."""
        colors: np.ndarray = self.palette[mask]
        return colors

    # --- as JSON -------------------------------------------------------------------------------

    def as_dict(self) -> dict[str, Any]:
        """What run.json and stored scores keep of it; `parse` reads it."""
        kept: dict[str, Any] = msgspec.to_builtins(
            {"name": self.name, "policy": self.policy, "labels": self.labels}
        )
        return kept

    @classmethod
    def parse(cls, value: Any) -> "LabelSpace":
        """As `as_dict` has it. Raises UnreadableError."""
        return typed(value, cls)


def with_colors(labels: tuple[Label, ...], given: Mapping[int, Color]) -> tuple[Label, ...]:
    """The labels with the colours that are given by id, and with legible ones where none is.

    All get a safe colour as well.
    """
    made = iter(distinct_colors(len(labels) - len(given), list(given.values())))
    safe = safe_colors(len(labels))
    return tuple(
        replace(
            label, color=given[label.id] if label.id in given else next(made), safe_color=safe_color
        )
        for label, safe_color in zip(labels, safe, strict=True)
    )


def hex_of(color: Color) -> str:
    """RGB as `#rrggbb`."""
    return "#{:02x}{:02x}{:02x}".format(*color)


def color_of(text: str) -> Color:
    """`#rrggbb` as RGB. Raises UnreadableError."""
    try:
        red, green, blue = bytes.fromhex(text.removeprefix("#"))
    except ValueError as error:
        raise UnreadableError(f"{plain(text)!r} is no colour such as #804080") from error
    return red, green, blue
