"""CamVid in the layout of the SegNet tutorial: 480x360, eleven classes and unlabelled.

Brostow, Fauqueur, Cipolla, "Semantic object classes in video", Pattern Recognition Letters 2009;
this version: Badrinarayanan, Kendall, Cipolla, "SegNet", PAMI 2017.
"""

from pathlib import Path

from segcore.data.sources.base import SPLITS, FolderSource, visible_files
from segcore.data.sources.mask_files import MaskCoding
from segcore.images.resizing import Size
from segcore.labels import IDS
from segcore.labels.merges import Merges

CAMVID_CLASSES = (
    ("sky", "sky", (128, 128, 128)),
    ("building", "building", (128, 0, 0)),
    ("pole", "pole", (192, 192, 128)),
    ("road", "road", (128, 64, 128)),
    ("pavement", "sidewalk", (60, 40, 222)),
    ("tree", "vegetation", (128, 128, 0)),
    ("sign", "traffic sign", (192, 128, 128)),
    ("fence", "fence", (64, 64, 128)),
    ("car", "car", (64, 0, 128)),
    ("pedestrian", "person", (64, 64, 0)),
    ("bicyclist", "rider", (0, 128, 192)),
    ("unlabelled", "unlabeled", (0, 0, 0)),
)
"""CamVid's name, by its id, the Cityscapes name it is mapped to, and the colour that SegNet's
authors gave it."""


CODING = MaskCoding(
    {id_: IDS[ours] for id_, (_, ours, _) in enumerate(CAMVID_CLASSES)},
    {id_: color for id_, (_, _, color) in enumerate(CAMVID_CLASSES)},
)

CAMVID_MERGES = Merges(
    policy="camvid-11",
    members={
        IDS[ours]: tuple(IDS[name] for name in (ours, *others))
        for ours, others in {
            "sky": (),
            "building": ("wall", "bridge", "tunnel"),
            "pole": ("polegroup",),
            "road": (),
            "sidewalk": ("parking",),
            "vegetation": ("terrain",),
            "traffic sign": ("traffic light",),
            "fence": ("guard rail",),
            "car": ("truck", "bus", "train", "caravan", "trailer"),
            "person": (),
            "rider": ("bicycle", "motorcycle"),
        }.items()
    },
)
"""CamVid's 32 classes as SegNet's authors merged them to 11. Grass is vegetation: the masks say
tree on verges and lawns."""


class CamvidSource(FolderSource):
    name = "camvid"
    layout = "DIR/SPLIT/*.png with DIR/SPLITannot/*.png for train, val and perhaps test"
    default_size: Size = (360, 480)
    classes = tuple(IDS[ours] for _, ours, _ in CAMVID_CLASSES)
    merges = CAMVID_MERGES

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

    def coding_of(self, mask: Path) -> MaskCoding:
        return CODING
