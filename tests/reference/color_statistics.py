"""Local color statistics, one sub-region at a time."""

import numpy as np


def color_statistics(image: np.ndarray, cell_size: int, stride: int) -> np.ndarray:
    """image: (height, width, 3).   Returns float64 (n_patches, 96)."""
    height, width, _ = image.shape
    patch_size = 4 * cell_size
    patches = [
        image[top : top + patch_size, left : left + patch_size].astype(np.float64)
        for top in range(0, height - patch_size + 1, stride)
        for left in range(0, width - patch_size + 1, stride)
    ]
    return np.stack([patch_statistics(patch, cell_size) for patch in patches])


def patch_statistics(patch: np.ndarray, cell_size: int) -> np.ndarray:
    numbers = []
    for row in range(4):
        for column in range(4):
            cell = patch[row * cell_size : (row + 1) * cell_size, column * cell_size : (column + 1) * cell_size]
            numbers += [*cell.mean((0, 1)), *cell.std((0, 1))]
    return np.array(numbers)
