"""Images per second of a training: does the input pipeline keep the network busy?

    python -m benchmarks.training --data camvid:DIR

Each recipe's step is timed on the real batches and on one constant batch, by turns; the ratio says
what reading and augmenting cost. With TensorFlow Advanced Segmentation Models on the path, its
DANet is also trained the way its examples do it: a generator that decodes each file again, one-hot
masks, eager steps; on the same images, in the same run.
"""

import importlib.util
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace

from benchmarks.figures import Figure, figure_of, parser_of, tell
from segcore.system.allocator import keep_freed_memory

PEER = "tensorflow_advanced_segmentation_models"
PEER_SIZE = (256, 256)


def measure(
    recipe_name: str, spec: str, steps: int, rounds: int
) -> tuple[list[float], list[float]]:
    """(real pipeline, constant batch), each in images a second, in each round."""
    import keras

    from segcore.data.preparation import prepare
    from segcore.data.sources import open_source
    from segcore.recipes import get_recipe
    from segcore.training.session import Session

    class Constant(keras.utils.PyDataset):
        def __len__(self) -> int:
            return steps

        def __getitem__(self, step: int) -> tuple:
            return batch

    recipe = replace(get_recipe(recipe_name), steps_per_epoch=steps)
    size = recipe.size_for(open_source(spec).default_size)
    prepared = prepare(spec, size, ("train", "val"), mode=recipe.mode)
    session = Session(recipe, [prepared], None)
    batch = session.batches(1)[0]
    session.model.fit(Constant(), verbose=0)  # compiles, and settles the caches
    real, constant = [], []
    for number in range(rounds):
        for found, batches in ((real, session.batches(number + 1)), (constant, Constant())):
            started = time.perf_counter()
            session.model.fit(batches, verbose=0)
            found.append(steps * recipe.batch_size / (time.perf_counter() - started))
    return real, constant


def measure_peer(spec: str, batch_size: int, steps: int) -> float:
    """Images a second of the library's DANet, trained as its examples do."""
    import keras
    import numpy as np

    from segcore.data.sources import open_source
    from segcore.images import resize_image, resize_labels
    from segcore.labels import CITYSCAPES
    from segcore.models import build_model

    model = build_model("danet-tasm", input_size=PEER_SIZE, backbone_weights="none")
    model.compile(
        optimizer=keras.optimizers.SGD(0.2, momentum=0.9),
        loss=keras.losses.CategoricalFocalCrossentropy(from_logits=True),
        run_eagerly=True,  # as in the library's examples
    )
    source = open_source(spec)

    def generator() -> Iterator[tuple]:
        items = source.items("train")
        place = 0
        while True:
            images, masks = [], []
            for _ in range(batch_size):
                sample = source.read(items[place % len(items)])
                place += 1
                ids = resize_labels(sample.mask, PEER_SIZE)
                images.append(resize_image(sample.image, PEER_SIZE).astype(np.float32))
                masks.append(np.eye(256, dtype=np.float32)[ids][..., : CITYSCAPES.num_classes])
            yield np.stack(images), {"logits": np.stack(masks)}

    batches = generator()
    model.fit(batches, steps_per_epoch=1, verbose=0)
    started = time.perf_counter()
    model.fit(batches, steps_per_epoch=steps, verbose=0)
    return steps * batch_size / (time.perf_counter() - started)


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--recipes", nargs="+", default=["tuned-unet", "tuned-danet"])
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    figures = []
    for name in options.recipes:
        real, constant = measure(name, options.data, options.steps, options.rounds)
        ratios = [with_data / without for with_data, without in zip(real, constant, strict=True)]
        figures += [
            figure_of(f"{name}: real pipeline / one batch", ratios, wanted="0.9 or more"),
            figure_of(f"{name}: real pipeline", real, "images/s"),
        ]
    if importlib.util.find_spec(PEER) is None:
        print(f"{PEER} is not installed: its way is left out")
    else:
        peer = measure_peer(options.data, batch_size=4, steps=options.steps)
        ours = statistics.median(real)
        figures += [
            Figure("the library's DANet, its examples' way, 256x256", peer, "images/s"),
            Figure(f"{options.recipes[-1]} / that", ours / peer),
        ]
    tell(figures, options.json)


if __name__ == "__main__":
    keep_freed_memory()
    main()
