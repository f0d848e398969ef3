"""`python -m segcore`: quiet about TensorFlow's own start-up, then the command line."""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow is imported

from segcore.allocator import keep_freed_memory
from segcore.cli import main

if __name__ == "__main__":
    keep_freed_memory()
    sys.exit(main())
