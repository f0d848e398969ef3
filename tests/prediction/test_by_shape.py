"""What is built for a shape: once, kept as long as it is used, in nobody's way."""

import threading

from segcore.prediction.engines.by_shape import UNUSED_SECONDS, ByShape, Shape, release_unused


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_longest_unused_gives_way_and_the_first_stays() -> None:
    built: list[Shape] = []
    networks = ByShape(lambda shape: built.append(shape) or shape, most=3)  # type: ignore[func-returns-value]
    for side in (1, 2, 3, 2, 4, 2, 1, 3):
        assert networks.get((side,)) == (side,)
    assert built == [(1,), (2,), (3,), (4,), (3,)]


def test_what_nobody_uses_is_released_but_for_the_first() -> None:
    clock = Clock()
    networks = ByShape(str, most=4, clock=clock)
    for side in (1, 2, 3):
        networks.get((side,))
    clock.now = UNUSED_SECONDS
    networks.get((3,))
    clock.now += 1
    release_unused()
    assert networks._others() == [(3,)] and len(networks) == 2


def test_a_known_shape_does_not_wait_for_a_new_one() -> None:
    begun, end = threading.Event(), threading.Event()

    def build(shape: Shape) -> str:
        if shape == (2,):
            begun.set()
            assert end.wait(30)
        return f"for {shape[0]}"

    networks = ByShape(build, most=4)
    networks.get((1,))
    builder = threading.Thread(target=networks.get, args=((2,),))
    builder.start()
    assert begun.wait(30)
    assert networks.get((1,)) == "for 1"  # hangs where it waits
    end.set()
    builder.join()
    assert len(networks) == 2
