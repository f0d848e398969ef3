"""Freed memory stays in the process, which makes a training twice as fast, or goes when told to."""

import platform
import subprocess
import sys

import pytest

# Page faults of an array made and dropped 20 times; malloc serves it as it does a layer's output.
COUNT_FAULTS = """
import resource, sys
import numpy as np
from segcore.system.allocator import hand_back_huge_blocks, keep_freed_memory
if sys.argv[1] in ("keep", "keep but huge ones"):
    keep_freed_memory()
if sys.argv[1] == "keep but huge ones":
    hand_back_huge_blocks()
np.ones(50_000_000, np.uint8)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    np.ones(50_000_000, np.uint8)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(mode: str) -> int:
    command = [sys.executable, "-c", COUNT_FAULTS, mode]
    return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has this allocator")
def test_dropped_arrays_are_used_again_without_asking_the_kernel():
    assert faults("keep") < faults("as it comes") / 10


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has this allocator")
def test_huge_blocks_go_back_where_a_network_asks_for_that():
    assert faults("keep") < faults("keep but huge ones") / 10


# Of 200 MB in blocks of 10 kB every hundredth stays, so that none of it can go by itself.
HAND_BACK = """
from segcore.system.allocator import hand_back_freed_memory
def resident():
    return int(open("/proc/self/statm").read().split()[1])
blocks = [bytes(10_000) for _ in range(20_000)]
kept = blocks[::100]
del blocks
before = resident()
hand_back_freed_memory()
print(resident() / before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has this allocator")
def test_freed_memory_goes_back_when_told_to() -> None:
    command = [sys.executable, "-c", HAND_BACK]
    left = float(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    assert left < 0.5


# Six threads, alive together, in turns: each fills 40 MB and lets go of all but the last block, so
# that none of it can go by itself.
TURNS = """
import sys, threading
from segcore.system.allocator import share_one_arena
if sys.argv[1] == "share":
    share_one_arena()
def resident():
    return int(open("/proc/self/statm").read().split()[1])
kept, done = [], [threading.Event() for _ in range(7)]
def turn(number):
    bytes(10_000)  # takes an arena
    done[number].wait()
    kept.append([bytes(10_000) for _ in range(4_000)][-1])
    done[number + 1].set()
    done[-1].wait()
threads = [threading.Thread(target=turn, args=(number,)) for number in range(6)]
for thread in threads:
    thread.start()
before = resident()
done[0].set()
for thread in threads:
    thread.join()
print(resident() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has this allocator")
def test_what_one_thread_freed_serves_the_next() -> None:
    def growth(mode: str) -> int:
        command = [sys.executable, "-c", TURNS, mode]
        return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)

    assert growth("share") < growth("as it comes") / 2


# Ten photos of 24 MB come and go, each leaving a small block behind in the middle of the heap.
PHOTOS = """
import sys
from segcore.system.allocator import hand_back_large_blocks
if sys.argv[1] == "hand back":
    hand_back_large_blocks()
def resident():
    return int(open("/proc/self/statm").read().split()[1])
bytearray(31 << 20)  # glibc keeps blocks of that size from now on
before, photos, small = resident(), [], []
for _ in range(10):
    photos.append(bytes(bytearray(24 << 20)))
    small.append(bytearray(100_000))
del photos
print(resident() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has this allocator")
def test_large_blocks_go_back_at_once() -> None:
    left = {
        how: int(subprocess.check_output([sys.executable, "-c", PHOTOS, how], text=True))
        for how in ("keep", "hand back")
    }
    assert left["hand back"] < left["keep"] / 10
