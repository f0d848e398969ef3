"""A network's stages, from the image to the labels, as its options make them: what a drawing shows.

Known without building the network: loads neither Keras nor TensorFlow.
"""

from dataclasses import dataclass

ENCODER, ATTENTION, DECODER = "encoder", "attention", "decoder"


@dataclass(frozen=True)
class Stage:
    """Layers that work at one resolution.

    Attributes:
        layer: the last of them, by its name in the network; of a backbone None.
        part: ENCODER, ATTENTION or DECODER.
        channels: of its features.
        stride: input pixels per position, each way.
        skip: the number of the stage whose features it is given as well.
        is_backbone: whether it can begin with weights of ImageNet.
        is_parallel: whether it works beside the stage before, on the same features.
    """

    name: str
    layer: str | None
    part: str
    channels: int
    stride: int
    skip: int | None = None
    is_backbone: bool = False
    is_parallel: bool = False
