"""A network that learns from the predictions of a trained one as well, its teacher.

Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network", 2015, pixel by pixel and
at temperature 1. Pixels without a label teach too, and so does what augmentation makes of them.
"""

from typing import Any

import keras
from keras import ops

from segcore.errors import RunError
from segcore.labels import LabelSpace
from segcore.models import build_model, inference_model, spec_of
from segcore.recipes.checks import checked_options
from segcore.runs import Run
from segcore.runs.weights import load_weights

HEAD = "teacher"
"""Name of the output that holds the logits of both, beside those of the network's own heads."""


def with_teacher(network: keras.Model, teacher: Run, space: LabelSpace) -> keras.Model:
    """The network with one more output, `HEAD`, for `distillation_loss`; it shares the weights.

    Args:
        network: images (B, H, W, 3) to a dictionary with `logits` (B, H, W, C).
        space: the classes of those logits.

    Raises:
        RunError: the teacher has other classes, takes images of one size, or is damaged.
        RecipeError, MissingPackageError: the teacher cannot be built here.
    """
    teacher.require_training("be a teacher")
    if not teacher.label_space.has_classes_of(space):
        raise RunError(
            f"{teacher.name}: tells other classes apart than this training; "
            "choose a teacher of the same classes"
        )
    if spec_of(teacher.model).fixed_size:
        raise RunError(
            f"{teacher.name}: takes images of one size; choose a teacher that takes any, "
            "a unet or a danet"
        )
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        options = checked_options(teacher.model, teacher.manifest.model_options)
        classes = space.num_classes
        taught_by = build_model(teacher.model, input_size=None, num_classes=classes, **options)
    finally:
        keras.config.set_dtype_policy(policy)
    load_weights(taught_by, teacher)
    taught_by = inference_model(taught_by)
    taught_by.trainable = False
    logits = keras.layers.Activation("linear", dtype="float32")(network.output["logits"])
    both = keras.layers.Concatenate(dtype="float32", name=HEAD)(
        [logits, taught_by(network.input, training=False)]
    )
    return keras.Model(network.input, {**network.output, HEAD: both})


def distillation_loss(_: Any, both: Any) -> Any:
    """Kullback-Leibler divergence of the network's probabilities from its teacher's.

    Args:
        both: (B, H, W, 2 C) float32, the network's logits, then the teacher's.

    Returns:
        (B,) float32, in nats, the mean over each image's pixels.
    """
    own, teachers = ops.split(both, 2, axis=-1)
    own, teachers = ops.log_softmax(own, axis=-1), ops.log_softmax(teachers, axis=-1)
    divergence = ops.sum(ops.exp(teachers) * (teachers - own), axis=-1)
    return ops.mean(divergence, axis=(1, 2))
