"""Masks that another program predicted, as a run: what is scored, and what is refused."""

import io
import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segcore import runs, settings
from segcore.cli import main
from segcore.data.preparation import native_samples
from segcore.data.sources import open_source
from segcore.errors import DataError, RunError
from segcore.evaluation import evaluate
from segcore.evaluation.comparison import compare
from segcore.evaluation.cost import measure_cost
from segcore.evaluation.predictions import predict_split
from segcore.evaluation.robustness import measure_robustness
from segcore.jobs.tasks import Scoring
from segcore.labels import CITYSCAPES, metrics
from segcore.labels.merges import merged
from segcore.prediction.export.exporting import export_network
from segcore.prediction.loading import load_fastest_predictor
from segcore.presentation.names import model_name
from segcore.presentation.report import make_report
from segcore.runs import Run
from segcore.runs.added_masks import add_masks
from segcore.runs.archives import export_run
from segcore.training.session import train
from tests.factories.fake_runs import make_run
from tests.factories.made_data import id_mask, noise, write_picture
from tests.factories.own_classes import space_of, write_plants
from tests.training.test_training import TINY

pytestmark = pytest.mark.usefixtures("networks_made_once")

PLANTS = [0, 1, 2, 3, 4]


@pytest.fixture
def plants(tmp_path: Path) -> str:
    return write_plants(tmp_path / "plants")


def write_masks(folder: Path, spec: str, ids: list[int], **options: object) -> Path:
    """A mask of these ids for each image of val."""
    for number, key in enumerate(native_samples(spec, "val").keys):
        write_picture(folder / f"{key}.png", id_mask(100 + number, 24, 32, ids), **options)
    return folder


def test_masks_are_scored_as_counted_by_hand(plants: str, tmp_path: Path) -> None:
    folder = write_masks(tmp_path / "masks", plants, PLANTS)
    run = add_masks(folder, plants, "val", "SegFormer B2")
    assert (run.kind, run.label_space, run.notes) == ("masks", space_of(plants), [])
    assert model_name(run) == "SegFormer B2" and runs.list_runs() == [run]

    found = evaluate(run, plants, "val")
    samples, matrix = native_samples(plants, "val"), 0
    for index, key in enumerate(samples.keys):
        mask = np.asarray(Image.open(folder / f"{key}.png"))
        matrix += metrics.confusion_matrix(samples[index].mask, mask, space_of(plants))
    assert (found.matrix == matrix).all() and found.is_complete
    assert found.scores.mean_iou == metrics.mean_iou(matrix)
    assert found.report()["ece"] is None and not found.has_confidence

    stored = predict_split(run, plants, "val")
    assert (stored.labels(samples.keys[0]) == np.asarray(Image.open(folder / "bed0_000.png"))).all()
    network = make_run(space=space_of(plants), spec=plants)
    other = evaluate(network, plants, "val")
    assert compare(found, other).mean_iou.interval is not None
    report = make_report((run, found), (network, other))
    assert b"SegFormer B2" in report.html()


@pytest.mark.parametrize("numbering", ["labels", "camvid", "train"])
def test_other_numberings_of_cityscapes_classes_are_told(
    numbering: str, camvid: Path, tmp_path: Path
) -> None:
    spec = f"camvid:{camvid}"
    names = ["road", "building", "sky", "vegetation", "car", "person"]
    ids = {
        "labels": [CITYSCAPES.ids[name] for name in names],
        "camvid": [3, 1, 0, 5, 8, 9],
        "train": [CITYSCAPES.evaluated_ids.index(CITYSCAPES.ids[name]) for name in names],
    }[numbering]
    run = add_masks(write_masks(tmp_path / "masks", spec, ids), spec, "val", "Other")
    assert bool(run.notes) == (numbering != "labels")
    expected = np.zeros(256, np.uint8)
    expected[ids] = [CITYSCAPES.ids[name] for name in names]
    key = native_samples(spec, "val").keys[0]
    mask = expected[np.asarray(Image.open(tmp_path / "masks" / f"{key}.png"))]
    labels = predict_split(run, spec, "val").labels(key)
    assert (labels == merged(mask, open_source(spec).merges)).all()


def palette_of(mask: np.ndarray) -> Image.Image:
    picture = Image.fromarray(mask).convert("P")
    picture.putdata(mask.ravel().tolist())
    picture.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0, 0, 0, 128])
    return picture


@pytest.mark.parametrize("made", [palette_of, lambda mask: Image.fromarray(mask.astype(np.uint16))])
def test_any_png_of_ids(made: Callable[[np.ndarray], Image.Image], plants: str, tmp_path) -> None:
    expected = add_masks(write_masks(tmp_path / "plain", plants, PLANTS), plants, "val", "Plain")
    for path in (tmp_path / "plain").iterdir():
        target = tmp_path / "odd" / "deep" / f"{path.stem}_labelIds.PNG"
        target.parent.mkdir(parents=True, exist_ok=True)
        made(np.asarray(Image.open(path))).save(target, format="PNG")
        write_picture(tmp_path / "odd" / "deep" / f"{path.stem}_color.png", noise(0, 24, 32))
    run = add_masks(tmp_path / "odd", plants, "val", "Odd")
    assert run.weights_hash == expected.weights_hash


def bomb() -> bytes:
    """A PNG that says it has 60,000 x 60,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    data = zlib.compress(b"\0" * 1_000_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def png(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG")
    return buffer.getvalue()


MASK = id_mask(0, 24, 32, PLANTS)
REFUSED = {
    "missing": (None, "has no mask of bed3_003: every image of val needs one"),
    "size": (png(MASK[:12]), "is 32x12 pixels, its image 32x24"),
    "id": (png(MASK + 5), "holds the id 5, which is no class of plants"),
    "no label": (png(np.where(MASK == 0, 255, MASK).astype(np.uint8)), "holds the id 255"),
    "deep": (png(MASK.astype(np.uint16) * 100), "holds the id 400: ids go up to 255"),
    "colours": (png(noise(0, 24, 32)), "holds colours"),
    "text": (b"no picture", "is no PNG file"),
    "cut off": (png(MASK)[:60], "is damaged or incomplete"),
    "empty": (b"", "is empty"),
    "bomb": (bomb(), "more than 64 megapixels"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_named(case: str, plants: str, tmp_path: Path) -> None:
    content, said = REFUSED[case]
    folder = write_masks(tmp_path / "masks", plants, PLANTS)
    path = folder / "bed3_003.png"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        add_masks(folder, plants, "val", "Other")
    assert said in str(caught.value) and str(folder if content is None else path) in str(
        caught.value
    )
    assert "\n" not in str(caught.value)
    assert not settings.runs_dir().exists()


def test_names_and_folders_that_cannot_be_used(plants: str, tmp_path: Path) -> None:
    folder = write_masks(tmp_path / "masks", plants, PLANTS)
    for name in ("", "  ", "<b>x</b>", "x" * 61):
        with pytest.raises(RunError, match="cannot be a name"):
            add_masks(folder, plants, "val", name)
    with pytest.raises(DataError, match="is no folder"):
        add_masks(tmp_path / "nowhere", plants, "val", "Other")


@pytest.fixture
def run(plants: str, tmp_path: Path) -> Run:
    return add_masks(write_masks(tmp_path / "masks", plants, PLANTS), plants, "val", "Other")


def test_only_its_own_images_are_scored(run: Run, plants: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds masks of val of .*not of train"):
        evaluate(run, plants, "train")
    write_picture(tmp_path / "plants" / "val" / "images" / "bed0_000.png", noise(77, 24, 32))
    with pytest.raises(DataError, match="holds masks of val of .*as that was when"):
        evaluate(run, plants, "val")


def test_a_damaged_file_is_told(run: Run, plants: str) -> None:
    Scoring(run.name, plants).checked()
    (run.path / "masks.zip").write_bytes(b"something else")
    with pytest.raises(RunError, match=r"masks\.zip does not match its hash"):
        evaluate(run, plants, "val")


def test_what_needs_a_network_says_so(run: Run, plants: str, tmp_path: Path) -> None:
    for attempt in (
        lambda: load_fastest_predictor(run),
        lambda: measure_cost(run),
        lambda: measure_robustness(run, plants, "val"),
        lambda: evaluate(run, plants, "val", augmented=True),
        lambda: export_run(run, tmp_path / "run.zip"),
        lambda: export_network(run, "onnx", tmp_path / "run.zip"),
        lambda: runs.promote(run),
        lambda: train(TINY, plants, start_from=run.name),
    ):
        with pytest.raises(RunError, match="holds masks of one split and no network, so it cannot"):
            attempt()


def test_by_the_command_line(plants: str, tmp_path: Path, capsys) -> None:
    folder = write_masks(tmp_path / "masks", plants, PLANTS)
    what = ["--data", plants, "--split", "val"]
    assert main(["runs", "add-masks", str(folder), *what, "--name", "SegFormer"]) == 0
    (run,) = runs.list_runs()
    assert capsys.readouterr().out == f"added {run.name}\n"
    assert main(["evaluate", "--run", run.name, *what, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ece"] is None
    assert main(["runs", "list"]) == 0
    assert "SegFormer" in capsys.readouterr().out
    assert main(["cost", "--run", run.name]) == 2
    assert "no network" in capsys.readouterr().err
