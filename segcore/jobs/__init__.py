"""The queue of retrains, which any number of processes may use at once.

Here is the side of the people who ask for work; `leases` is that of the workers who do it.
Changing the queue takes a pass (`admission`); reading it takes none.
"""

from segcore.jobs.queue import (
    ACTIVE,
    ENDED,
    Job,
    JobError,
    State,
    cancel,
    count_ended,
    delete,
    enqueue,
    from_row,
    get_job,
    list_jobs,
    prioritize,
    retry,
    runs_in_use,
    runs_of_jobs,
    unfinished_jobs,
)

__all__ = [
    "ACTIVE",
    "ENDED",
    "Job",
    "JobError",
    "State",
    "cancel",
    "count_ended",
    "delete",
    "enqueue",
    "from_row",
    "get_job",
    "list_jobs",
    "prioritize",
    "retry",
    "runs_in_use",
    "runs_of_jobs",
    "unfinished_jobs",
]
