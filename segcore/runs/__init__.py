"""Runs: folders of a training, and the registry of champions.

Read here; `writer` is what a training writes them by, `archives` and `csv_logs` bring them in from
elsewhere by way of `staging`, `weights` puts weights into a network.
"""

from segcore.runs.data import identities, identity_of
from segcore.runs.index import Unreadable, list_runs, unreadable_runs
from segcore.runs.registry import (
    PHOTOS,
    champion,
    champions,
    promote,
    promotions,
    registry_problem,
    rollback,
    rolled_back,
    seats,
)
from segcore.runs.run import (
    CLASS_IOU,
    HISTORY,
    HISTORY_COLUMNS,
    MANIFEST,
    PENDING,
    Run,
    class_iou_columns,
    get_run,
    now,
)
from segcore.runs.verified_files import verified_file, verified_weights

__all__ = [
    "CLASS_IOU",
    "HISTORY",
    "HISTORY_COLUMNS",
    "MANIFEST",
    "PENDING",
    "PHOTOS",
    "Run",
    "Unreadable",
    "champion",
    "champions",
    "class_iou_columns",
    "get_run",
    "identities",
    "identity_of",
    "list_runs",
    "now",
    "promote",
    "promotions",
    "registry_problem",
    "rollback",
    "rolled_back",
    "seats",
    "unreadable_runs",
    "verified_file",
    "verified_weights",
]
