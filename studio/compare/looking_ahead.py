"""The image that Next will show, labelled while the visitor looks at this one."""

import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from streamlit.runtime.scriptrunner import get_script_run_ctx

from segcore.errors import SegcoreError
from segcore.prediction.inference import Views
from segcore.runs import Run
from studio import cache

ALONE_SECONDS = 10.0
"""A visitor is alone when no other has compared for so long: the networks are there for those."""

_worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="look-ahead")
_free = threading.Semaphore()
_visits: dict[str, float] = {}
"""Visit -> when it last compared, for those of the last `ALONE_SECONDS`."""


def look_ahead(runs: Sequence[Run], spec: str, split: str, key: str, views: Views) -> None:
    """Has the runs label an image of a split, where nobody else needs the networks."""
    if _is_alone() and _free.acquire(blocking=False):
        _worker.submit(_label, runs, spec, split, key, views).add_done_callback(_done)


def _is_alone() -> bool:
    context, now = get_script_run_ctx(), time.monotonic()
    visit = "" if context is None else context.session_id
    _visits[visit] = now
    for other, last in list(_visits.items()):
        if now - last > ALONE_SECONDS:
            _visits.pop(other, None)
    return set(_visits) == {visit}


def _label(runs: Sequence[Run], spec: str, split: str, key: str, views: Views) -> None:
    try:
        image = cache.sample(spec, split, key).image
        for run in runs:
            if run.has_network:
                cache.predict(run, image, views)
    except SegcoreError:
        return  # said when that image is opened


def _done(labelled: Future[None]) -> None:
    _free.release()
    error = labelled.exception()
    if error is not None:
        logging.getLogger(__name__).error("looking ahead failed", exc_info=error)
