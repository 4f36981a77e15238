"""Exercise: histograms of oriented gradients. Check it with `bakeoff exercise hog FILE`."""

import numpy as np


def hog_cells(gray: np.ndarray, cell_size: int = 8, n_bins: int = 9) -> np.ndarray:
    """Gradients of a picture (height, width) by np.gradient, summed by cell and direction: (rows, columns, n_bins).

    Each adds its length to the bin floor(angle / pi * n_bins) of its angle in 0..pi. Sides are multiples of the cell.
    """
    raise NotImplementedError("compute the histograms")
