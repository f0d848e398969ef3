"""A data set in the classes that a run tells apart, which may be fewer than the data's."""

from dataclasses import dataclass

from segcore.data.sources import Source
from segcore.errors import DataError
from segcore.labels import ClassMap, LabelSpace
from segcore.labels.class_map import between, common
from segcore.labels.merges import Merges
from segcore.runs.run import Run


@dataclass(frozen=True)
class SeenData:
    """Attributes:
    classes: from the labels of the data's masks to those that predictions are scored by.
    merges: which of those classes the data knows only together.
    """

    classes: ClassMap
    merges: Merges | None

    @property
    def space(self) -> LabelSpace:
        """What is scored."""
        return self.classes.target

    @property
    def policy(self) -> str:
        """Names the classes that are scored."""
        return policy_of(self.space, self.merges)


def policy_of(space: LabelSpace, merges: Merges | None) -> str:
    """Names the classes that a data set is scored by."""
    return space.policy if merges is None else merges.policy


def seen_by(run: Run, source: Source) -> SeenData:
    """The data in the run's classes. Raises DataError where they are no such classes."""
    ours, theirs = run.label_space, source.label_space
    classes = between(ClassMap.same(theirs), run.class_map)
    if classes is None:
        raise DataError(
            f"{run.name} tells the {len(ours.labels)} classes of {ours.name} apart, the masks of "
            f"{source.spec} hold those of {theirs.name}; choose data with the run's classes, or "
            "train a run on this data"
        )
    if classes.is_same:
        classes = ClassMap.same(theirs)  # in the data's own colours
    return SeenData(classes, classes.merges(source.merges))


def compared_by(space: LabelSpace, run: Run, *others: Run) -> ClassMap | None:
    """From the labels of a data set to the classes that a run is scored or two are compared by.

    Of two these are the coarser run's; None where neither run's classes map onto the other's.
    """
    of_data = between(ClassMap.same(space), run.class_map)
    maps = common(run.class_map, *(other.class_map for other in others))
    if of_data is None or maps is None:
        return None
    found = of_data.then(maps[0])
    return ClassMap.same(space) if found.is_same else found
