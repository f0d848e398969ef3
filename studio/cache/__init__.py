"""The only caches of the dashboard: each is bounded, and keyed by all that its value depends on.

Values of `cache_resource` are shared between visitors: nobody may change them.
"""

from studio.cache.data import (
    counted,
    data_sets,
    fingerprint,
    first_look,
    label_space,
    masked_splits,
    prepared,
    sample,
    samples,
    splits,
    thumbnail,
)
from studio.cache.drawn import drawn
from studio.cache.evaluations import (
    compared_evaluations,
    comparison,
    cost,
    digest_of,
    generalization,
    robustness,
    stored_evaluation,
)
from studio.cache.labelled import agreements, mistake_thumbnail, suspect_thumbnail
from studio.cache.networks import (
    digest,
    given,
    label,
    predict,
    predict_private,
    predictor,
    warm_up,
)
from studio.cache.sources import look_again, source, source_now
from studio.cache.trained import (
    champions,
    class_iou,
    history,
    history_version,
    identities,
    list_runs,
    look_for_runs,
    unreadable_histories,
    unreadable_runs,
)
from studio.cache.visits import keep, kept, open_private

__all__ = [
    "agreements",
    "champions",
    "class_iou",
    "compared_evaluations",
    "comparison",
    "cost",
    "counted",
    "data_sets",
    "digest",
    "digest_of",
    "drawn",
    "fingerprint",
    "first_look",
    "generalization",
    "given",
    "history",
    "history_version",
    "identities",
    "keep",
    "kept",
    "label",
    "label_space",
    "list_runs",
    "look_again",
    "look_for_runs",
    "masked_splits",
    "mistake_thumbnail",
    "open_private",
    "predict",
    "predict_private",
    "predictor",
    "prepared",
    "robustness",
    "sample",
    "samples",
    "source",
    "source_now",
    "splits",
    "stored_evaluation",
    "suspect_thumbnail",
    "thumbnail",
    "unreadable_histories",
    "unreadable_runs",
    "warm_up",
]
