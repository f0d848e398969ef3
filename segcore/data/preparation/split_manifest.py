"""What manifest.json of a prepared split says, and its progress while it is being built."""

import json
from typing import Any

import msgspec

from segcore.images.resizing import Size


class SplitManifest(msgspec.Struct, frozen=True):
    """Attributes:
    sizes: (H, W) of each image; None in what an earlier version prepared.
    truth_bytes: length of each mask in truths.npy.
    is_native: the arrays hold the samples at their own resolution.
    masked: the split has masks.
    health: as `HealthReport.to_json` has it.
    """

    keys: list[str]
    sequences: list[str]
    is_native: bool
    masked: bool
    health: dict[str, Any]
    sizes: list[Size] | None = None
    truth_bytes: list[int] = []


def parse_split_manifest(text: str) -> SplitManifest:
    """Raises ValueError: it does not fit."""
    return msgspec.convert(json.loads(text), SplitManifest)  # keys may hold what msgspec refuses
