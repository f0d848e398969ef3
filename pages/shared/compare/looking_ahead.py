"""The picture that Next will show, labelled while the visitor looks at this one."""

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor

from pages.shared import cache, state
from segcore.errors import SegcoreError
from segcore.inference import Views
from segcore.runs import Run

_worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="look-ahead")
_free = threading.Semaphore()


def look_ahead(runs: tuple[Run, Run], spec: str, key: str, views: Views) -> None:
    """Has both runs label a validation picture, unless that is being done for another visitor."""
    if _free.acquire(blocking=False):
        _worker.submit(_label, runs, spec, key, views).add_done_callback(_done)


def _label(runs: tuple[Run, Run], spec: str, key: str, views: Views) -> None:
    try:
        image = cache.sample(spec, state.SPLIT, key).image
        for run in runs:
            cache.predict(run, image, views)
    except SegcoreError:
        return  # whoever comes to that picture is told


def _done(labelled: Future[None]) -> None:
    _free.release()
    error = labelled.exception()
    if error is not None:
        logging.getLogger(__name__).error("looking ahead failed", exc_info=error)
