"""What the dashboard remembers of networks depends on all that their labels depend on."""

import numpy as np
import pytest

from segcore import runs
from segcore.runs.writer import RunWriter
from studio import cache, engine
from tests.factories import fake_runs

pytestmark = pytest.mark.usefixtures("networks_made_once")


def test_a_run_with_another_preprocessing_is_another_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "convert_later", lambda run: None)
    run = fake_runs.make_run(size=(24, 32))
    assert cache.predictor(run).preprocessing.size == (24, 32)
    changed = {"mode": "fit", "size": [16, 16], "multiple": 8}
    RunWriter.reopen(run).save_manifest(preprocessing=changed)
    run = runs.get_run(run.name)
    assert cache.predictor(run).preprocessing.size == (16, 16)
    image = np.zeros((24, 32, 3), np.uint8)
    assert cache.predict(run, image).labels.shape == (24, 32)
