"""What tests of pages share: runs to show, and Streamlit as it is on a server."""

import json
from pathlib import Path

import pytest
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import app_test

from segcore.runs import Run, get_run
from tests.factories.fake_runs import make_run
from tests.studio.drawn_pages import RUN_A, RUN_B


@pytest.fixture
def navigated(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a server whose dashboard has called st.navigation: AppTest forgets it at each run."""
    monkeypatch.setattr(PagesManager, "uses_pages_directory", False)
    monkeypatch.setattr(app_test, "PagesManager", type("Navigated", (PagesManager,), {}))


@pytest.fixture
def two_runs(camvid: Path) -> tuple[Run, Run]:
    """Two finished runs on the made CamVid; B is the older one, so A is chosen first."""
    for seed, (name, recipe) in enumerate(((RUN_A, "quick-unet"), (RUN_B, "tuned-unet"))):
        run = make_run(name, seed=seed)
        manifest = {
            **run.record,
            "recipe": {"name": recipe},
            "data": {**run.record["data"], "spec": f"camvid:{camvid}"},
            "started": f"2025-01-0{2 - seed}T00:00:00+00:00",
        }
        (run.path / "run.json").write_text(json.dumps(manifest))
    return get_run(RUN_A), get_run(RUN_B)
