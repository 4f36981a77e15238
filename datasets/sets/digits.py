"""`digits`: the handwritten digits that come with scikit-learn, enlarged so that local features have room."""

import numpy as np
from scipy.ndimage import zoom

from bakeoff.datasets.dataset import Dataset, Split, named
from bakeoff.datasets.splits import stratified_split

SHARES = {"train": 0.6, "validation": 0.15, "test": 0.25}
ENLARGEMENT = 4  # 8x8 -> 32x32: the least that gives a SIFT or HOG grid several cells
DESCRIPTION = (
    "Which digit is it? 1,797 handwritten digits (UCI Optical Recognition of Handwritten Digits, the part that comes "
    "with scikit-learn), 8x8 pixels, enlarged to 32x32 gray pixels by bilinear interpolation. A small and easy task: "
    "good for a first try, too easy to tell strong methods apart, and without color. The same writers may be in "
    "training and test."
)


@named("digits")
def load_digits() -> Dataset:
    """1,069 / 276 / 452 gray pictures of 32x32, split within each class; the same every time."""
    from sklearn.datasets import load_digits as load_small_digits  # takes a second: here, nobody else waits for it

    bunch = load_small_digits()
    images = enlarge(bunch.images * (255 / 16))[..., None]  # 17 gray levels: 0..16
    every = Split(images, bunch.target.astype(np.int64))
    chosen = stratified_split(every.labels, SHARES)
    return Dataset(
        "digits",
        tuple(str(digit) for digit in range(10)),
        train=every.take(chosen["train"]),
        validation=every.take(chosen["validation"]),
        test=every.take(chosen["test"]),
        description=DESCRIPTION,
        split_by_us=True,
    )


def enlarge(images: np.ndarray) -> np.ndarray:
    """Enlarge four times by bilinear interpolation between pixel centers (edges repeated), rounded to uint8.

    images: float (n, height, width) in 0..255.   Returns uint8 (n, 4 * height, 4 * width).
    """
    factors = (1, ENLARGEMENT, ENLARGEMENT)
    return np.rint(zoom(images, factors, order=1, mode="nearest", grid_mode=True)).astype(np.uint8)
