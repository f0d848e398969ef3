"""What the server understood of the data sets that it was given, said on its console."""

from pages.shared import cache, state
from segcore.errors import SegcoreError


def tell() -> None:
    """A first look at each data set in folders that is not prepared yet, with what is doubtful.

    Whoever names a folder in SEGCORE_DATA says how its masks are to be read, and sees here what
    that comes to; the admin page shows the same, and asks before it prepares what is doubtful.
    """
    for data_set in state.data_sets().values():
        if data_set.problem is not None:
            continue
        try:
            look = (
                cache.first_look(data_set.spec) if cache.prepared(data_set.spec) is None else None
            )
        except SegcoreError as error:
            print(f"{data_set.spec}: {error}", flush=True)
            continue
        if look is not None:
            print(f"{data_set.spec}: {look.in_words()}", flush=True)
            for doubt in look.doubts:
                print(f"  doubtful: {doubt}", flush=True)
