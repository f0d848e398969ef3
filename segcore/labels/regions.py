"""Connected regions of one label in a mask."""

import cc3d
import numpy as np


def connected_regions(mask: np.ndarray) -> np.ndarray:
    """(H, W) uint8 labels -> (H, W) number of the region that a pixel is in, from 1 on.

    A region's pixels have one label and touch by a side or a corner.
    """
    # 0 would be background to the library.
    regions: np.ndarray = cc3d.connected_components(mask.astype(np.uint16) + 1, connectivity=8)
    return regions
