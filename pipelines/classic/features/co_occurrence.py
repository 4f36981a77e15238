"""Texture properties of gray-level co-occurrence matrices (Haralick, Shanmugam, Dinstein, 1973), by scikit-image."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.special import entr
from skimage.feature import graycomatrix, graycoprops
from torch import Tensor

from bakeoff.pipelines.classic.features.grid import check_window_fits
from bakeoff.pipelines.classic.features.planes import luminance, picture_size, to_planes

ANGLES = tuple(math.pi * quarter / 4 for quarter in range(4))  # the matrices are symmetric: the other half is the same
PROPERTIES = ("contrast", "dissimilarity", "homogeneity", "ASM", "correlation")  # and the entropy


def extract_co_occurrence(images: Tensor, *, distances: tuple[int, ...] = (1, 2, 4), n_levels: int = 16) -> Tensor:
    """How the gray levels of two pixels go together that lie so far apart, in each of four directions.

    images: uint8 or float32 (n, height, width, channels), 0..255; taken as luminance in n_levels equal steps.
    distances: pixels, along the diagonals as well, where rows and columns are rounded.   n_levels: at most 256.
    Returns float32 (n, 6 * n_distances * 4), each in its own unit: PROPERTIES, then the entropy in nats, each by
    distance and angle.
    Raises ValueError for pictures no larger than a distance, and for non-finite values.
    """
    check_window_fits(*picture_size(images), max(distances) + 1)
    gray = luminance(to_planes(images)).mul_(n_levels / 256).clamp_(0, n_levels - 1).byte().numpy()
    rows = [_properties(picture, distances, n_levels) for picture in gray]
    return torch.from_numpy(np.array(rows, np.float32).reshape(len(rows), -1 if rows else 6 * len(distances) * 4))


def _properties(picture: np.ndarray, distances: tuple[int, ...], n_levels: int) -> np.ndarray:
    """float64 (6, n_distances, 4)."""
    matrices = graycomatrix(picture, distances, ANGLES, levels=n_levels, symmetric=True, normed=True)
    return np.stack([*(graycoprops(matrices, name) for name in PROPERTIES), entr(matrices).sum(axis=(0, 1))])
