"""Rendered street scenes: `StreetsSource`, or `render_scene` for any seed and size."""

from segcore.sources.streets.scene import render_scene
from segcore.sources.streets.source import StreetsSource

__all__ = ["StreetsSource", "render_scene"]
