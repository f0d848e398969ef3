"""A source -> memory-mapped arrays and statistics, cached by content; and finding samples in it."""

from segcore.data.preparation.prepared import (
    Prepared,
    PreparedSplit,
    Samples,
    load_prepared,
    native_samples,
    prepared_folders,
    prepared_split,
    remove_prepared,
    split_key,
)
from segcore.data.preparation.preparing import prepare

__all__ = [
    "Prepared",
    "PreparedSplit",
    "Samples",
    "load_prepared",
    "native_samples",
    "prepare",
    "prepared_folders",
    "prepared_split",
    "remove_prepared",
    "split_key",
]
