"""What a network may be told as it is built: names, ranges, and a sentence on each."""

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Option:
    """A keyword of a network's builder, as a person sets it.

    Attributes:
        kind: whole and number lie in `low` to `high`.
        optional: whether None is a value too, and what it stands for.
        default: what the network takes where nothing is given.
    """

    name: str
    label: str
    sentence: str
    kind: Literal["whole", "number", "switch", "choice"]
    low: float = 0
    high: float = 1
    choices: tuple[Any, ...] = ()
    optional: str | None = None
    default: Any = None


EVEN_LIGHT = Option(
    "even_light", "Even light",
    "Gives each image the same brightness, contrast and white balance first.", "switch",
    default=False,
)  # fmt: skip
"""Option of every network that can begin with `segcore.models.even_light.EvenLight`."""
