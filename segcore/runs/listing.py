"""What lists, pickers and the registry ask of a run: kept in the index, so that no run.json of the
others has to be opened."""

import msgspec

from segcore.labels import ClassMap, LabelSpace
from segcore.runs.kinds import MAIN_FILE, Kind
from segcore.runs.manifest import Best, Manifest, MergedFrom, StoredFile, class_map_of


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """Attributes:
    spec: of the data that it was validated on; `joined` are those trained on with it.
    recipe: its name.
    is_taught: whether it learned from the predictions of another run as well.
    main_file: what its predictions come from; None before the first epoch.

    The others are as in `Manifest`.
    """

    kind: Kind
    model: str
    dataset: str
    spec: str
    joined: list[str]
    digests: dict[str, str]
    recipe: str
    status: str
    started: str
    epochs: int
    best: Best | None
    main_file: StoredFile | None
    shipped: bool
    shipped_champion: list[str]
    is_imported: bool
    is_taught: bool
    label_space: LabelSpace | None
    merged_from: MergedFrom | None

    @property
    def class_map(self) -> ClassMap:
        """From the classes of its data to those that its network tells apart."""
        return class_map_of(self.label_space, self.merged_from)


def listing_of(manifest: Manifest) -> Listing:
    """Its part of a manifest; texts as plain `str`, which msgspec writes."""
    data = manifest.data
    return Listing(
        kind=manifest.kind,
        model=str(manifest.model),
        dataset=str(data.dataset),
        spec=str(data.spec),
        joined=[str(other.spec) for other in data.joined],
        digests={split: str(digest) for split, digest in data.digests.items()},
        recipe=manifest.recipe_name,
        status=manifest.status,
        started=str(manifest.started),
        epochs=manifest.epochs,
        best=manifest.best,
        main_file=manifest.weights.get(MAIN_FILE[manifest.kind]),
        shipped=manifest.shipped,
        shipped_champion=list(map(str, manifest.shipped_champion)),
        is_imported=manifest.is_imported,
        is_taught=bool(manifest.teachers),
        label_space=manifest.label_space,
        merged_from=manifest.merged_from,
    )
