"""Augmentation one pixel at a time, for tests."""

import numpy as np


def flip(images: np.ndarray, mirrored: np.ndarray) -> np.ndarray:
    result = images.copy()
    for i in np.flatnonzero(mirrored):
        result[i] = images[i, :, :, ::-1]
    return result


def shift(images: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Pad by reflection, then crop."""
    largest = int(np.abs(shifts).max())
    _, _, height, width = images.shape
    result = np.empty_like(images)
    for i, (down, right) in enumerate(shifts):
        padded = np.pad(images[i], ((0, 0), (largest, largest), (largest, largest)), mode="reflect")
        top, left = largest + down, largest + right
        result[i] = padded[:, top : top + height, left : left + width]
    return result
