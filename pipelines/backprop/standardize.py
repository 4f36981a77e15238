"""Pixels as a net likes them: each color channel with mean 0 and standard deviation 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


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
    """From sums of whole numbers, so that no float copy of all pictures is made. Constant channels keep their scale."""
    histograms = [np.bincount(images[..., channel].ravel(), minlength=256) for channel in range(images.shape[3])]
    levels, shares = np.arange(256), np.array(histograms) / np.sum(histograms[0])  # (channels, 256)
    mean = shares @ levels
    deviation = np.sqrt(shares @ levels**2 - mean**2)
    return Standardizer(mean.astype(np.float32), np.where(deviation > 0, deviation, 1).astype(np.float32))
