"""Haralick's properties of gray-level co-occurrence, by loops over pairs of pixels."""

import math

import numpy as np


def co_occurrence_properties(image: np.ndarray, distances: tuple[int, ...], n_levels: int) -> np.ndarray:
    """image: uint8 (h, w, 3). Returns float64 (6 * n_distances * 4,): by property, distance, angle."""
    gray = image @ np.array([0.299, 0.587, 0.114])
    levels = np.minimum(gray * n_levels / 256, n_levels - 1).astype(int)
    angles = [quarter * math.pi / 4 for quarter in range(4)]
    rows = [
        [_properties(levels, n_levels, round(d * math.sin(angle)), round(d * math.cos(angle))) for angle in angles]
        for d in distances
    ]
    return np.array(rows).transpose(2, 0, 1).flatten()


def _properties(levels: np.ndarray, n_levels: int, dy: int, dx: int) -> list[float]:
    height, width = levels.shape
    shares = np.zeros((n_levels, n_levels))
    for y in range(height):
        for x in range(width):
            if 0 <= y + dy < height and 0 <= x + dx < width:
                shares[levels[y, x], levels[y + dy, x + dx]] += 1
                shares[levels[y + dy, x + dx], levels[y, x]] += 1
    shares /= shares.sum()
    contrast = dissimilarity = homogeneity = squares = entropy = mean = second = product = 0.0
    for i in range(n_levels):
        for j in range(n_levels):
            share = shares[i, j]
            contrast += share * (i - j) ** 2
            dissimilarity += share * abs(i - j)
            homogeneity += share / (1 + (i - j) ** 2)
            squares += share**2
            entropy -= share * math.log(share) if share > 0 else 0.0
            mean += share * i
            second += share * i * i
            product += share * i * j
    correlation = (product - mean**2) / (second - mean**2)
    return [contrast, dissimilarity, homogeneity, squares, correlation, entropy]
