"""One training on several GPUs, which share each batch."""

import contextlib
from collections.abc import Iterator

from segcore.system import devices


def replicas(batch_size: int) -> int:
    """How many of the GPUs share a batch of that size evenly; 1 without a GPU."""
    return max(n for n in range(1, max(1, len(devices.gpus())) + 1) if batch_size % n == 0)


@contextlib.contextmanager
def shared_by(count: int) -> Iterator[None]:
    """Networks built inside are copied to `count` GPUs, which share each batch (data parallel)."""
    import keras

    if count == 1:
        yield
    elif keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        with tf.distribute.MirroredStrategy(devices.gpus()[:count]).scope():
            yield
    else:
        spread = keras.distribution.DataParallel(devices=devices.gpus()[:count])
        with spread.scope():
            yield
