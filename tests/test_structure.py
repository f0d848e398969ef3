"""The rules of the house, read from the source."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SEGCORE = sorted((ROOT / "segcore").rglob("*.py"))
PAGES = [
    ROOT / "dashboard.py",
    *sorted((ROOT / "pages").rglob("*.py")),
    *sorted((ROOT / "studio").rglob("*.py")),
]
NEED_KERAS = {
    "segcore/training/batches.py",
    "segcore/training/checkpoint.py",
    "segcore/training/distillation.py",
    "segcore/training/losses.py",
    "segcore/training/session.py",
    "segcore/training/training_data.py",
    *(f"segcore/training/{name}.py" for name in "batch_metrics first_manifest optimizers".split()),
    *(f"segcore/training/{name}.py" for name in "progress validation warm_start".split()),
    *(f"segcore/models/{name}.py" for name in "attention blocks normalization even_light".split()),
    *(f"segcore/models/{name}.py" for name in "efficientnet efficientnet_lite".split()),
    "segcore/prediction/export/exported_network.py",
}


def imported(path: Path) -> set[str]:
    """The modules a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def packages(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imported(path)}


@pytest.mark.parametrize("path", SEGCORE, ids=lambda path: path.stem)
def test_segcore_knows_nothing_of_streamlit_or_the_pages(path: Path) -> None:
    assert not packages(path) & {"streamlit", "studio", "pages", "dashboard"}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_pages_leave_the_networks_to_segcore(path: Path) -> None:
    assert not packages(path) & {"tensorflow", "jax", "keras"} or path.name == "engine.py"


def test_tensorflow_itself_is_used_in_few_places() -> None:
    users = {path.name for path in SEGCORE if "tensorflow" in packages(path)}
    known = "normalization devices data_parallel peak_memory conversion flops".split()
    assert users <= {f"{name}.py" for name in (*known, "exported_network")}


def test_openvino_is_loaded_in_one_place() -> None:
    found = {path.name for path in SEGCORE + PAGES if "openvino" in packages(path)}
    assert found == set()  # `load_openvino` imports it by name, without its telemetry


def test_caches_live_in_one_folder_and_are_bounded() -> None:
    for path in PAGES:
        source = path.read_text()
        if path.parent.name == "cache":
            assert source.count("@st.cache_") == source.count("max_entries=")
        else:
            assert "st.cache_" not in source, path


def test_what_visitors_are_told_names_no_folder_of_the_server() -> None:
    for path in PAGES:
        is_admins = path.name == "admin.py" or path.parent.name == "admin"
        tells = path.name == "errors.py"  # whose `show_error` leaves them out
        if not is_admins and not tells:
            assert "st.error(" not in path.read_text(), path


def module(path: Path) -> str:
    """How it is imported."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def test_what_needs_no_keras_does_not_load_it() -> None:
    files = {str(path.relative_to(ROOT)): module(path) for path in SEGCORE}
    assert set(files) >= NEED_KERAS
    modules = ", ".join(files[name] for name in sorted(files.keys() - NEED_KERAS))
    code = f"import sys, {modules}; print({{'keras', 'tensorflow', 'jax'}} & set(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "set()"


def test_nothing_unpickles_or_loads_whole_models() -> None:
    banned = {"pickle", "dill", "joblib", "cloudpickle"}
    for path in SEGCORE + PAGES:
        assert not packages(path) & banned, path
        calls = {
            node.func.attr
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        }
        assert "load_model" not in calls, path


RECORDS = {"manifest", "record", "report", "comparison", "compared", "robustness", "cost"}


def test_run_json_and_reports_are_dictionaries_in_their_rooms_only() -> None:
    """Elsewhere they are the typed objects of `segcore.runs` and `segcore.evaluation`."""
    found = []
    for path in SEGCORE + PAGES:
        if path.is_relative_to(ROOT / "segcore/runs"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
                called = node.value.func if isinstance(node.value, ast.Call) else node.value
                name = getattr(called, "id", getattr(called, "attr", ""))
                if name in RECORDS and isinstance(node.slice.value, str):
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not found


def test_no_file_outgrows_a_reader() -> None:
    long = {
        path.name: n for path in SEGCORE + PAGES if (n := len(path.read_text().split("\n"))) > 400
    }
    assert not long
