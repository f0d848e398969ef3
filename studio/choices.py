"""What there is to choose from: data sets by their name, the runs that fit one, the defaults."""

from collections.abc import Callable

from segcore.errors import DataError
from segcore.labels import CITYSCAPES, ClassMap, LabelSpace
from segcore.labels.class_map import between, common
from segcore.models import family_of, model_families
from segcore.presentation.sides import Pair, Side, pair_of
from segcore.recipes import STORY
from segcore.runs import PHOTOS, Run
from segcore.runs.data import UNREAD
from segcore.runs.data_sets import DataSet, name_among
from segcore.runs.lineage import stage_identity
from segcore.runs.manifest import Ancestor
from studio import cache, identities, wording

SPLIT = "val"
"""The split whose images are compared and scored."""


def data_sets() -> dict[str, DataSet]:
    """Name in the address -> data set. Those that were not read yet are read from now on."""
    found: dict[str, DataSet] = {}
    for data_set in identities.read(cache.data_sets()):
        slug, number = data_set.slug, 1
        while slug in found:
            number += 1
            slug = f"{data_set.slug}-{number}"
        found[slug] = data_set
    return found


def namer() -> Callable[[Run], str]:
    """Run -> the name of the data set that it was trained on."""
    sets, known = cache.data_sets(), cache.identities()
    return lambda run: name_among(sets, run.spec, known.get(run.name))


def name_at(spec: str) -> str:
    """The name of the data set at a spec."""
    return name_among(cache.data_sets(), spec)


def earlier_trainings(run: Run) -> str:
    """What the run's weights had learnt before its own training; empty if nothing."""
    sets = cache.data_sets()

    def name(stage: Ancestor) -> str:
        spec = stage.dataset if stage.data is None else stage.data.spec
        # Early runs did not record what their data was: at the run's own place it is the run's.
        here = cache.identities().get(run.name) if spec == run.spec else None
        return name_among(sets, spec, stage_identity(stage) or here)

    return wording.earlier_trainings(run, name)


def trained_on(data: DataSet) -> list[Run]:
    """The runs that were trained on this data set, as far as that is known; newest first."""
    known = cache.identities()

    def is_of(run: Run) -> bool:
        identity = known.get(run.name, UNREAD)
        unread = identity.startswith(UNREAD) or data.identity is None
        return identity == data.identity or (unread and run.spec == data.spec)

    return [run for run in cache.list_runs() if is_of(run)]


def space_of(data: DataSet) -> LabelSpace:
    """What the data set's labels are; of one that is not on this machine, by its runs."""
    try:
        return cache.label_space(data.spec)
    except DataError:
        return next((run.label_space for run in trained_on(data)), CITYSCAPES)


def comparable_runs(data: DataSet) -> dict[str, Run]:
    """Name -> run that tells the data set's classes apart, and can be scored on its images.

    Champions first, then those of the data set, newest first.
    """
    champions = list(cache.champions(data.identity).values())
    trained = [run for run in cache.list_runs() if run.has_network]
    own = [run for run in trained_on(data) if run.has_network or run.manifest.split == SPLIT]
    space = space_of(data)
    labels = ClassMap.same(space)

    def tells_apart(run: Run) -> bool:
        is_same = run.label_space.has_classes_of(space)
        return is_same or between(labels, run.class_map) is not None

    found = {run.name: run for run in (*champions, *own, *trained)}
    return {name: run for name, run in found.items() if tells_apart(run)}


def champion_names() -> set[str]:
    """Names of the runs that are champions of any data that a run was trained on."""
    data = set(cache.identities().values())
    return {run.name for one in data for run in cache.champions(one).values()}


def default_runs(data: DataSet) -> tuple[str | None, str | None]:
    """The champions of the two model families; where one has none, its newest run, or any other."""
    champions = cache.champions(data.identity)
    comparable = comparable_runs(data)
    trained = [run for run in trained_on(data) if run.name in comparable]
    # Those of merged classes are shown on request, or where there are no others.
    trained.sort(key=lambda run: not run.class_map.is_same)
    added = [run for run in comparable.values() if run.kind == "onnx"]  # on nobody knows what
    chosen: list[str] = []
    for family in model_families():
        of_family = [run for run in trained if family_of(run.model) == family]
        serving = [champions[family]] if family in champions else []
        usable = [run for run in serving if run.name in comparable]
        candidates = usable or [*of_family, *trained, *added]
        chosen += [run.name for run in candidates if run.name not in chosen][:1]
    return (*chosen, None, None)[0], (*chosen, None, None)[1]


def story_runs(data: DataSet) -> list[str]:
    """The newest run of each recipe that shows learning from the start; empty unless there are two.

    They had the same data and the same budget, one with random weights, one with ImageNet's.
    """
    newest: dict[str, str] = {}
    for run in trained_on(data):
        if run.recipe in STORY and run.status == "finished":
            newest.setdefault(run.recipe, run.name)
    return [newest[name] for name in STORY] if len(newest) == len(STORY) else []


def photo_pair(space: LabelSpace) -> Pair[Side] | None:
    """Who labels visitors' photos, as an admin said.

    None where fewer than two do, or not by these classes: whoever looks at data with others is
    shown those of the sidebar.
    """
    serving = cache.champions(PHOTOS)
    if len(serving) < 2:
        return None
    a, b = list(serving.values())[:2]
    if common(a.class_map, b.class_map) is None or not a.label_space.has_classes_of(space):
        return None
    return pair_of(a, b)
