"""What needs no TensorFlow trains the same on JAX."""

import os
import subprocess
import sys
from pathlib import Path


def test_a_run_trained_on_jax_is_whole_resumes_and_scores_what_it_says() -> None:
    """The trainings' own tests once more, in a process whose backend is JAX."""
    tests = Path(__file__).with_name("test_training.py")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(tests)]
        + ["-k", "whole_run or resumed_run or best_epochs"],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "3 passed" in done.stdout
