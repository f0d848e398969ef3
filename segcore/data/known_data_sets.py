"""Data sets that are known by their content: their names, origins and licences."""

from dataclasses import dataclass

STREETS = "streets"


@dataclass(frozen=True)
class KnownData:
    """A published data set, or the built-in one.

    Attributes:
        layout: the kind of source that reads it.
        title: its name, as people write it.
        origin: what it is, for a model card.
        licence: what that means for weights learnt from it.
        val: sha256 of its val split (`segcore.data.preparation.digests`); None where none was here.
    """

    layout: str
    title: str
    origin: str
    licence: str
    val: str | None = None


KNOWN = (
    KnownData(
        STREETS,
        "Streets (built in)",
        "street scenes rendered by this project (`segcore/data/sources/streets`), "
        "which are no photographs",
        "The weights are free to use, as the project is.",
        STREETS,
    ),
    KnownData(
        "camvid",
        "CamVid",
        'CamVid (Brostow, Fauqueur, Cipolla, "Semantic object classes in video", Pattern '
        "Recognition Letters 2009), the 480x360 version with 11 classes; research data, none of "
        "whose images or masks are in this repository",
        "Weights learnt from research data: for research and demonstration.",
        "7b108ada2028bc3d07874331e01a02189edcab5d2b9d954c0d62ae8f8013ea74",
    ),
)


def known_data(identity: str | None) -> KnownData | None:
    """The data set of that identity, if it is a known one."""
    return next((known for known in KNOWN if identity and known.val == identity), None)


def known_layout(layout: str) -> KnownData | None:
    """The known data set in that layout, which others may have too: identity tells them apart."""
    return next((known for known in KNOWN if known.layout == layout), None)
