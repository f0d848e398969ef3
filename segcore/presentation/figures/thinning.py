"""Fewer points for long curves: what a chart cannot show is not sent."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np


def kept_points(columns: Sequence[np.ndarray], most: int, needed: Sequence[int] = ()) -> np.ndarray:
    """Which points to draw of columns that share their x.

    Of each stretch those with a column's lowest and highest value stay, so that no peak is lost;
    and the ends.

    Args:
        columns: (E,) float64 each, NaN where nothing is known.
        most: about how many to keep; with fewer all are.
        needed: indices to keep in any case.

    Returns:
        (K,) indices, ascending.
    """
    count = len(columns[0])
    if count <= most:
        return np.arange(count)
    stretches = max(1, most // (2 * len(columns)))
    edges = np.linspace(0, count, stretches + 1).astype(int)
    kept = {0, count - 1, *needed}
    for column in columns:
        low = np.where(np.isnan(column), np.inf, column)
        high = np.where(np.isnan(column), -np.inf, column)
        for start, end in pairwise(edges):
            kept.add(int(start + low[start:end].argmin()))
            kept.add(int(start + high[start:end].argmax()))
    return np.array(sorted(kept))
