"""Which engine a run is loaded into: Keras, the reference, or the one that serves it fastest."""

from segcore import settings
from segcore.prediction.engines import openvino_store
from segcore.prediction.engines.keras_engine import KerasEngine
from segcore.prediction.engines.onnx_engine import PRECISION, OnnxEngine
from segcore.prediction.engines.openvino_engine import OpenVINOEngine
from segcore.prediction.inference import Predictor
from segcore.runs import Run
from segcore.system import devices


def load_predictor(run: Run) -> Predictor:
    """The run's network in the engine that its scores are computed with.

    That is Keras, the reference; of a network from elsewhere OpenVINO, which reads it.

    Raises:
        RunError: it has no network, its weights are missing or not those that run.json names, or
            fit no such network.
        RecipeError, MissingPackageError: the network cannot be built here.
    """
    run.require_network("label an image")
    preprocessing = run.preprocessing
    if run.kind == "onnx":
        return Predictor(run, preprocessing, OnnxEngine(run))
    return Predictor(run, preprocessing, KerasEngine(run, preprocessing.input_size))


def load_fastest_predictor(run: Run) -> Predictor:
    """The run's network in the engine that serves it fastest, as far as that is known yet.

    `SEGCORE_ENGINE` sets it: keras or openvino. A converted checkpoint that does not agree with
    Keras is never used, whatever is set. Raises as `load_predictor`.
    """
    if run.kind == "trained" and serves_converted(run):
        folder, verdict = openvino_store.intact_folder(run), openvino_store.stored_verdict(run)
        if folder is not None and verdict is not None:
            engine = OpenVINOEngine(folder, verdict.precision)
            return Predictor(run, run.preprocessing, engine)
    return load_predictor(run)


def fastest_engine(run: Run) -> str:
    """Names what `load_fastest_predictor` would load now; raises as `serves_converted`."""
    if run.kind == "onnx":
        return f"{OnnxEngine.title} {PRECISION}"
    verdict = openvino_store.stored_verdict(run) if serves_converted(run) else None
    return KerasEngine.title if verdict is None else f"{OpenVINOEngine.title} {verdict.precision}"


def serves_converted(run: Run) -> bool:
    """Whether the run is served by OpenVINO, so that Keras is not needed.

    Raises SegcoreError where `SEGCORE_ENGINE` names no engine.
    """
    if run.kind != "trained":
        return run.kind == "onnx"
    if not _openvino_is_wanted():
        return False
    verdict = openvino_store.stored_verdict(run)
    if verdict is None or not verdict.agrees:
        return False
    return verdict.is_fast or settings.engine() == "openvino"


def may_be_converted(run: Run) -> bool:
    """Whether it is still to be found out if a converted checkpoint would serve the run.

    Raises as `serves_converted`.
    """
    if run.kind != "trained" or not _openvino_is_wanted():
        return False
    verdict = openvino_store.stored_verdict(run)
    if verdict is None:
        return True
    return verdict.agrees and (not verdict.is_fast or openvino_store.may_be_faster_here(verdict))


def _openvino_is_wanted() -> bool:
    setting = settings.engine()
    return setting == "openvino" or (setting is None and not devices.may_have_gpu())
