"""How runs are called where people read of them."""

from datetime import datetime

from segcore.models import SPECS
from segcore.runs import Run
from segcore.runs.lineage import pretraining_of_teacher


def model_name(run: Run) -> str:
    if run.kind != "trained":  # the name it was added by
        return run.recipe
    title = title_of(run.model)
    return f"Distilled {title}" if run.is_taught else title


def teaching(run: Run) -> str:
    """From whose predictions it learned as well, and what those began with; empty if it did not."""
    said = [
        f"It learned from the labels and from the predictions of `{teacher.run}`, which began with "
        f"{pretraining_of_teacher(teacher) or 'random weights'}."
        for teacher in run.manifest.teachers
    ]
    return " ".join(dict.fromkeys(said))


def title_of(model: str) -> str:
    """A model's name for people; its own where it is not known here."""
    return SPECS[model].title if model in SPECS else model


def distinct_names(run_a: Run, run_b: Run) -> tuple[str, str]:
    """Short names of two runs, as long as it takes to tell them apart."""
    started = [f"{datetime.fromisoformat(run.created):%d %b %H:%M:%S}" for run in (run_a, run_b)]
    candidates = (
        (model_name(run_a), model_name(run_b)),
        (f"{model_name(run_a)} {run_a.recipe}", f"{model_name(run_b)} {run_b.recipe}"),
        (f"{model_name(run_a)} {started[0]}", f"{model_name(run_b)} {started[1]}"),
    )
    if run_a.name == run_b.name:
        return candidates[0]
    of_folders = run_a.name, run_b.name  # a run and its shipped copy started at the same moment
    return next((pair for pair in candidates if pair[0] != pair[1]), of_folders)
