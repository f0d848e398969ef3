"""Work that runs at low priority on the same cores."""

import os
import sys
import threading


def give_way(niceness: int) -> None:
    """Lets other threads and processes have the cores first, until this thread ends.

    On Linux, where niceness is a thread's own; it may not be taken back.

    Args:
        niceness: from 0 to 19, the most.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
