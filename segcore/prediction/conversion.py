"""Converting a checkpoint to OpenVINO, and checking the result before anyone sees it.

The conversion goes through TensorFlow's graph, to a topology whose weights are left open
and then filled in, so that a shipped run can bring it along (`engines.openvino_topology`). The
result is used only where it says what Keras says: of rendered streets in two shapes, at least
`SAME_LABELS` of the pixels get the same label, and as many have every probability within `BOUND` of
that of Keras.
"""

import logging
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from segcore import settings
from segcore.data.sources.streets import render_scene
from segcore.files.writing import locked, storage_error
from segcore.images.preprocessing import Preprocessing
from segcore.prediction.engines import Engine, Output, openvino_store, openvino_topology
from segcore.prediction.engines.keras_engine import KerasEngine
from segcore.prediction.engines.openvino_engine import OpenVINOEngine
from segcore.prediction.engines.openvino_library import load_openvino
from segcore.prediction.engines.openvino_store import TOPOLOGY, Verdict
from segcore.prediction.loading import serves_converted
from segcore.runs import Run, verified_weights
from segcore.system import precisions

SAME_LABELS = 0.999
BOUND = 0.01
ROUNDS = 7
"""Passes of each engine in turns; the best one counts, since other work only ever adds to it."""

SLOWEST = 1.1
"""Times what Keras takes: somewhat slower is still better than loading TensorFlow for seconds."""

SHIPPED_PRECISION = "f32"
"""Every processor computes it."""

SCENE = 900_000
"""Seed of the first image: none of a data set."""

Turn = Callable[[Callable[[], Any]], Any]


def convert(run: Run, turn: Turn = lambda step: step()) -> Verdict:
    """Converts the run's best checkpoint and checks it, once; returns what was found.

    Args:
        turn: runs one step of work on the device, such as `InferenceQueue.run`, so that visitors
            come in between.

    Raises:
        RunError, RecipeError, MissingPackageError: Keras cannot load the run either.
        StorageError: artifacts/ cannot be written.
    """
    run.require_training("be converted")
    with locked(settings.engines_dir()):
        known = openvino_store.stored_verdict(run)
        if known is not None and _is_settled(run, known):
            return known  # else it was slow, on a machine that may have been busy: once more
        verdict = _convert(run, precisions.processor_precisions(), turn)
        if known is not None and not known.shipped_as:
            verdict = with_best_times(verdict, known)
        openvino_store.store_verdict(run, verdict)
        openvino_store.forget_oldest()
    return verdict


def convert_to_ship(run: Run) -> Verdict:
    """Puts into the run's folder what another machine needs to serve it without TensorFlow.

    Returns what was found; nothing is put there where the conversion does not agree with Keras.
    Raises as `convert`.
    """
    run.require_training("be converted")
    with locked(settings.engines_dir()):
        verdict = _convert(run, precisions.processor_precisions(), lambda step: step())
        if verdict.agrees and verdict.precision != SHIPPED_PRECISION:
            verdict = _convert(run, [SHIPPED_PRECISION], lambda step: step())
        if verdict.agrees:
            openvino_store.ship(run, verdict)
    return verdict


def _is_settled(run: Run, known: Verdict) -> bool:
    if not known.agrees:
        return True
    return serves_converted(run) and not openvino_store.may_be_faster_here(known)


def with_best_times(verdict: Verdict, earlier: Verdict) -> Verdict:
    """Judged by the best times of both: other work on the machine only adds to them."""
    openvino_ms = min(verdict.openvino_ms, earlier.openvino_ms)
    keras_ms = min(verdict.keras_ms, earlier.keras_ms)
    return replace(
        verdict,
        openvino_ms=openvino_ms,
        keras_ms=keras_ms,
        is_fast=openvino_ms < SLOWEST * keras_ms,
    )


def _convert(run: Run, allowed: Sequence[str], turn: Turn) -> Verdict:
    """Judged in the first of the allowed precisions that agrees, else in the last."""
    import keras

    if openvino_store.openvino_version() is None:
        return Verdict("OpenVINO is not installed")
    if keras.backend.backend() != "tensorflow":
        return Verdict("only what Keras builds on TensorFlow is converted")
    preprocessing = run.preprocessing
    reference = KerasEngine(run, preprocessing.input_size)
    weights = verified_weights(run)
    folder = openvino_store.make_folder(run)
    try:
        _export(reference.network, weights, folder / TOPOLOGY[0])
        made = openvino_store.make_network(run, folder / TOPOLOGY[0], weights)
    except (ValueError, TypeError, KeyError, RuntimeError) as error:
        return Verdict(f"cannot be converted: {_first_line(error)}")
    except OSError as error:  # of a disk, not of the network: no verdict
        raise storage_error(folder, error) from error
    refused: list[str] = []
    for precision in allowed:
        engine = OpenVINOEngine(folder, precision)
        verdict = judge(engine, precision, reference, _batches(preprocessing), turn)
        if verdict.agrees:
            break
        refused.append(precision)
    return replace(verdict, refused=refused, digests=made)


def judge(
    engine: Engine, precision: str, reference: Engine, batches: list[np.ndarray], turn: Turn
) -> Verdict:
    """Compares two engines on batches (B, h, w, 3) uint8; times them, in turns, on the first."""
    for each in (engine, reference):
        for batch in batches:
            each.warm_up(batch.shape)  # takes seconds, and nobody's turn
    same, close = [], []
    for batch in batches:
        expected: Output = turn(partial(reference.run, batch))
        found: Output = turn(partial(engine.run, batch))
        same.append(np.mean(expected.labels == found.labels))
        # A number that is none (NaN) is not within any bound.
        differences = np.abs(expected.probabilities - found.probabilities)
        close.append(np.mean((differences <= BOUND).all(axis=-1)))
    spent: dict[Engine, list[float]] = {engine: [], reference: []}
    for _ in range(ROUNDS):
        for each, times in spent.items():
            times.append(turn(partial(_milliseconds, each, batches[0])))
    openvino_ms, keras_ms = (min(times) for times in spent.values())
    share_same, share_close = float(min(same)), float(min(close))
    agrees = min(share_same, share_close) >= SAME_LABELS
    reason = (
        f"{share_same:.2%} of the pixels get the same label, {share_close:.2%} have probabilities "
        f"within {BOUND} ({SAME_LABELS:.1%} is asked of both); one image takes {openvino_ms:.0f} "
        f"ms, by Keras {keras_ms:.0f}"
    )
    return Verdict(
        reason, agrees, openvino_ms < SLOWEST * keras_ms, precision, share_same, share_close,
        openvino_ms, keras_ms,
    )  # fmt: skip


def _milliseconds(engine: Engine, batch: np.ndarray) -> float:
    started = time.perf_counter()
    engine.run(batch)
    return (time.perf_counter() - started) * 1000


def _batches(preprocessing: Preprocessing) -> list[np.ndarray]:
    """Two images of the training's shape and one upright, as the network sees them."""
    height, width = preprocessing.size
    scenes = [(height, width), (height, width), (width, height)]
    images = [render_scene(SCENE + number, size)[0] for number, size in enumerate(scenes)]
    return [preprocessing.apply(image)[None] for image in images]


def _export(network: Any, weights: Path, target: Path) -> None:
    """Writes the network's topology: the graph for any batch size, height and width that it was
    built for, whose weights are inputs named by their arrays in the checkpoint.

    Raises ValueError, TypeError, RuntimeError, KeyError where that cannot be done.
    """
    import tensorflow as tf

    openvino = load_openvino()
    network = with_sizes_from_the_input(network)
    groups = network.trainable_variables, network.non_trainable_variables
    places = _places(network.weights, weights)
    shapes = {places[id(variable)]: variable.shape for variable in network.weights}

    def call(images: Any, arrays: list[Any]) -> Any:
        by_path = dict(zip(shapes, arrays, strict=True))
        given = {variable: by_path[path] for variable, path in places.items()}
        # A seed, which only a training draws from, is no weight and stays what it is.
        states = ([given.get(id(variable), variable) for variable in group] for group in groups)
        return network.stateless_call(*states, images, training=False)[0]

    signature = [
        tf.TensorSpec((None, *network.input_shape[1:]), tf.uint8),
        [tf.TensorSpec(shape, tf.float32) for shape in shapes.values()],
    ]
    graph = tf.function(call, input_signature=signature).get_concrete_function()
    # By a file: reading a graph in memory, OpenVINO 2026.4 fails on Python 3.13.
    with tempfile.TemporaryDirectory() as folder:
        definition = Path(folder) / "graph.pb"
        definition.write_bytes(graph.graph.as_graph_def().SerializeToString())
        try:
            with _logging_kept():
                model = openvino.convert_model(definition)
        except openvino.frontend.OpConversionFailure as error:
            # "-- No conversion rule found for operations: ...", after lines about OpenVINO itself.
            _, _, summary = str(error).partition("-- ")
            raise RuntimeError(summary) from error
    inputs = zip(
        graph.inputs, [openvino_topology.IMAGES, *shapes], strict=False
    )  # after them, seeds
    named = {tensor.name: name for tensor, name in inputs}
    for parameter in model.get_parameters():
        parameter.set_friendly_name(named[parameter.get_friendly_name()])
    # Keras' swish comes with outputs of its own, which would keep layers from being fused.
    probabilities = model.output(graph.outputs[0].name).get_node()
    model = openvino.Model([probabilities], model.get_parameters())
    openvino_topology.save(model, target)


@contextmanager
def _logging_kept() -> Iterator[None]:
    """OpenVINO turns warnings off while it converts, and where it fails not on again."""
    root = logging.getLogger()
    level, filters, handlers = root.level, root.filters[:], root.handlers[:]
    try:
        yield
    finally:
        root.setLevel(level)
        root.filters, root.handlers = filters, handlers


def _places(variables: Sequence[Any], weights: Path) -> dict[int, str]:
    """id of a network's variable -> path of its array in the checkpoint, found by its values.

    Raises KeyError where there is none with these values.
    """
    paths: dict[tuple[tuple[int, ...], bytes], str] = {}

    def remember(path: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
            paths[_identity(item[()])] = path

    with h5py.File(weights) as file:
        file.visititems(remember)
    return {id(variable): paths[_identity(variable)] for variable in variables}


def _identity(values: Any) -> tuple[tuple[int, ...], bytes]:
    array = np.asarray(values, np.float32)
    return array.shape, array.tobytes()


def with_sizes_from_the_input(network: Any) -> Any:
    """The same network, its weights shared, whose resizing takes sizes that only the input knows.

    Keras' own resizing wants numbers when the graph is built.
    """
    import keras
    import tensorflow as tf

    from segcore.models.blocks import ResizeTo

    class ResizeToInput(ResizeTo):
        def call(self, features: Any, reference: Any) -> Any:
            resized = tf.image.resize(features, tf.shape(reference)[1:3])
            return tf.cast(resized, self.compute_dtype)

    def clone(layer: Any) -> Any:
        is_resizing = isinstance(layer, ResizeTo)
        return ResizeToInput.from_config(layer.get_config()) if is_resizing else layer

    return keras.models.clone_model(network, clone_function=clone)


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), repr(error))
