"""What is drawn of a network is what is built."""

import keras
import pytest

from segcore.models import spec_of
from segcore.models.backbones import build_backbone
from segcore.models.drawing_stages import Stage

SIDE = 64


def stages_of(model: str, options: dict[str, object]) -> list[Stage]:
    stages = spec_of(model).stages
    assert stages is not None
    return stages(options)


def check(model: keras.Model, stage: Stage, layer: str) -> None:
    _, height, width, channels = model.get_layer(layer).output.shape
    assert (height, width, channels) == (SIDE // stage.stride, SIDE // stage.stride, stage.channels)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("unet", {}),
        ("unet", {"width": 24, "depth": 3, "stem_width": 16}),
        ("danet", {"backbone": "efficientnet-lite2", "attention_channels": 32}),
        ("danet", {"backbone": "efficientnet-lite2", "output_stride": 8, "decoder": False}),
    ],
)
def test_the_drawn_stages_have_the_networks_channels_and_resolutions(
    name: str, options: dict[str, object]
) -> None:
    model = spec_of(name).build((SIDE, SIDE), 5, **options)
    named = [(stage, stage.layer) for stage in stages_of(name, options) if stage.layer]
    assert named
    for stage, layer in named:
        check(model, stage, layer)


@pytest.mark.parametrize("backbone", ["efficientnet-lite2", "efficientnet-b3"])
def test_the_drawn_blocks_are_the_backbones(backbone: str) -> None:
    features = build_backbone(backbone, (SIDE, SIDE), output_stride=16, weights="none").output
    drawn = {stage.name: stage for stage in stages_of("danet", {"backbone": backbone})}
    for block in ("block2", "block3", "block7"):
        stage = drawn[block.replace("block", "block ")]
        assert features[block].shape[1:] == (
            SIDE // stage.stride, SIDE // stage.stride, stage.channels
        )  # fmt: skip


def test_a_skip_comes_from_a_stage_of_the_same_resolution() -> None:
    for model, options in (("unet", {"stem_width": 8}), ("danet", {})):
        stages = stages_of(model, options)
        skips = [(stage, stages[stage.skip]) for stage in stages if stage.skip is not None]
        assert skips and all(stage.stride == source.stride for stage, source in skips)
