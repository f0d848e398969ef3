"""What run.json must say; the file is untrusted.

What the schema does not name is kept, and copied when a run is copied or continued, so
that a later version loses nothing.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from segcore.errors import UnreadableError
from segcore.errors.plain import plain
from segcore.files.reading import (
    Amount,
    Count,
    Moment,
    Number,
    Plain,
    Positive,
    Spec,
    Text,
    Word,
    is_word,
    plain_values,
    typed,
)
from segcore.labels import CITYSCAPES, ClassMap, LabelSpace
from segcore.labels.space import Id
from segcore.runs.kinds import Kind

FORMAT = 1
"""Version of run.json's format; a file without one has the first."""

MAX_PIXELS = 1 << 21
"""Most pixels of a network's input: 2048x1024, as Cityscapes has. A prediction takes 2 GB there."""

LONGEST_SIDE = 4096
Side = Annotated[int, msgspec.Meta(ge=8, le=LONGEST_SIDE)]
Size = tuple[Side, Side]
Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class StoredFile(msgspec.Struct, frozen=True):
    """A file of the run as it was when its epoch was committed."""

    sha256: Sha256
    bytes: Count


class Best(msgspec.Struct, frozen=True):
    epoch: Positive
    mean_iou: Number


class JoinedData(msgspec.Struct, frozen=True):
    """Data that was trained on beside the run's own."""

    spec: Spec
    dataset: Word
    fingerprint: str = ""
    digests: dict[str, Word] = {}


class TrainedOn(msgspec.Struct, frozen=True):
    """Attributes:
    dataset: its short name.
    spec: where it was, as the training was given it.
    size: (H, W) of the images.
    joined: what was trained on with it.
    left_out: films or cities of it that were not.
    digests: of each split, as `segcore.data.preparation.digests` has them.
    """

    dataset: Word
    spec: Spec
    fingerprint: str = ""
    size: Size | None = None
    joined: list[JoinedData] = []
    left_out: list[str] = []
    digests: dict[str, Word] = {}


class StoredPreprocessing(msgspec.Struct, frozen=True):
    """See `segcore.prediction.inference.Preprocessing`."""

    mode: Literal["stretch", "fit"]
    size: Size
    multiple: Annotated[int, msgspec.Meta(ge=1, le=256)]

    def __post_init__(self) -> None:
        height, width = self.size
        if height * width > MAX_PIXELS:
            raise ValueError(f"Expected at most {MAX_PIXELS:,} pixels, got {width}x{height}")


Layout = Literal["nchw", "nhwc"]
Colors = tuple[Number, Number, Number]


class OnnxNetwork(msgspec.Struct, frozen=True):
    """How a network from elsewhere is fed, and what its output is.

    Attributes:
        layout: of its input.
        mean, std: it sees (pixel - mean) / std of RGB pixels from 0 to 255.
        output_place: which of its outputs is taken.
        output: what its numbers are.
        output_layout: of them, where there is a channel for each class.
        channels: the label id of each channel, or of each number where it gives labels.
    """

    layout: Layout
    mean: Colors = (0.0, 0.0, 0.0)
    std: Colors = (1.0, 1.0, 1.0)
    output_place: Count = 0
    output: Literal["logits", "probabilities", "labels"] = "logits"
    output_layout: Layout = "nchw"
    channels: list[Id] = []

    def __post_init__(self) -> None:
        if min(self.std) <= 0:
            raise ValueError("Expected a std above 0")


class StageData(msgspec.Struct, frozen=True):
    spec: Spec
    digests: dict[str, Word] = {}


class Ancestor(msgspec.Struct, frozen=True):
    """A training that the run's weights come from.

    Attributes:
        sha256: of the weights that it kept.
        data: None where it was recorded before data had digests.
        start_from: the training before it.
        teacher: the training from whose predictions it learned as well.
    """

    run: Word
    dataset: Word
    epochs: Count
    seconds: Amount
    recipe: dict[str, Any]
    sha256: Sha256 | None = None
    data: StageData | None = None
    start_from: "Ancestor | None" = None
    teacher: "Ancestor | None" = None

    def __post_init__(self) -> None:
        name = self.recipe.get("name")
        if not isinstance(name, str) or plain(name) != name:
            raise ValueError("Expected a recipe with a plain name")

    @property
    def recipe_name(self) -> str:
        return str(self.recipe["name"])


class MergedFrom(msgspec.Struct, frozen=True):
    """Classes of the data that were merged into fewer for the training.

    Attributes:
        label_space: of the data.
        ids: of each of its ids, the id in the run's own label space, or 255 for none.
    """

    label_space: LabelSpace
    ids: tuple[Annotated[int, msgspec.Meta(ge=0, le=255)], ...]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Attributes:
    kind: what its predictions come from.
    split: that masks from elsewhere are of; None for a network.
    model: its family, such as "unet"; its kind where it was not trained here.
    model_options: of its builder; checked where the network is built.
    recipe: the recipe's fields as `segcore.recipes.from_dict` takes them; of a history from
        elsewhere its name alone.
    parameters: of the network; 0 where nobody knows.
    preprocessing: None where no network is there to feed.
    best: the epoch whose weights are kept; None before the first.
    weights: the files that an epoch committed, by name.
    device, on_gpu: what it was trained on, in words and whether that is a GPU.
    teacher: the run from whose predictions it learned as well.
    note: what its trainer adds to its card.
    label_space: what its network tells apart; None for Cityscapes' labels.
    merged_from: the classes of its data, where they are others.
    onnx: of a network from elsewhere, which has a preprocessing as well.
    is_imported: a history that another program logged; `notes` say how its log was read.
    """

    kind: Kind = "trained"
    split: Literal["train", "val", "test"] | None = None
    model: Word
    data: TrainedOn
    recipe: dict[str, Any]
    status: Literal["running", "finished", "failed", "stopped"]
    started: Moment
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 0
    parameters: Count = 0
    format: Positive = FORMAT
    model_options: dict[str, Any] = {}
    preprocessing: StoredPreprocessing | None = None
    epochs: Count = 0
    best: Best | None = None
    weights: dict[str, StoredFile] = {}
    start_from: Ancestor | None = None
    teacher: Ancestor | None = None
    reason: str | None = None
    note: str | None = None
    device: Plain | None = None
    on_gpu: bool | None = None
    commit: Plain | None = None
    versions: dict[str, Plain | None] = {}
    shipped: bool = False
    shipped_champion: list[Word] = []
    is_imported: bool = False
    notes: list[Text] = []
    label_space: LabelSpace | None = None
    merged_from: MergedFrom | None = None
    onnx: OnnxNetwork | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.recipe.get("name"), str):
            raise ValueError("Expected a recipe with a name")
        if (self.kind == "masks") != (self.split is not None):
            raise ValueError("Expected a split of masks, and of nothing else")
        if (self.kind == "onnx") != (self.onnx is not None):
            raise ValueError("Expected onnx of a network from elsewhere, and of nothing else")
        if self.onnx is not None:
            classes = (self.label_space or CITYSCAPES).num_classes
            if not self.onnx.channels or max(self.onnx.channels) >= classes:
                raise ValueError("Expected the label of each channel of onnx")
        for name in self.weights:
            if not is_word(name):
                raise ValueError("Expected names of files in weights")
        if self.merged_from is not None:
            _ = self.class_map  # raises ValueError

    @property
    def recipe_name(self) -> str:
        return str(self.recipe["name"])

    @property
    def class_map(self) -> ClassMap:
        """From the classes of its data to those that its network tells apart."""
        return class_map_of(self.label_space, self.merged_from)

    @property
    def trained_on_gpu(self) -> bool:
        if self.on_gpu is not None:
            return self.on_gpu
        return not str(self.device).startswith("CPU")  # of before it was recorded

    @property
    def teachers(self) -> list[Ancestor]:
        """Those of this training, then of the ones that its weights come from."""
        found, earlier = [self.teacher], self.start_from
        while earlier is not None:
            found.append(earlier.teacher)
            earlier = earlier.start_from
        return [teacher for teacher in found if teacher is not None]

    @property
    def logit_adjustment(self) -> float:
        """The recipe's logit adjustment; 0 for runs older than that field."""
        return float(self.recipe.get("logit_adjustment", 0.0))


def class_map_of(space: LabelSpace | None, merged: MergedFrom | None) -> ClassMap:
    """As `Manifest.class_map`."""
    learnt = space or CITYSCAPES
    if merged is None:
        return ClassMap.same(learnt)
    return ClassMap(merged.label_space, learnt, merged.ids)


def read_manifest(record: Any) -> tuple[Manifest, dict[str, Any]]:
    """A parsed run.json as a typed object, and as the record that is written on.

    Texts that are shown are `plain` in both; the record has what every run of today says.

    Raises:
        UnreadableError: it does not fit, or is of a newer version.
    """
    if isinstance(record, Mapping):
        version = record.get("format", FORMAT)
        if isinstance(version, int) and version > FORMAT:
            raise UnreadableError("was written by a newer version of this program")
    known = typed(record, Manifest)
    plain_values(known.recipe)  # its numbers are of a usual size
    recipe = {**known.recipe, "name": plain(known.recipe_name)}
    absent: dict[str, Any] = {"weights": {}, "best": None, "epochs": 0, "seed": 0, "parameters": 0}
    shown: dict[str, Any] = {"recipe": recipe}
    for name in ("device", "commit", "versions", "notes"):
        if name in record:
            shown[name] = getattr(known, name)
    return msgspec.structs.replace(known, recipe=recipe), {**absent, **record, **shown}
