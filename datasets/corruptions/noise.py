"""Noise corruptions, four kinds. `images`: float32 (n, h, w, c) in 0..1; the caller clips."""

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator

from bakeoff.datasets.corruptions.sampling import draw


def gaussian_noise(images: np.ndarray, deviation: float, generators: Sequence[Generator]) -> np.ndarray:
    """x + N(0, deviation^2): low light."""
    return images + deviation * _normal(images, generators)


def shot_noise(images: np.ndarray, photons: float, generators: Sequence[Generator]) -> np.ndarray:
    """Poisson(x * photons) / photons: light comes in quanta, `photons` of them for white."""
    counts = [generator.poisson(image * photons) for image, generator in zip(images, generators, strict=True)]
    return np.stack(counts).astype(np.float32) / photons


def impulse_noise(images: np.ndarray, share: float, generators: Sequence[Generator]) -> np.ndarray:
    """This share of the values becomes 0 or 1, as likely: bit errors."""
    chance = draw(generators, lambda generator: generator.random(images.shape[1:], dtype=np.float32))
    return np.where(chance < share / 2, 0, np.where(chance >= 1 - share / 2, 1, images)).astype(np.float32)


def speckle_noise(images: np.ndarray, deviation: float, generators: Sequence[Generator]) -> np.ndarray:
    """x + x N(0, deviation^2): the brighter, the noisier."""
    return images + images * deviation * _normal(images, generators)


def _normal(images: np.ndarray, generators: Sequence[Generator]) -> np.ndarray:
    return draw(generators, lambda generator: generator.standard_normal(images.shape[1:], dtype=np.float32))
