"""CamVid in the layout of the SegNet tutorial: 480x360, eleven classes and unlabelled.

Brostow, Fauqueur, Cipolla, "Semantic object classes in video", Pattern Recognition Letters 2009;
this version: Badrinarayanan, Kendall, Cipolla, "SegNet", PAMI 2017.
"""

from pathlib import Path

from segcore.labels import IDS
from segcore.sources.base import SPLITS, FolderSource, Size, id_table, visible_files

CAMVID_CLASSES = (
    ("sky", "sky"),
    ("building", "building"),
    ("pole", "pole"),
    ("road", "road"),
    ("pavement", "sidewalk"),
    ("tree", "vegetation"),
    ("sign", "traffic sign"),
    ("fence", "fence"),
    ("car", "car"),
    ("pedestrian", "person"),
    ("bicyclist", "rider"),
    ("unlabelled", "unlabeled"),
)
"""CamVid's name, by its id, and the Cityscapes name it is mapped to."""


class CamvidSource(FolderSource):
    name = "camvid"
    layout = "DIR/SPLIT/*.png with DIR/SPLITannot/*.png for train, val and perhaps test"
    default_size: Size = (360, 480)
    id_of = id_table({id_: IDS[ours] for id_, (_, ours) in enumerate(CAMVID_CLASSES)})

    @classmethod
    def recognises(cls, directory: Path) -> bool:
        return any(
            (directory / split).is_dir() and (directory / f"{split}annot").is_dir()
            for split in SPLITS
        )

    def sequence(self, key: str, path: Path) -> str:
        """The film a frame is from: the name up to the first underscore."""
        return key.split("_", 1)[0]

    def files(self, split: str) -> tuple[dict[str, Path], dict[str, Path]]:
        images = visible_files(self.directory / split, ".png")
        masks = visible_files(self.directory / f"{split}annot", ".png")
        return {path.stem: path for path in images}, {path.stem: path for path in masks}
