"""Sky: a gradient, clouds, the glow of the sun."""

import math

import numpy as np
from PIL import Image

from segcore.data.sources.streets.canvas import Canvas
from segcore.data.sources.streets.noise import tile
from segcore.labels import IDS


def draw_sky(canvas: Canvas, rng: np.random.Generator) -> None:
    """Fill the canvas above the horizon."""
    camera, light = canvas.camera, canvas.light
    rows = max(8, int(camera.horizon) // 4 + 2)
    columns = camera.width // 4
    height = np.linspace(1.0, 0.0, rows)[:, None, None]
    # math.pow and not NumPy's power, whose last bit depends on the processor.
    blend = np.array([math.pow(t, 0.7) for t in height[:, 0, 0]])[:, None, None]
    color = np.asarray(light.skyline) * (1 - blend) + np.asarray(light.zenith) * blend
    # Clouds lie on a plane overhead: rows near the horizon reach far out and look flat.
    reach = 1.0 / (height[:, 0, 0] + 0.16)
    v = (reach * 70).astype(int) + int(rng.integers(256))
    across = (np.arange(columns) - columns / 2) / columns
    u = (across[None, :] * (reach * 130)[:, None]).astype(int) + int(rng.integers(256))
    noise = tile(41 + int(rng.integers(3)), 2, 64, 0.55)[v[:, None] % 256, u % 256] / 255.0
    cover = np.clip((noise - (0.78 - 0.55 * light.cloud)) * 3.0, 0, 1)[..., None]
    white = np.asarray(light.skyline) * (0.86 + 0.3 * noise[..., None])
    sky = color * (1 - cover * 0.85) + white * cover * 0.85
    if light.sun > 0 and light.to_sun[2] > 0.1:
        u_sun = columns / 2 + camera.focal * light.to_sun[0] / light.to_sun[2] / 4
        v_sun = rows - camera.focal * light.to_sun[1] / light.to_sun[2] / 4
        y, x = np.mgrid[0:rows, 0:columns]
        far = np.sqrt((x - u_sun) ** 2 + (y - v_sun) ** 2) / columns
        glow = np.clip(1 - far * 1.6, 0, 1)[..., None] ** 2
        sky = sky + glow * np.asarray((150.0, 140.0, 110.0))
    small = Image.fromarray(np.clip(sky, 0, 255).astype(np.uint8))
    full = small.resize((camera.width, rows * 4), Image.Resampling.BILINEAR)
    canvas.image.paste(full, (0, math.floor(camera.horizon) - rows * 4 + 2))
    canvas.labels.paste(IDS["sky"], (0, 0, camera.width, math.floor(camera.horizon) + 2))
