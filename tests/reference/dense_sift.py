"""Dense SIFT one pixel at a time: every gradient votes into the bins around it."""

import math

import numpy as np


def dense_sift(
    gray: np.ndarray, bin_size: int, stride: int, window: str, root: bool, regularizer: float = 0
) -> np.ndarray:
    """gray: (height, width).   Returns float64 (n_keypoints, 128)."""
    height, width = gray.shape
    gradients = np.gradient(gray.astype(np.float64))
    footprint = 3 * bin_size + 1
    return np.stack(
        [
            normalize(histograms(*gradients, left, top, bin_size, window).ravel(), root, regularizer)
            for top in range(0, height - footprint + 1, stride)
            for left in range(0, width - footprint + 1, stride)
        ]
    )


def histograms(
    gradient_y: np.ndarray, gradient_x: np.ndarray, left: int, top: int, bin_size: int, window: str
) -> np.ndarray:
    """(4, 4, 8): bin y, bin x, orientation, of the descriptor whose first bin is centered on pixel (left, top)."""
    result = np.zeros((4, 4, 8))
    for (y, x), dx in np.ndenumerate(gradient_x):
        dy = gradient_y[y, x]
        column, row = (x - left) / bin_size, (y - top) / bin_size  # in bins: bin centers lie at 0, 1, 2, 3
        vote = math.hypot(dx, dy) / bin_size**2
        if window == "gaussian":
            vote *= math.exp(-((column - 1.5) ** 2 + (row - 1.5) ** 2) / (2 * 2.0**2))
        direction = math.atan2(dy, dx) / (math.pi / 4)
        for bin_y in range(4):
            for bin_x in range(4):
                share = triangle(row - bin_y) * triangle(column - bin_x)
                for orientation in range(8):
                    apart = abs((direction - orientation + 4) % 8 - 4)
                    result[bin_y, bin_x, orientation] += vote * share * triangle(apart)
    return result


def triangle(distance: float) -> float:
    return max(0.0, 1 - abs(distance))


def normalize(histogram: np.ndarray, root: bool, regularizer: float) -> np.ndarray:
    length = np.linalg.norm(histogram)
    if length <= 0.01:
        return np.zeros_like(histogram)
    clipped = np.minimum(histogram / (length + regularizer), 0.2)
    softness = 0.3 if regularizer else 0
    return np.sqrt(clipped / (clipped.sum() + softness)) if root else clipped / (np.linalg.norm(clipped) + softness)
