"""The parameters of a recipe as a person edits them: name, range, and a sentence on each.

The one table behind the form of the admin page and behind the check of every recipe that comes from
outside (`segcore.recipes.checks`). The options of a network come from its `ModelSpec`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from segcore.models import spec_of
from segcore.models.options import Option
from segcore.recipes import BACKBONE_WEIGHTS, Augmentation, Recipe

Kind = Literal["whole", "number", "switch", "choice", "size", "range"]

LOSSES = ("cross_entropy", "focal", "dice", "lovasz")


class Group(StrEnum):
    SCHEDULE = "Length and learning rate"
    INPUT = "Pictures"
    AUGMENTATION = "Augmentation"
    LOSS = "Loss"
    NETWORK = "Network"


@dataclass(frozen=True)
class Field:
    """One parameter.

    Attributes:
        path: where it is in the recipe: `epochs`, `augmentation.flip`, `model_options.width`.
        kind: whole and number lie in `low` to `high`; size is (H, W), range (low, high), both of
            whose parts lie there.
        optional: whether None is a value too, and what it stands for.
        default: of an option, what it is where the recipe does not name it.
    """

    path: str
    label: str
    group: Group
    sentence: str
    kind: Kind
    low: float = 0
    high: float = 1
    choices: tuple[Any, ...] = ()
    optional: str | None = None
    default: Any = None

    @property
    def range(self) -> str:
        """What it may be, in words."""
        if self.kind == "switch":
            return "on or off"
        if self.kind == "choice":
            return "one of " + ", ".join(map(str, self.choices))
        words = f"{self.low:g} to {self.high:g}"
        if self.kind == "size":
            words += " pixels a side, multiples of 32"
        return f"{words}, or {self.optional}" if self.optional else words

    def accepts(self, value: Any) -> bool:
        """Whether it may be that value."""
        if value is None:
            return self.optional is not None
        match self.kind:
            case "switch":
                return isinstance(value, bool)
            case "choice":
                # A backbone's weights may be a file too, from the command line.
                is_file = self.path == "backbone_weights" and str(value).endswith(".h5")
                return value in self.choices or is_file
            case "whole":
                return isinstance(value, int) and self._holds(value)
            case "number":
                return self._holds(value)
            case "size":
                return self._holds_both(value) and all(side % 32 == 0 for side in value)
            case "range":
                return self._holds_both(value) and value[0] <= value[1]

    def _holds(self, value: Any) -> bool:
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return is_number and self.low <= value <= self.high  # which NaN is not

    def _holds_both(self, value: Any) -> bool:
        is_pair = isinstance(value, (tuple, list)) and len(value) == 2
        return is_pair and all(map(self._holds, value))


FIELDS = (
    Field(
        "epochs", "Epochs", Group.SCHEDULE,
        "Passes over the training images; the best one is kept.", "whole", 1, 1000,
    ),
    Field(
        "batch_size", "Batch size", Group.SCHEDULE,
        "Images in a step; more need more memory and make steadier steps.", "whole", 1, 512,
    ),
    Field(
        "steps_per_epoch", "Steps per epoch", Group.SCHEDULE,
        "Batches between two validations.", "whole", 1, 100_000,
        optional="one pass over the images",
    ),
    Field(
        "optimizer", "Optimizer", Group.SCHEDULE,
        "How gradients become steps; adamw is adam with weight decay.", "choice",
        choices=("adam", "adamw", "sgd"),
    ),
    Field(
        "learning_rate", "Learning rate", Group.SCHEDULE,
        "Size of a step; too high and the loss jumps, too low and nothing is learnt.",
        "number", 1e-6, 1.0,
    ),
    Field(
        "schedule", "Schedule", Group.SCHEDULE,
        "Cosine lowers the learning rate to zero at the last step, which ends a training better.",
        "choice", choices=("constant", "cosine"),
    ),
    Field(
        "warmup", "Warm-up", Group.SCHEDULE,
        "Share of all steps over which a cosine schedule first rises.", "number", 0, 0.5,
    ),
    Field(
        "momentum", "Momentum", Group.SCHEDULE,
        "How long sgd keeps its direction; other optimizers have their own.", "number", 0, 0.999,
    ),
    Field(
        "weight_decay", "Weight decay", Group.SCHEDULE,
        "How strongly adamw pulls weights to zero, against overfitting.", "number", 0, 1,
    ),
    Field(
        "ema", "Moving average", Group.SCHEDULE,
        "Momentum of the average of weights that is evaluated; it smooths the last steps.",
        "number", 0.5, 0.99999, optional="off",
    ),
    Field(
        "seed", "Seed", Group.SCHEDULE,
        "The same seed draws the same first weights and the same augmentation.",
        "whole", 0, 2**31 - 1,
    ),
    Field(
        "size", "Size", Group.INPUT,
        "Height and width that whole images are stretched to; with a crop they keep their "
        "proportions and have that area.", "size", 32, 4096,
        optional="the data set's own proportions",
    ),
    Field(
        "input_scale", "Scale", Group.INPUT,
        "Without a fixed size, the share of the data set's default size that is used.",
        "number", 0.1, 2,
    ),
    Field(
        "crop", "Crop", Group.INPUT,
        "Height and width of the window cut from each image at random.", "size", 32, 2048,
        optional="whole images",
    ),
    Field(
        "augmentation.flip", "Mirror", Group.AUGMENTATION,
        "Mirrors left and right, half of the time.", "switch",
    ),
    Field(
        "augmentation.rotation", "Rotation", Group.AUGMENTATION,
        "Largest angle either way, in degrees.", "number", 0, 45,
    ),
    Field(
        "augmentation.scale", "Zoom", Group.AUGMENTATION,
        "Smallest and largest zoom, drawn before a crop is cut.", "range", 0.25, 4,
        optional="off",
    ),
    Field(
        "augmentation.aspect", "Aspect", Group.AUGMENTATION,
        "Largest relative change of width against height.", "number", 0, 0.5,
    ),
    Field(
        "augmentation.brightness", "Brightness", Group.AUGMENTATION,
        "Largest change either way; 0.2 is from 80 to 120 %.", "number", 0, 0.9,
    ),
    Field(
        "augmentation.contrast", "Contrast", Group.AUGMENTATION,
        "Largest change either way.", "number", 0, 0.9,
    ),
    Field(
        "augmentation.saturation", "Saturation", Group.AUGMENTATION,
        "Largest change either way.", "number", 0, 0.9,
    ),
    Field(
        "augmentation.hue", "Hue", Group.AUGMENTATION,
        "Largest turn either way, as a share of the colour circle.", "number", 0, 0.5,
    ),
    Field(
        "augmentation.blur", "Blur", Group.AUGMENTATION,
        "Largest radius of a Gaussian blur in pixels, half of the time.", "number", 0, 10,
    ),
    Field(
        "augmentation.noise", "Noise", Group.AUGMENTATION,
        "Largest standard deviation of Gaussian noise, in grey levels.", "number", 0, 64,
    ),
    Field(
        "augmentation.cast", "Colour cast", Group.AUGMENTATION,
        "Largest gain of a colour channel against the others.", "number", 0, 1,
    ),
    Field(
        "augmentation.gamma", "Tone curve", Group.AUGMENTATION,
        "Largest change of gamma; 0.5 is from 0.6 to 1.6.", "number", 0, 2,
    ),
    Field(
        "augmentation.shade", "Shade", Group.AUGMENTATION,
        "How much darker or brighter one side, or the rim, of an image gets.", "number", 0, 0.9,
    ),
    Field(
        "augmentation.jpeg", "JPEG", Group.AUGMENTATION,
        "Lowest quality of a JPEG compression, half of the time.", "whole", 5, 95,
        optional="off",
    ),
    Field(
        "augmentation.grey", "Black and white", Group.AUGMENTATION,
        "Chance of an image without colour.", "number", 0, 1,
    ),
    Field(
        "loss", "Loss", Group.LOSS,
        "What is made small: cross-entropy for pixels, dice and lovasz for overlap.", "choice",
        choices=(*LOSSES, *(f"cross_entropy+{name}" for name in LOSSES[2:])),
    ),
    Field(
        "loss_options.label_smoothing", "Label smoothing", Group.LOSS,
        "Share of the target spread over all classes, with a cross-entropy.", "number", 0, 0.5,
        optional="off",
    ),
    Field(
        "balance", "Class balance", Group.LOSS,
        "How much more rare classes weigh: 0 not at all, 1 by inverse frequency.", "number", 0, 1,
    ),
    Field(
        "logit_adjustment", "Logit adjustment", Group.LOSS,
        "How much of the class balance is undone in predictions; at most the class balance itself.",
        "number", 0, 1,
    ),
    Field(
        "ignore_void", "Leave out void", Group.LOSS,
        "Leaves pixels without a class, such as borders, out of the loss.", "switch",
    ),
    Field(
        "aux_weight", "Auxiliary heads", Group.LOSS,
        "Share of each auxiliary head's loss that is added.", "number", 0, 1,
    ),
    Field(
        "backbone_weights", "Backbone weights", Group.NETWORK,
        "Random, or ImageNet's: packaged for EfficientNet-Lite2, downloaded by Keras for B3.",
        "choice", choices=BACKBONE_WEIGHTS,
    ),
)  # fmt: skip


def fields_of(model: str) -> list[Field]:
    """The fields that a network has.

    Raises:
        RecipeError: there is no such network.
    """
    spec = spec_of(model)
    has = {"aux_weight": spec.has_auxiliary_heads, "backbone_weights": bool(spec.backbones)}
    common = [field for field in FIELDS if has.get(field.path, True)]
    return [*common, *map(_field, spec.options)]


def _field(option: Option) -> Field:
    values = {**vars(option)}
    return Field(f"model_options.{values.pop('name')}", group=Group.NETWORK, **values)


def value_of(recipe: Recipe, field: Field) -> Any:
    """The field's value in the recipe; None where it is off."""
    outer, _, inner = field.path.rpartition(".")
    if not outer:
        return getattr(recipe, inner)
    holder = getattr(recipe, outer)
    if isinstance(holder, Augmentation):
        return getattr(holder, inner)
    return holder.get(inner, field.default)
