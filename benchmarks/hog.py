"""HOG against scikit-image, at the sizes of CIFAR pictures and of photographs."""

from functools import partial

import numpy as np
import torch
from skimage.feature import hog

from bakeoff.benchmarks.bench import Measurement, compare
from bakeoff.pipelines.classic.features.hog import extract_hog

# side in pixels, cell in pixels, pictures that we extract a call, pictures that the peer extracts a call
SETTINGS = ((32, 4, 1024, 32), (32, 8, 1024, 64), (256, 8, 32, 2))


def measure(side: int, cell_size: int, n_ours: int, n_peer: int) -> Measurement:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (n_ours, side, side, 3), generator=generator, dtype=torch.uint8)
    settings = {"pixels_per_cell": (cell_size, cell_size), "cells_per_block": (2, 2), "channel_axis": -1}
    return compare(
        f"HOG, {side} x {side} RGB, 9 orientations, cells of {cell_size} px: pictures",
        partial(extract_hog, images, cell_size=cell_size),
        "skimage.feature.hog",
        lambda: np.stack([hog(picture, **settings) for picture in images[:n_peer].numpy()]),
        lambda found, theirs: np.abs(found[:n_peer].numpy() - theirs).max(),
        units=(n_ours, n_peer),
    )
