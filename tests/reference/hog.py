"""HOG pixel by pixel, as Dalal and Triggs describe it, with the choices of scikit-image; signed directions too."""

import math

import numpy as np


def hog(image: np.ndarray, n_orientations: int, cell_size: int, block_size: int, signed: bool) -> np.ndarray:
    """image: (height, width, channels).   Returns float64, flat: block y, block x, cell y, cell x, orientation."""
    cells = cell_histograms(image.astype(np.float64), n_orientations, cell_size, signed)
    blocks_y, blocks_x = cells.shape[0] - block_size + 1, cells.shape[1] - block_size + 1
    blocks = [
        normalize(cells[y : y + block_size, x : x + block_size]) for y in range(blocks_y) for x in range(blocks_x)
    ]
    return np.concatenate([block.ravel() for block in blocks])


def cell_histograms(image: np.ndarray, n_orientations: int, cell_size: int, signed: bool) -> np.ndarray:
    height, width, _ = image.shape
    cells = np.zeros((height // cell_size, width // cell_size, n_orientations))
    full_turn = 360 if signed else 180
    for y in range(cells.shape[0] * cell_size):
        for x in range(cells.shape[1] * cell_size):
            derivative_x, derivative_y = steepest_gradient(image, x, y)
            degrees = math.degrees(math.atan2(derivative_y, derivative_x)) % full_turn
            orientation = int(degrees / (full_turn / n_orientations))
            cells[y // cell_size, x // cell_size, orientation] += math.hypot(derivative_x, derivative_y)
    return cells / cell_size**2


def steepest_gradient(image: np.ndarray, x: int, y: int) -> tuple[float, float]:
    height, width, channels = image.shape
    gradients = [
        (
            image[y, x + 1, c] - image[y, x - 1, c] if 0 < x < width - 1 else 0.0,
            image[y + 1, x, c] - image[y - 1, x, c] if 0 < y < height - 1 else 0.0,
        )
        for c in range(channels)
    ]
    return max(gradients, key=lambda gradient: math.hypot(*gradient))


def normalize(block: np.ndarray, epsilon: float = 1e-5) -> np.ndarray:
    block = block / math.sqrt((block**2).sum() + epsilon**2)
    block = np.minimum(block, 0.2)
    return block / math.sqrt((block**2).sum() + epsilon**2)
