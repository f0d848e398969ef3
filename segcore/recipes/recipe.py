"""A training recipe: everything that decides how a training goes, in one frozen value."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from segcore.errors import RecipeError
from segcore.images.preprocessing import Mode
from segcore.images.resizing import Size

BACKBONE_WEIGHTS = ("none", "packaged", "imagenet")
"""What a recipe's backbone weights may be beside the path of a file."""


@dataclass(frozen=True)
class Augmentation:
    """What is drawn at random for each image of a training batch; zero or None is off.

    Attributes:
        flip: mirror left and right, half of the time.
        rotation: largest angle either way, in degrees.
        scale: range of the zoom, drawn log-uniformly, before a crop is cut.
        aspect: largest relative change of width against height.
        brightness, contrast, saturation: factors are drawn from 1 - value to 1 + value.
        hue: largest turn either way, as a share of the colour circle.
        blur: largest radius in pixels of a Gaussian blur, half of the time.
        noise: largest standard deviation of Gaussian noise, in grey levels.
        cast: largest gain or loss of a colour channel against the others, as a colour cast has it.
        gamma: largest change of the tone curve: exponents are drawn from exp(-value) to exp(value).
        shade: how much darker or brighter one side, or the rim, of an image gets.
        jpeg: lowest quality of a JPEG compression, half of the time.
        grey: chance of a black-and-white image.
    """

    flip: bool = False
    rotation: float = 0.0
    scale: tuple[float, float] | None = None
    aspect: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0
    blur: float = 0.0
    noise: float = 0.0
    cast: float = 0.0
    gamma: float = 0.0
    shade: float = 0.0
    jpeg: int | None = None
    grey: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """One way to train one model.

    Attributes:
        summary: one sentence for the person who chooses.
        expected: what it reached, where, and how long that took.
        size: (H, W) that whole images are stretched to; with a crop, of whose area they are,
            with their own proportions, as they are with None of that of the data set.
        input_scale: without a `size`, the share of the data set's default size that is used.
        crop: (H, W) of the window cut from each image; None trains on whole images.
        steps_per_epoch: batches an epoch; None is one pass over the images.
        loss: name of a loss in `segcore.training.losses`, and its options. With `balance`, each
            class weighs as its pixel share to the power of -balance (0 off, 1 inverse frequency).
        logit_adjustment: in the loss, each class's logit is raised by this many times the logarithm
            of 1 / its pixel share, so that the network's own logits are as much lower (Menon et
            al., "Long-tail learning via logit adjustment", ICLR 2021). It takes back what `balance`
            makes rare classes be predicted too often; as much as that leaves them as they occur.
        ignore_void: whether pixels of void labels are left out of the loss.
        aux_weight: share of each auxiliary head's loss that is added.
        optimizer: adam, adamw or sgd.
        schedule: constant, or cosine: down to zero at the last step, after `warmup` of all steps.
        ema: momentum of the moving average of weights that is evaluated; None is off.
    """

    name: str
    model: str
    summary: str
    expected: str = ""
    model_options: Mapping[str, Any] = field(default_factory=dict)
    backbone_weights: str = "none"
    size: Size | None = None
    input_scale: float = 1.0
    crop: Size | None = None
    augmentation: Augmentation = Augmentation()
    epochs: int = 50
    batch_size: int = 16
    steps_per_epoch: int | None = None
    loss: str = "cross_entropy"
    loss_options: Mapping[str, Any] = field(default_factory=dict)
    balance: float = 0.0
    logit_adjustment: float = 0.0
    ignore_void: bool = True
    aux_weight: float = 0.0
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    momentum: float = 0.0
    weight_decay: float = 0.0
    schedule: str = "constant"
    warmup: float = 0.0
    ema: float | None = None
    seed: int = 0

    def size_for(self, default: Size) -> Size:
        """(H, W) at which images of a data set of that default size are used."""
        if self.size is not None:
            return self.size
        return round(default[0] * self.input_scale), round(default[1] * self.input_scale)

    @property
    def mode(self) -> Mode:
        """How images are brought to that size; see `segcore.images.preprocessing`."""
        return "stretch" if self.size is not None and self.crop is None else "fit"

    def to_dict(self) -> dict[str, Any]:
        """All parameters as JSON types, as run.json keeps them."""
        return asdict(self)


def from_dict(values: Mapping[str, Any]) -> Recipe:
    """The recipe that run.json keeps, so that a run resumes by its own parameters.

    Raises:
        RecipeError: it is not complete, or of another version.
    """
    try:
        as_tuple = {
            name: tuple(values[name]) for name in ("size", "crop") if values.get(name) is not None
        }
        augmentation = dict(values["augmentation"])
        if augmentation.get("scale") is not None:
            augmentation["scale"] = tuple(augmentation["scale"])
        options = {  # an option without a value is one that is not given
            name: {option: value for option, value in values[name].items() if value is not None}
            for name in ("model_options", "loss_options")
            if name in values
        }
        augmented = {"augmentation": Augmentation(**augmentation)}
        return Recipe(**{**values, **as_tuple, **options, **augmented})
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RecipeError(f"Recipe: is not complete or has a wrong type ({error})") from error
