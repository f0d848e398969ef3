"""Why a sample of a data set cannot be used."""

from enum import StrEnum

from segcore.errors import DataError


class Problem(StrEnum):
    """Why a sample cannot be used."""

    NO_MASK = "image without mask"
    NO_IMAGE = "mask without image"
    UNREADABLE = "unreadable file"
    NO_CLASSES = "mask that shows no classes"
    UNKNOWN_IDS = "unknown ids"
    SIZE_MISMATCH = "sizes that do not match"


class SampleError(DataError):
    """One sample that cannot be used; `problem` sorts it into the health report."""

    def __init__(self, problem: Problem, message: str) -> None:
        super().__init__(problem, message)
        self.problem = problem
        self.message = message

    def __str__(self) -> str:
        return self.message
