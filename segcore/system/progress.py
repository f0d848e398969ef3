"""Progress callbacks: long work calls the function that its caller passed."""

from collections.abc import Callable

import msgspec

from segcore.files.reading import Count, Plain

Progress = Callable[[int, int], None]
"""Called with (steps done, steps in all); what a step is depends on the work."""

NamedProgress = Callable[[str, int, int], None]
"""Called with what is being done, its steps done, and its steps in all."""


class StepProgress(msgspec.Struct, frozen=True):
    """What a process writes for who follows it (`segcore.cli.progress_bar`)."""

    done: Count
    total: Count
    label: Plain = Plain()
