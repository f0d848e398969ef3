"""What needs no TensorFlow trains the same on JAX."""

import os
import subprocess
import sys
from pathlib import Path

TRAININGS = Path(__file__).parents[1] / "training" / "test_training.py"


def test_a_run_trained_on_jax_resumes_and_scores_what_it_says(tmp_path: Path) -> None:
    """The trainings' own tests once more, in a process whose backend is JAX."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(TRAININGS)]
    compiled_once = {
        "JAX_COMPILATION_CACHE_DIR": str(tmp_path),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    done = subprocess.run(
        [*command, "-k", "resumed_run or best_epochs"],
        env={**os.environ, "KERAS_BACKEND": "jax", **compiled_once},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "2 passed" in done.stdout
