"""Losses on logits, chosen by name; "cross_entropy+lovasz" is the sum of the two.

Every loss is computed in float32 whatever the logits come in, and leaves out pixels without a
class: 255 always, void ids where asked. Where data sets with overlapping classes are
trained on together, a target is a set of labels, and its probability the sum over them: see
`segcore.training.targets`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from segcore.errors import RecipeError
from segcore.labels import LabelSpace
from segcore.training.targets import Targets

FOCAL_ALPHA = 0.25
FOCAL_GAMMA = 2.0


@dataclass(frozen=True)
class _Pixels:
    """What every loss is made of: P = B H W pixels, C classes, K targets (the classes, and the
    sets of them that joined data sets have).

    Attributes:
        logits: (P, C) float32.
        ids: (P,) int32, the target, 0 to K - 1, 0 where not valid.
        valid: (P,) float32, 1 where the pixel counts and 0 elsewhere.
        weights: (P,) float32, weight of the pixel's class, 0 where not valid.
        label_smoothing: share of the target that is spread over all classes.
    """

    logits: Any
    ids: Any
    valid: Any
    weights: Any
    label_smoothing: float
    targets: Targets | None

    def negative_log_likelihood(self) -> Any:
        """(P,) float32: -log p of the target."""
        if self.targets is None:
            return ops.sparse_categorical_crossentropy(self.ids, self.logits, from_logits=True)
        outside = np.where(self.targets.members, 0, -1e9).astype(np.float32)
        inside = self.logits + ops.take(ops.convert_to_tensor(outside), self.ids, axis=0)
        return ops.logsumexp(self.logits, axis=-1) - ops.logsumexp(inside, axis=-1)

    def weighted_mean(self, values: Any) -> Any:
        """Mean of (P,) values by `weights`; 0 where no pixel counts."""
        total = ops.sum(self.weights)
        return ops.sum(values * self.weights) / ops.where(total > 0, total, 1.0)

    def truth(self) -> Any:
        """(P, K) float32: one-hot truth, all 0 where not valid."""
        targets = self.logits.shape[-1] if self.targets is None else len(self.targets.members)
        return ops.one_hot(self.ids, targets, dtype="float32") * self.valid[:, None]

    def probabilities(self) -> Any:
        """(P, K) float32, all 0 where not valid, and for targets of other data sets than the
        pixel's own."""
        probabilities = ops.softmax(self.logits, axis=-1) * self.valid[:, None]
        if self.targets is None:
            return probabilities
        groups = self.targets.groups
        own = (groups[:, None] == groups[None, :]).astype(np.float32)
        members = ops.convert_to_tensor(self.targets.members.T.astype(np.float32))
        own = ops.take(ops.convert_to_tensor(own), self.ids, axis=0)
        return ops.matmul(probabilities, members) * own


def cross_entropy(pixels: _Pixels) -> Any:
    """Mean of -log p of the true class, by class weights, with label smoothing (Szegedy et al.,
    "Rethinking the Inception Architecture", CVPR 2016)."""
    losses = pixels.negative_log_likelihood()
    if pixels.label_smoothing:
        # -mean_c log p_c = logsumexp(z) - mean_c z_c
        uniform = ops.logsumexp(pixels.logits, axis=-1) - ops.mean(pixels.logits, axis=-1)
        losses = (1 - pixels.label_smoothing) * losses + pixels.label_smoothing * uniform
    return pixels.weighted_mean(losses)


def focal(pixels: _Pixels) -> Any:
    """Mean of -alpha (1 - p)^gamma log p of the true class (Lin et al., "Focal Loss for Dense
    Object Detection", ICCV 2017), taken over pixels and classes as the categorical focal loss of
    TensorFlow Advanced Segmentation Models: a number of classes smaller than the usual one."""
    losses = pixels.negative_log_likelihood()
    losses = FOCAL_ALPHA * (1 - ops.exp(-losses)) ** FOCAL_GAMMA * losses
    return pixels.weighted_mean(losses) / pixels.logits.shape[-1]


def dice(pixels: _Pixels) -> Any:
    """1 - mean over the classes in the truth of 2 sum(p t) / (sum p + sum t), summed over the
    batch (Sudre et al., "Generalised Dice overlap", DLMIA 2017, unweighted)."""
    truth, probabilities = pixels.truth(), pixels.probabilities()
    overlap = ops.sum(truth * probabilities, axis=0)  # (C,)
    total = ops.sum(truth, axis=0) + ops.sum(probabilities, axis=0)
    return _mean_over_present(1 - 2 * overlap / ops.maximum(total, 1e-7), truth)


def lovasz(pixels: _Pixels) -> Any:
    """Lovasz-Softmax, over the batch and the classes in the truth: the tight convex surrogate of
    1 - IoU (Berman, Triki and Blaschko, CVPR 2018, algorithm 1)."""
    truth = pixels.truth()
    # Pixels that do not count have error 0: they are sorted last and add nothing.
    errors = ops.transpose(ops.abs(truth - pixels.probabilities()))  # (C, P)
    order = ops.argsort(-errors, axis=-1)
    errors = ops.take_along_axis(errors, order, axis=-1)
    members = ops.take_along_axis(ops.transpose(truth), order, axis=-1)  # (C, P) of 0 and 1
    size = ops.sum(members, axis=-1, keepdims=True)
    intersection = size - ops.cumsum(members, axis=-1)
    union = size + ops.cumsum(1 - members, axis=-1)
    jaccard = 1 - intersection / union
    gradient = ops.concatenate([jaccard[:, :1], jaccard[:, 1:] - jaccard[:, :-1]], axis=-1)
    losses = ops.sum(errors * ops.stop_gradient(gradient), axis=-1)  # (C,)
    return _mean_over_present(losses, truth)


LOSSES: dict[str, Callable[[_Pixels], Any]] = {
    loss.__name__: loss for loss in (cross_entropy, focal, dice, lovasz)
}


def build_loss(
    name: str,
    *,
    ignore_void: bool = True,
    class_weights: np.ndarray | None = None,
    logit_offsets: np.ndarray | None = None,
    label_smoothing: float = 0.0,
    targets: Targets | None = None,
    space: LabelSpace,
) -> Callable[[Any, Any], Any]:
    """Makes the loss of that name.

    Args:
        name: one of `LOSSES`, or several joined by "+", which are added.
        ignore_void: leaves out pixels of void labels (of Cityscapes ids 0-6) as well as 255.
        class_weights: (C,) weight of each class in cross_entropy and focal, which become weighted
            means; dice and lovasz give every class the same say already.
        logit_offsets: (C,) what is added to the logits first.
        label_smoothing: 0 to below 1, of cross_entropy.
        targets: of joined data sets: y_true then holds their codes, and `class_weights` is (K,).
        space: says which labels are void.

    Returns:
        A function of y_true (B, H, W) label ids (or codes) and logits (B, H, W, C) to a float32
        scalar, the mean over the pixels that count and 0 where there are none.

    Raises:
        RecipeError: no loss has that name, or it takes no label smoothing.
    """
    names = name.split("+")
    unknown = [part for part in names if part not in LOSSES]
    if unknown:
        raise RecipeError(
            f"There is no loss '{unknown[0]}'. Losses: {', '.join(LOSSES)}; join several with '+'."
        )
    if not 0 <= label_smoothing < 1 or (label_smoothing and "cross_entropy" not in names):
        raise RecipeError(
            f"Loss '{name}' cannot have label smoothing {label_smoothing}: "
            "it goes with cross_entropy and lies between 0 and 1."
        )
    class_weights = None if class_weights is None else np.asarray(class_weights, np.float32)
    logit_offsets = None if logit_offsets is None else np.asarray(logit_offsets, np.float32)

    def loss(y_true: Any, logits: Any) -> Any:
        num_classes = logits.shape[-1]
        ids = ops.cast(ops.reshape(y_true, (-1,)), "int32")
        counts = np.arange(256) < (num_classes if targets is None else len(targets.members))
        if ignore_void:
            counts[list(space.void_ids)] = False
        valid = ops.take(ops.convert_to_tensor(counts, "float32"), ids)
        ids = ops.where(valid > 0, ids, 0)
        weights = valid
        if class_weights is not None:
            weights = valid * ops.take(ops.convert_to_tensor(class_weights), ids)
        logits = ops.cast(ops.reshape(logits, (-1, num_classes)), "float32")
        if logit_offsets is not None:
            logits = logits + logit_offsets
        pixels = _Pixels(
            logits=logits,
            ids=ids,
            valid=valid,
            weights=weights,
            label_smoothing=label_smoothing,
            targets=targets,
        )
        return sum(LOSSES[part](pixels) for part in names)

    loss.__name__ = name.replace("+", "_and_")
    return loss


def _mean_over_present(values: Any, truth: Any) -> Any:
    """Mean of (C,) values over the classes that occur in `truth` (P, C); 0 where none does."""
    present = ops.cast(ops.any(truth > 0, axis=0), "float32")
    return ops.sum(values * present) / ops.maximum(ops.sum(present), 1.0)
