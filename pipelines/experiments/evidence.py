"""Evidence for any model's answer: occlusion maps, how far the score falls where a picture is covered, and neighbors.

Source: Zeiler, Fergus, "Visualizing and understanding convolutional networks", ECCV 2014, section 4.2.
Differs: windows overlap, and a cell is the mean over the windows that cover it.
"""

from collections.abc import Callable

import numpy as np
from sklearn.preprocessing import normalize

N_CELLS = 8  # cells a side of a map; a window is 2 cells wide


def occlusion_maps(
    predict_scores: Callable[[np.ndarray], np.ndarray],
    images: np.ndarray,
    classes: np.ndarray,
    color: np.ndarray,
    n_cells: int = N_CELLS,
) -> np.ndarray:
    """float64 (n, n_cells, n_cells): how far the class's score falls where the picture is covered.

    The score is the class's own less the mean over all classes, for what is added to all of them changes no answer.

    images: uint8 (n, height, width, channels), at least n_cells pixels a side.   classes: int (n,).
    color: (channels,), of the windows that cover, in 0..255.
    """
    n = len(images)
    windows = [(row, column) for row in range(n_cells - 1) for column in range(n_cells - 1)]
    rows, columns = (cell_edges(side, n_cells) for side in images.shape[1:3])
    covered = np.repeat(images[:, None], len(windows), axis=1)
    for i, (row, column) in enumerate(windows):  # 2 x 2 cells each
        covered[:, i, rows[row] : rows[row + 2], columns[column] : columns[column + 2]] = np.rint(color)
    scores = predict_scores(np.concatenate([images, covered.reshape(-1, *images.shape[1:])]))
    centered = scores.astype(np.float64) - scores.mean(axis=1, keepdims=True)
    before = centered[np.arange(n), classes]
    after = np.take_along_axis(centered[n:].reshape(n, len(windows), -1), classes[:, None, None], axis=2)[:, :, 0]
    total, n_covering = np.zeros((n, n_cells, n_cells)), np.zeros((n_cells, n_cells))
    for (row, column), fall in zip(windows, (before[:, None] - after).T, strict=True):
        total[:, row : row + 2, column : column + 2] += fall[:, None, None]
        n_covering[row : row + 2, column : column + 2] += 1
    return total / n_covering


def cell_edges(side: int, n_cells: int) -> np.ndarray:
    """int64 (n_cells + 1,): where the cells of a side begin, and its end. Raises ValueError if a cell is empty."""
    if side < n_cells:
        raise ValueError(f"side must be at least {n_cells} pixels for as many cells, got {side}")
    return np.rint(np.linspace(0, side, n_cells + 1)).astype(np.int64)


def nearest(queries: np.ndarray, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k vectors, in a model's representation of pictures, of the largest cosine to each query, the nearest first.

    queries: (n, d).   vectors: (m, d) with m >= k; a row of zeros has the cosine 0.
    Returns (int64 (n, k) rows of vectors, float (n, k) cosines).
    """
    cosines = normalize(queries) @ normalize(vectors).T
    order = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
    return order, np.take_along_axis(cosines, order, axis=1)
