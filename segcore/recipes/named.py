"""The recipes that can be named: the notebook's, the best we know, and quick ones."""

from dataclasses import replace

from segcore.errors import RecipeError
from segcore.recipes.recipe import Augmentation, Recipe

# Street photographs from anywhere: other cameras, other light, other distances.
STRONG = Augmentation(
    flip=True,
    scale=(0.5, 1.8),
    aspect=0.15,
    brightness=0.4,
    contrast=0.4,
    saturation=0.6,
    hue=0.06,
    blur=1.5,
    noise=8.0,
    cast=0.2,
    gamma=0.5,
    shade=0.4,
    jpeg=30,
    grey=0.05,
)

# What two networks share that are to show what is known at the start.
ONE_BUDGET = Recipe(
    name="story",
    model="",
    summary="",
    crop=(192, 256),
    augmentation=Augmentation(flip=True, scale=(0.7, 1.5), brightness=0.2, contrast=0.2),
    epochs=10,
    batch_size=8,
    steps_per_epoch=40,
    balance=0.25,
    optimizer="adamw",
    weight_decay=0.01,
    schedule="cosine",
    warmup=0.03,
)

_RECIPES = (
    Recipe(
        name="seed-unet",
        model="unet",
        summary="The U-Net of the notebook this project grew from, exactly as described there.",
        expected="Cityscapes 256x256, published: accuracy 0.9601 train, 0.8114 validation. CamVid: "
        "mean IoU 0.597 at 480x360, 5 minutes on an H100 beside other trainings.",
        size=(256, 256),
        augmentation=Augmentation(flip=True, rotation=10.0, brightness=0.2),
        epochs=50,
        batch_size=16,
        ignore_void=False,
    ),
    Recipe(
        name="seed-danet",
        model="danet-tasm",
        summary="The DANet of TensorFlow Advanced Segmentation Models, as in the notebook.",
        expected="Cityscapes 256x256, published: loss 0.0063 / 0.0086, IoU score 0.5458 / 0.5047.",
        backbone_weights="imagenet",
        size=(256, 256),
        epochs=10,
        batch_size=16,
        loss="focal",
        ignore_void=False,
        optimizer="sgd",
        learning_rate=0.2,
        momentum=0.9,
    ),
    Recipe(
        name="tuned-unet",
        model="unet",
        summary="The best we know for a U-Net from scratch: random scale and crop, AdamW, cosine.",
        expected="CamVid with streets (camvid:DIR+streets), from a U-Net with 0.716 on CamVid: "
        "mean IoU 0.588 at 480x360, camvid-11, after 19 minutes on two busy CPU cores; under "
        "colour casts it keeps that, where the other falls to 0.340.",
        model_options={"width": 24, "depth": 4, "stem_width": 16, "even_light": True},
        crop=(256, 256),
        augmentation=STRONG,
        epochs=12,
        batch_size=8,
        steps_per_epoch=184,
        loss="cross_entropy+dice",
        balance=0.5,
        logit_adjustment=0.4,
        optimizer="adamw",
        learning_rate=1.2e-3,
        weight_decay=0.01,
        schedule="cosine",
        warmup=0.03,
        ema=0.998,
    ),
    Recipe(
        name="tuned-danet",
        model="danet",
        summary="The best we know for the DANet: EfficientNet-Lite2 with ImageNet's weights.",
        expected="CamVid with streets (camvid:DIR+streets): mean IoU 0.653 at 480x360, camvid-11, "
        "after 74 minutes on two busy CPU cores.",
        model_options={"backbone": "efficientnet-lite2", "even_light": True},
        backbone_weights="packaged",
        crop=(256, 320),
        augmentation=STRONG,
        epochs=8,
        batch_size=8,
        steps_per_epoch=184,
        loss="cross_entropy+dice",
        balance=0.5,
        logit_adjustment=0.4,
        optimizer="adamw",
        learning_rate=7e-4,
        weight_decay=0.02,
        schedule="cosine",
        warmup=0.03,
        ema=0.998,
    ),
    Recipe(
        name="quick-unet",
        model="unet",
        summary="A small U-Net in minutes on two CPU cores, to show a training live.",
        model_options={"width": 16, "depth": 3, "stem_width": 16},
        size=(128, 256),
        augmentation=Augmentation(flip=True, brightness=0.2, contrast=0.2),
        epochs=6,
        batch_size=8,
        steps_per_epoch=40,
        balance=0.25,
        optimizer="adamw",
        learning_rate=4e-3,
        weight_decay=0.01,
        schedule="cosine",
        warmup=0.05,
    ),
    Recipe(
        name="quick-danet",
        model="danet",
        summary="The DANet in minutes on two CPU cores, to show a training live.",
        model_options={"backbone": "efficientnet-lite2"},
        backbone_weights="packaged",
        size=(128, 256),
        augmentation=Augmentation(flip=True, brightness=0.2, contrast=0.2),
        epochs=6,
        batch_size=8,
        steps_per_epoch=40,
        balance=0.25,
        aux_weight=0.2,
        optimizer="adamw",
        learning_rate=4e-3,
        weight_decay=0.01,
        schedule="cosine",
        warmup=0.05,
    ),
    replace(
        ONE_BUDGET,
        name="story-unet",
        summary="A U-Net from random weights, with the data and the budget of story-danet.",
        expected="streets: validation mean IoU 0.196 at 512x256, cityscapes-19-present, after 15 "
        "minutes on a core of a busy machine.",
        model="unet",
        model_options={"width": 16, "depth": 4, "stem_width": 16},
        learning_rate=3e-3,
    ),
    replace(
        ONE_BUDGET,
        name="story-danet",
        summary="The DANet from ImageNet's weights, with the data and the budget of story-unet.",
        expected="streets: validation mean IoU 0.503 at 512x256, cityscapes-19-present, after 17 "
        "minutes on a core of a busy machine.",
        model="danet",
        model_options={"backbone": "efficientnet-lite2"},
        backbone_weights="packaged",
        learning_rate=1e-3,
    ),
)

STORY = ("story-unet", "story-danet")
"""One budget for both, and no earlier training: what is known at the start shows in the curves."""

PUBLISHED: dict[str, dict[str, tuple[float, float]]] = {
    "seed-unet": {"accuracy": (0.9601, 0.8114)},
    "seed-danet": {"loss": (0.0063, 0.0086), "iou_score": (0.5458, 0.5047)},
}
"""What the notebook printed after training its two on Cityscapes: recipe -> column of a history ->
in training and in validation."""

RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in _RECIPES}


def get_recipe(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        RecipeError: there is none.
    """
    if name not in RECIPES:
        raise RecipeError(f"{name}: no such recipe; choose one of {', '.join(RECIPES)}")
    return RECIPES[name]
