"""Pictures with large and small shapes in color, as photographs have, but made at once."""

import numpy as np
from scipy.ndimage import gaussian_filter

from bakeoff.datasets.corruptions.corrupt import CORRUPTIONS
from bakeoff.datasets.corruptions.corrupt import corrupt as corrupt_all


def make_pictures(n: int = 20) -> np.ndarray:
    """uint8 (n, 32, 32, 3): smooth noise of four scales, the larger the stronger."""
    random = np.random.default_rng(0)
    total = np.full((n, 32, 32, 3), 128.0)
    for sigma, strength in ((6, 45), (3, 25), (1.5, 12), (0.7, 6)):
        field = gaussian_filter(random.standard_normal(total.shape), (0, sigma, sigma, 0))
        total += strength * field / field.std()
    return np.rint(total.clip(0, 255)).astype(np.uint8)


def corrupt(images: np.ndarray, name: str, amount: float, **more) -> np.ndarray:
    """By the name of a corruption."""
    return corrupt_all(images, next(one for one in CORRUPTIONS if one.name == name), amount, **more)
