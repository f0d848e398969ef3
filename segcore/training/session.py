"""A recipe and data -> a run: trained, checkpointed after each epoch, resumable."""

import io
import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import keras
import numpy as np
from PIL import Image

from segcore import runs
from segcore.data.counts import logit_offsets
from segcore.data.preparation import Prepared
from segcore.errors import RunError, SegcoreError, StorageError, TrainingError
from segcore.files.writing import to_json, write_atomically
from segcore.images.preprocessing import Preprocessing
from segcore.labels import LabelSpace, metrics
from segcore.models import build_model, spec_of
from segcore.recipes import Recipe, from_dict, get_recipe
from segcore.runs import run_lock
from segcore.runs.data_sets import short_name
from segcore.runs.lineage import recorded_run
from segcore.runs.writer import RunWriter, class_iou_csv, history_csv, new_run_name
from segcore.system import backend, data_parallel, precisions
from segcore.training.batch_metrics import ConfusionMatrix, IoUScore
from segcore.training.batches import TrainingBatches
from segcore.training.checkpoint import OPTIMIZER, optimizer_bytes, restore, weights_bytes
from segcore.training.distillation import HEAD, distillation_loss, with_teacher
from segcore.training.first_manifest import first_manifest
from segcore.training.joined_data import (
    digests_of,
    joined_classes,
    prepare_joined,
)
from segcore.training.losses import build_loss
from segcore.training.optimizers import build_optimizer
from segcore.training.progress import Listener, Reporter
from segcore.training.tensorboard_log import EventLog
from segcore.training.training_data import TrainingData
from segcore.training.validation import ValidationResult, Validator
from segcore.training.warm_start import TrainedOn, inherit

SNAPSHOT_PICTURES = 4


def train(
    recipe: str | Recipe,
    spec: str,
    *,
    start_from: str | None = None,
    teacher: str | None = None,
    leave_out: Sequence[str] = (),
    merge: Sequence[str] = (),
    ignore: Sequence[str] = (),
    on_progress: Listener | None = None,
    on_start: Callable[[runs.Run], None] | None = None,
) -> runs.Run:
    """Trains from the beginning.

    Args:
        recipe: or its name. Its batches are in all; the GPUs that there are share them evenly.
        spec: the data, such as "streets" or "camvid:DIR"; several joined by "+" are trained on
            together and validated on the first.
        start_from: a run of the same network whose best weights are the starting point, all but
            the classifiers' where it was trained on other data, or on other classes.
        teacher: a run from whose predictions this one learns beside the labels.
        leave_out: films or cities whose images are not trained on, so that they can tell how well
            the network does on a street that it has not seen.
        merge, ignore: fewer classes than the data's, as `segcore.labels.merge_syntax` reads them.
        on_start: called with the new run as soon as its folder exists.

    Returns:
        The finished run.

    Raises:
        SegcoreError: what is wrong with the recipe, the data or the disk; the run then has status
            "failed" and keeps its last epoch.
    """
    recipe = recipe if isinstance(recipe, Recipe) else get_recipe(recipe)
    classes = joined_classes(spec, merge, ignore)
    joined = [prepared.in_classes(classes) for prepared in prepare_joined(recipe, spec)]
    digests = digests_of(joined)
    parent = runs.get_run(start_from) if start_from else None
    if parent is not None:
        parent.require_training("be trained on from")
    taught_by = runs.get_run(teacher) if teacher else None
    replicas = data_parallel.replicas(recipe.batch_size)
    with data_parallel.shared_by(replicas):
        session = Session(recipe, joined, parent, leave_out, digests, taught_by)
        manifest = first_manifest(
            recipe,
            joined,
            digests,
            parent,
            taught_by,
            classes=classes,
            left_out=leave_out,
            input_size=session.input_size,
            preprocessing=session.preprocessing,
            parameters=session.parameters,
            replicas=replicas,
        )
        name = new_run_name(recipe.model, short_name(joined[0].spec))
        writer = RunWriter.create(name, manifest)
        with run_lock.hold(writer.path):
            if on_start:
                on_start(writer.run())
            return session.run(writer, on_progress)


def resume(
    name: str,
    *,
    on_progress: Listener | None = None,
    on_start: Callable[[runs.Run], None] | None = None,
) -> runs.Run:
    """Goes on after the last finished epoch of an interrupted run, by its own recipe and data.

    Raises:
        RunError: no such run, it is finished, another process trains it, its data set has changed
            since, its teacher is gone, or it had no epoch yet and the run that it began with is.
        SegcoreError: as `train`.
    """
    run = runs.get_run(name)
    if run.status == "finished":
        raise RunError(f"{name}: is finished; train a new run instead of resuming it")
    recipe = from_dict(run.manifest.recipe)
    joined = prepare_joined(recipe, run.specs)
    for prepared, before in zip(joined, run.trained_on, strict=True):
        is_same = prepared.space.has_classes_of(run.class_map.origin)
        if prepared.fingerprint != before.fingerprint or not is_same:
            raise RunError(f"{name}: its data {prepared.spec} has changed; train a new run on it")
    joined = [prepared.in_classes(run.class_map) for prepared in joined]
    # Its own weights hold what it began with, from its first epoch on.
    began = run.manifest.start_from if run.epochs == 0 else None
    parent = recorded_run(run, began, "the run it began with")
    teacher = recorded_run(run, run.manifest.teacher, "its teacher")
    replicas = data_parallel.replicas(recipe.batch_size)
    with run_lock.hold(run.path), data_parallel.shared_by(replicas):
        digests = digests_of(joined) if parent is not None else ()
        session = Session(recipe, joined, parent, run.left_out, digests, teacher)
        writer = RunWriter.reopen(runs.get_run(name))  # as it is now that nobody else writes it
        if on_start:
            on_start(writer.run())
        return session.run(writer, on_progress)


class Session:
    """The live objects of a training: network, optimizer, validation and the way they persist."""

    def __init__(
        self,
        recipe: Recipe,
        joined: Sequence[Prepared],
        parent: runs.Run | None,
        left_out: Sequence[str] = (),
        digests: Sequence[Mapping[str, str]] = (),
        teacher: runs.Run | None = None,
    ) -> None:
        self.recipe, self.prepared = recipe, joined[0]
        self.data = TrainingData.of(joined, left_out, ignore_void=recipe.ignore_void)
        keras.utils.set_random_seed(recipe.seed)
        spec = spec_of(recipe.model)
        policy = precisions.training_policy(bfloat16_on_cpu=spec.trains_in_bfloat16_on_cpu)
        keras.mixed_precision.set_dtype_policy(policy)

        multiple = spec.multiple(recipe.model_options)
        self.preprocessing = Preprocessing(recipe.mode, self.prepared.size, multiple)
        self.crop = recipe.crop or self.preprocessing.canvas(self.data.sizes)
        self.steps = recipe.steps_per_epoch or -(-self.data.images // recipe.batch_size)
        self.input_size = self.preprocessing.input_size if spec.fixed_size else None
        self.network = build_model(
            recipe.model,
            input_size=self.input_size,
            num_classes=self.data.space.num_classes,
            backbone_weights=recipe.backbone_weights,
            **recipe.model_options,
        )
        if parent is not None:
            trained_on = TrainedOn(
                [digest["train"] for digest in digests],
                [prepared.fingerprint for prepared in joined],
                self.prepared.size,
                left_out,
            )
            pixels, space = self.data.pixels, self.data.space
            inherit(self.network, parent, recipe, trained_on, pixels, space)
        self._compile(teacher)
        val = self.data.val
        self.validate = Validator(
            self.model,
            self.loss,
            val,
            self.preprocessing,
            merges=self.data.merges,
            encoder=self.data.encoder,
            space=self.data.space,
        )
        count = min(SNAPSHOT_PICTURES, len(val.keys))
        self.snapshot_indices = [i * len(val.keys) // count for i in range(count)]

    def _compile(self, teacher: runs.Run | None) -> None:
        """Makes the model that is trained: the network with its loss, optimizer and metrics."""
        recipe, data = self.recipe, self.data
        # Heads that do not count are not computed.
        heads = self.network.output
        heads = {name: heads[name] for name in heads if name == "logits" or recipe.aux_weight}
        # Keras writes a compiled model's optimizer into its file of weights, three times the size
        # of the weights themselves; so the network is saved, and a twin that shares it is trained.
        self.model = keras.Model(self.network.input, heads)
        self.parameters = self.model.count_params()
        losses = dict.fromkeys(heads, recipe.aux_weight) | {"logits": 1.0}
        if teacher is not None:
            self.model = with_teacher(self.model, teacher, data.space)
            losses[HEAD] = 1.0
        self.loss = build_loss(
            recipe.loss,
            ignore_void=recipe.ignore_void,
            class_weights=data.weights(recipe.balance),
            logit_offsets=logit_offsets(data.pixels, recipe.logit_adjustment, data.space),
            targets=data.targets,
            space=data.space,
            **recipe.loss_options,
        )
        self.optimizer = build_optimizer(recipe, self.steps)
        self.optimizer.build(self.model.trainable_variables)
        self.confusion = ConfusionMatrix(data.space, data.targets)
        self.score = IoUScore(data.space, data.targets)
        self.model.compile(
            optimizer=self.optimizer,
            loss={name: distillation_loss if name == HEAD else self.loss for name in losses},
            loss_weights=losses,
            metrics={"logits": [self.confusion, self.score]},
            jit_compile=backend.compiles_with_xla(),
        )
        if keras.backend.backend() == "jax":
            # Else the first `fit` does it with the first batch, which then comes last (3.15.1): an
            # epoch after a resume would differ.
            self.model._symbolic_build(data_batch=self.batches(1)[0])

    def run(self, writer: RunWriter, on_progress: Listener | None) -> runs.Run:
        history, class_iou = writer.run().history(), writer.run().class_iou()
        done = writer.run().epochs
        if done:
            restore(writer.run(), self.network, self.optimizer)
        else:
            self._write_snapshot_index(writer)
        writer.save_manifest(status="running", reason=None)
        events = EventLog(writer.path / "tensorboard")
        try:
            for epoch in range(done + 1, self.recipe.epochs + 1):
                row, validation = self._epoch(epoch, writer, on_progress)
                history.append(row)
                class_iou.append({"epoch": epoch, **_iou_by_name(validation, self.data.space)})
                self._commit(writer, epoch, history, class_iou, validation)
                events.add(epoch, row)
                writer.log(f"epoch {epoch}: " + ", ".join(f"{k} {v:.4g}" for k, v in row.items()))
        except KeyboardInterrupt:
            writer.save_manifest(status="stopped", reason="stopped by hand")
            raise
        except SegcoreError as error:
            with suppress(StorageError):  # the first error is the one to be told
                writer.save_manifest(status="failed", reason=str(error))
                writer.log(f"failed: {error}")
            raise
        finally:
            events.close()
            (writer.path / "progress.json").unlink(missing_ok=True)
        writer.save_manifest(status="finished", finished=runs.now())
        return writer.run()

    def batches(self, epoch: int) -> TrainingBatches:
        """What the epoch trains on."""
        recipe = self.recipe
        return TrainingBatches(
            self.data.pictures,
            augmentation=recipe.augmentation,
            crop=self.crop,
            batch_size=recipe.batch_size,
            steps=recipe.steps_per_epoch,
            outputs=list(self.model.output),
            seed=recipe.seed,
            epoch=epoch,
        )

    # --- an epoch --------------------------------------------------------------------------------

    def _epoch(
        self,
        epoch: int,
        writer: RunWriter,
        on_progress: Listener | None,
    ) -> tuple[dict[str, float], ValidationResult]:
        recipe = self.recipe
        _reseed(self.model, recipe.seed, epoch)
        batches = self.batches(epoch)
        started = time.perf_counter()
        reporter = Reporter(writer, epoch, recipe.epochs, len(batches), on_progress)
        logs = self.model.fit(
            batches,
            epochs=epoch,
            initial_epoch=epoch - 1,
            verbose=0,
            shuffle=False,
            callbacks=[reporter],
        ).history
        training_seconds = time.perf_counter() - started
        # Keras ends `fit` by writing the moving average, where there is one, into the model: that
        # is what is validated and shipped, while training goes on from the weights before it.
        self.trained = reporter.trained
        train_iou = self.confusion.mean_iou()

        validation = self._validate(writer, epoch)
        if not math.isfinite(validation.loss):
            raise TrainingError(
                f"{writer.path.name}: the validation's loss became {validation.loss} in epoch "
                f"{epoch}; lower the learning rate and train again"
            )
        # With several heads Keras' `loss` is their weighted sum; the curve is the main head's.
        loss = logs.get("logits_loss", logs["loss"])[-1]
        row = {
            "epoch": epoch,
            "loss": loss,
            "val_loss": validation.loss,
            "accuracy": float(self.confusion.result()),
            "val_accuracy": validation.accuracy,
            "mean_iou": train_iou,
            "val_mean_iou": validation.mean_iou,
            "iou_score": float(self.score.result()),
            "val_iou_score": validation.iou_score,
            "learning_rate": float(keras.ops.convert_to_numpy(self.optimizer.learning_rate)),
            "seconds": time.perf_counter() - started,
            "images_per_second": len(batches.order) / training_seconds,
        }
        return row, validation

    def _validate(self, writer: RunWriter, epoch: int) -> ValidationResult:
        """Scores the weights that would be shipped and keeps its masks of the snapshot images."""
        validation = self.validate()
        masks = self.validate.predict(self.snapshot_indices, self.prepared.size)
        png = io.BytesIO()
        Image.fromarray(np.concatenate(list(masks))).save(png, "PNG", optimize=True)
        path = writer.path / "snapshots" / f"epoch-{epoch:04d}.png"
        write_atomically(path, png.getvalue())
        return validation

    def _commit(
        self,
        writer: RunWriter,
        epoch: int,
        history: list[dict[str, float]],
        class_iou: list[dict[str, float]],
        validation: ValidationResult,
    ) -> None:
        best = writer.run().best_mean_iou
        files, changes = {}, {}
        if best is None or validation.mean_iou > best:
            changes["best"] = {"epoch": epoch, "mean_iou": validation.mean_iou}
            files["best.weights.h5"] = weights_bytes(self.network, writer.path)
        self.model.set_weights(self.trained)
        files["last.weights.h5"] = weights_bytes(self.network, writer.path)
        files[OPTIMIZER] = optimizer_bytes(self.optimizer)
        files[runs.HISTORY] = history_csv(history)
        files[runs.CLASS_IOU] = class_iou_csv(class_iou, self.data.space)
        writer.commit_epoch(files, epochs=epoch, **changes)

    def _write_snapshot_index(self, writer: RunWriter) -> None:
        height, width = self.prepared.size
        keys = [self.prepared.splits["val"].keys[i] for i in self.snapshot_indices]
        index = {"keys": keys, "height": height, "width": width}
        write_atomically(writer.path / "snapshots" / "index.json", to_json(index))


# --- parts ---------------------------------------------------------------------------------------


def _iou_by_name(validation: ValidationResult, space: LabelSpace) -> dict[str, float]:
    iou = metrics.iou_per_class(validation.matrix)
    return {space.names[id_]: float(iou[id_]) for id_ in space.evaluated_ids}


def _reseed(model: keras.Model, seed: int, epoch: int) -> None:
    """Gives every random layer a state that follows from (seed, epoch), so that runs resume."""
    random = np.random.default_rng([seed, epoch])
    for layer in model.layers:
        generator = getattr(layer, "seed_generator", None)
        if generator is not None:
            generator.state.assign(random.integers(0, 2**31, 2).astype("uint32"))
