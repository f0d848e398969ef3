"""Reading what a data set is, in the background: all that is known of it goes by its content."""

from collections.abc import Hashable

from segcore.data.preparation.digests import identifying_split, split_digest
from segcore.errors import SegcoreError
from segcore.runs.data_sets import DataSet
from segcore.system.background import Work, WorkQueue
from segcore.system.progress import Progress
from studio import cache
from studio.background import follow

READING = WorkQueue(places=100)
"""This process reads data sets here, apart from what visitors ask for."""

PATIENCE_SECONDS = 1.0
"""What a page waits for a data set that it meets first: most are read by then, or take minutes."""


def read(found: list[DataSet]) -> list[DataSet]:
    """The data sets; what none has read before is read from now on, once for all visitors."""
    new = [one for one in found if one.identity is None and one.problem is None]
    begun = [work for one in new if (work := _begin(one)) is not None]
    if not begun:
        return found
    begun[0].wait(PATIENCE_SECONDS)
    return cache.data_sets()


def _begin(data_set: DataSet) -> Work | None:
    """The work, where it begins only now."""
    try:
        key = _key(data_set)
        if READING.of(key) is not None:
            return None
        spec, split = data_set.spec, identifying_split(cache.source(data_set.spec))

        def look(progress: Progress) -> None:
            split_digest(spec, split, progress)

        return READING.start(key, f"{data_set.name}, images read", look)
    except SegcoreError:  # gone since it was listed, or too much at once: the next page tries again
        return None


def show_reading(data_set: DataSet) -> bool:
    """How far the reading is, until it is known what the data set is; then False."""
    return data_set.identity is None and follow([_key(data_set)], READING)


def _key(data_set: DataSet) -> Hashable:
    source = cache.source(data_set.spec)
    return data_set.spec, source.fingerprint(identifying_split(source))
