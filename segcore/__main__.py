"""`python -m segcore`: the command line, in a process set up for networks."""

import sys

from segcore.allocator import keep_freed_memory
from segcore.cli import main
from segcore.devices import set_up_tensorflow

if __name__ == "__main__":
    set_up_tensorflow()
    keep_freed_memory()
    sys.exit(main())
