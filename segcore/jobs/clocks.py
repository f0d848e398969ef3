"""When a lease ends or a worker was last heard of, on clocks that several processes share.

The wall clock may be set back or forth at any time, by a person or after a reboot. So next to it
each instant carries the time since the machine started, which no one sets, with the name of that
start. Within one start this decides; after a reboot, or on a system without such a clock, the wall
clock does, and an instant that lies in the future does not count.
"""

import time
from functools import cache
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
FUTURE_SECONDS = 1.0
"""What a wall clock may be set back by before an instant counts as from the future."""


def mark(ahead: float = 0.0) -> str | None:
    """Now, or `ahead` seconds later, by the clock of this start; None where there is no such."""
    boot = _boot()
    return None if boot is None else f"{boot} {_since_boot() + ahead}"


def lease_holds(until: float | None, marked: str | None, longest: float) -> bool:
    """Whether a lease has not run out yet.

    Args:
        until: its end by the wall clock.
        marked: its end as `mark` noted it.
        longest: seconds that a lease may last; more than that ahead is from the future.
    """
    left = _left(marked)
    if left is None:
        left = (until or 0.0) - time.time()
    return 0.0 < left <= longest + FUTURE_SECONDS


def heartbeat_is_fresh(at: float, marked: str | None, seconds: float, has_process: bool) -> bool:
    """Whether a worker was heard of within the last `seconds`.

    Args:
        at, marked: when, by the wall clock and as `mark` noted it.
        has_process: it has begun. Of one that is about to begin nobody can say that it lives, so
            it is late as soon as either clock says so.
    """
    age, left = time.time() - at, _left(marked)
    if age < -FUTURE_SECONDS:
        return False
    if left is None or not has_process:
        return age < seconds and (left is None or -left < seconds)
    return -left < seconds


def _left(marked: str | None) -> float | None:
    """Seconds until the instant; None where it was not noted since this start."""
    boot, _, seconds = (marked or "").partition(" ")
    return float(seconds) - _since_boot() if seconds and boot == _boot() else None


def _since_boot() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@cache
def _boot() -> str | None:
    """Names this start of the machine; Linux alone does so for everybody."""
    try:
        return BOOT_ID.read_text().strip() or None if hasattr(time, "CLOCK_BOOTTIME") else None
    except OSError:
        return None
