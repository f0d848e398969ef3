"""Lists and numbers as the sentences write them."""

from collections.abc import Sequence


def listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


MANY = 20
"""Names of a list that are all said."""


def listed_some(names: Sequence[str]) -> str:
    """As `listed`; of very many the first, and how many there are beside them."""
    if len(names) <= MANY:
        return listed(names)
    return listed([*names[: MANY // 2], f"{len(names) - MANY // 2} more"])


def percent(share: float) -> str:
    """A share with two digits that count: 0.041 % and not 0 %."""
    percent = share * 100
    return f"{percent:.0f} %" if percent >= 10 else f"{percent:.2g} %"


def times(factor: float) -> str:
    return f"{factor:,.0f} times" if factor >= 10 else f"{factor:.1f} times"
