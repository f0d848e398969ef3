"""Cityscapes in its official layout (Cordts et al., CVPR 2016), fine annotations.

Images and masks come in two archives. Either both are unpacked into one folder, or each into a
folder of its own beside the other.
"""

from pathlib import Path

from segcore.data.sources.base import FolderSource, visible_files
from segcore.data.sources.mask_files import MaskCoding
from segcore.images.resizing import Size
from segcore.labels import CITYSCAPES, NO_LABEL

IMAGES, MASKS = "leftImg8bit", "gtFine"
IMAGE_SUFFIX = "_leftImg8bit"
TRAIN_IDS_SUFFIX = "_gtFine_labelTrainIds"
CODINGS = {
    # The later one counts where a frame has both: it tells the void classes apart.
    TRAIN_IDS_SUFFIX: MaskCoding(dict(enumerate(CITYSCAPES.evaluated_ids)) | {NO_LABEL: NO_LABEL}),
    "_gtFine_labelIds": MaskCoding(
        {id_: id_ for id_ in (*range(CITYSCAPES.num_classes), NO_LABEL)}
    ),
}
"""How a mask file's name ends -> what its values mean."""

REGIONS = frozenset(range(7))
"""As train ids road to traffic light; as label ids unlabeled, ego vehicle and other regions that
are not scored, and that come with ids of 19 and more: vegetation, sky, person, car."""

FEW = 3


class CityscapesSource(FolderSource):
    name = "cityscapes"
    layout = (
        "DIR/leftImg8bit/SPLIT/CITY/*_leftImg8bit.png with "
        "DIR/gtFine/SPLIT/CITY/*_gtFine_labelIds.png"
    )
    default_size: Size = (512, 1024)
    classes = tuple(range(CITYSCAPES.num_classes))

    @classmethod
    def recognises(cls, directory: Path) -> bool:
        images, masks = _holder_of(IMAGES, directory), _holder_of(MASKS, directory)
        if images == directory:
            return True
        # A folder inside that holds both is the data set, not this one.
        return images is not None and masks is not None and images != masks

    def sequence(self, key: str, path: Path) -> str:
        return path.parent.name

    def files(self, split: str) -> tuple[dict[str, Path], dict[str, Path]]:
        images = self._files(IMAGES, split, IMAGE_SUFFIX)
        if split == "test":  # its masks are dummies that say "void" everywhere
            return images, {}
        masks: dict[str, Path] = {}
        for suffix in CODINGS:
            masks |= self._files(MASKS, split, suffix)
        return images, masks

    def coding_of(self, mask: Path) -> MaskCoding:
        return next(coding for suffix, coding in CODINGS.items() if mask.stem.endswith(suffix))

    def other_classes(self, present: set[int]) -> str | None:
        masks = [item.mask for split in self.splits for item in self.items(split) if item.mask]
        if any(TRAIN_IDS_SUFFIX in mask.stem for mask in masks):
            return None
        if (
            max(present, default=0) < len(CITYSCAPES.evaluated_ids)
            and len(present & REGIONS) >= FEW
        ):
            return (
                "The masks are named labelIds and hold no id above 18, as train ids do, where 0 is "
                "road and not unlabeled: if they are train ids, rename them to *_gtFine_"
                "labelTrainIds.png."
            )
        return super().other_classes(present)

    def _files(self, folder: str, split: str, suffix: str) -> dict[str, Path]:
        """CITY_SEQUENCE_FRAME -> file, over all cities of a split."""
        holder = _holder_of(folder, self.directory)
        if holder is None or not (holder / folder / split).is_dir():
            return {}
        return {
            path.stem.removesuffix(suffix): path
            for city in sorted((holder / folder / split).iterdir())
            for path in visible_files(city, ".png")
            if path.stem.endswith(suffix)
        }


def _holder_of(folder: str, directory: Path) -> Path | None:
    """The directory, or the only folder in it, that holds a folder of that name."""
    if (directory / folder).is_dir():
        return directory
    found = [child for child in sorted(directory.iterdir()) if (child / folder).is_dir()]
    return found[0] if len(found) == 1 else None
