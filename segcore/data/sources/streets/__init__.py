"""Rendered street scenes: `StreetsSource`, or `render_scene` for any seed and size."""

from segcore.data.sources.streets.scene import render_scene
from segcore.data.sources.streets.source import StreetsSource

__all__ = ["StreetsSource", "render_scene"]
