"""Cityscapes in its official layout (Cordts et al., CVPR 2016), fine annotations."""

from pathlib import Path

from segcore.sources.base import LABEL_IDS, FolderSource, Size, visible_files

IMAGE_SUFFIX = "_leftImg8bit"
MASK_SUFFIX = "_gtFine_labelIds"


class CityscapesSource(FolderSource):
    name = "cityscapes"
    layout = (
        "DIR/leftImg8bit/SPLIT/CITY/*_leftImg8bit.png with "
        "DIR/gtFine/SPLIT/CITY/*_gtFine_labelIds.png"
    )
    default_size: Size = (512, 1024)
    id_of = LABEL_IDS

    @classmethod
    def recognises(cls, directory: Path) -> bool:
        return (directory / "leftImg8bit").is_dir()

    def sequence(self, key: str, path: Path) -> str:
        return path.parent.name

    def files(self, split: str) -> tuple[dict[str, Path], dict[str, Path]]:
        images = _files_by_key(self.directory / "leftImg8bit" / split, IMAGE_SUFFIX)
        if split == "test":  # its masks are dummies that say "void" everywhere
            return images, {}
        return images, _files_by_key(self.directory / "gtFine" / split, MASK_SUFFIX)


def _files_by_key(split_directory: Path, suffix: str) -> dict[str, Path]:
    """CITY_SEQUENCE_FRAME -> file, over all cities of a split."""
    if not split_directory.is_dir():
        return {}
    return {
        path.stem.removesuffix(suffix): path
        for city in sorted(split_directory.iterdir())
        for path in visible_files(city, ".png")
        if path.stem.endswith(suffix)
    }
