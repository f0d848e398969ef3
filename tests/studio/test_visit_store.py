"""What visits keep in memory, and who gives way."""

import numpy as np
import pytest

from segcore.errors import BusyError
from segcore.prediction.inference import Prediction, Timings
from studio.visits.store import VisitStore, size_in_bytes

TEN = bytes(10)


def test_what_is_kept_belongs_to_its_visit() -> None:
    store = VisitStore(100, 100, 100)
    store.put("one", "file", 1, b"a")
    assert store.get("one", "file", 1) == b"a"
    assert store.get("other", "file", 1) is None
    assert store.get("one", "photo", 1) is None


def test_a_value_is_made_once_and_the_last_of_a_name_are_kept() -> None:
    store, made = VisitStore(100, 100, 100), list[int]()

    def make(key: int) -> int:
        return store.keep("one", "photo", key, lambda: made.append(key) or key, most=2)  # type: ignore[func-returns-value]

    assert [make(key) for key in (1, 1, 2, 1, 3, 1, 2)] == [1, 1, 2, 1, 3, 1, 2]
    assert made == [1, 2, 3, 2]


def test_who_holds_most_gives_way_and_what_can_be_made_again_goes_first() -> None:
    store = VisitStore(most_bytes=40, most_of_one=100, most_made=40)
    store.put("modest", "file", 0, TEN)
    store.put("greedy", "file", 0, TEN)
    store.keep("greedy", "photo", 0, lambda: TEN)
    store.put("greedy", "file", 1, TEN)
    store.put("greedy", "file", 2, TEN)
    assert store.get("greedy", "photo", 0) is None and store.get("greedy", "file", 0) == TEN
    store.keep("modest", "photo", 0, lambda: TEN)
    assert store.get("greedy", "file", 1) is None  # the longest unused
    assert store.get("modest", "file", 0) == store.get("modest", "photo", 0) == TEN


def test_what_can_be_made_again_has_a_bound_of_its_own_and_costs_no_file() -> None:
    store = VisitStore(most_bytes=100, most_of_one=100, most_made=20)
    for visit in ("one", "two", "three"):
        store.put(visit, "file", 0, TEN)
        store.keep(visit, "photo", 0, lambda: TEN)
    store.keep("four", "photo", 0, lambda: TEN + b"more")  # the largest, and the newest
    kept = [visit for visit in ("one", "two", "three", "four") if store.holds(visit, "photo", 0)]
    assert kept == ["four"]
    assert all(store.holds(visit, "file", 0) for visit in ("one", "two", "three"))


def test_one_visit_has_its_bound_for_what_cannot_be_made_again() -> None:
    store = VisitStore(most_bytes=100, most_of_one=20, most_made=100)
    store.put("one", "file", 0, TEN)
    store.reserve("one", "file", 1, 10)
    with pytest.raises(BusyError, match="remove some"):
        store.put("one", "file", 2, b"x")
    store.keep("one", "photo", 0, lambda: TEN)
    store.remove("one", "file", 1)
    store.put("one", "file", 2, TEN)
    assert store.bytes_of("one") == 30


def test_of_visits_that_are_over_nothing_stays() -> None:
    store = VisitStore(100, 100, 100)
    for visit in ("one", "two"):
        store.put(visit, "file", 0, TEN)
    assert store.keep_only(["two"]) == ["one"]
    assert (store.bytes_of("one"), store.bytes_of("two")) == (0, 10)


def test_arrays_count_wherever_they_are() -> None:
    plane = np.zeros((4, 5), np.float32)
    prediction = Prediction(plane.astype(np.uint8), plane, Timings(1, 2, 3), plane[:0])
    assert size_in_bytes((prediction, {"a": [TEN]}, 3, "ab")) == 20 + 80 + 10 + 2
