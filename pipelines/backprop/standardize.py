"""Standardization of pixels: each color channel with mean 0 and standard deviation 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bakeoff.datasets.chosen_pictures import blocks_of


@dataclass(frozen=True)
class Standardizer:
    """Mean and standard deviation of each color channel, over all pixels of the training pictures."""

    mean: np.ndarray
    deviation: np.ndarray

    def apply(self, images: np.ndarray) -> np.ndarray:
        """uint8 (n, height, width, channels) -> float32 (n, height * width * channels), zero mean, unit deviation."""
        pixels = images.astype(np.float32)
        pixels -= self.mean
        pixels /= self.deviation
        return pixels.reshape(len(images), -1)


def fit_standardizer(images: np.ndarray) -> Standardizer:
    """From counts of whole numbers, a block of pictures at a time. Constant channels keep their scale."""
    counts = np.zeros((images.shape[3], 256), dtype=np.int64)
    for _, block in blocks_of(images):
        counts += [np.bincount(block[..., channel].ravel(), minlength=256) for channel in range(len(counts))]
    levels, shares = np.arange(256), counts / counts[0].sum()  # (channels, 256)
    mean = shares @ levels
    deviation = np.sqrt(shares @ levels**2 - mean**2)
    return Standardizer(mean.astype(np.float32), np.where(deviation > 0, deviation, 1).astype(np.float32))
