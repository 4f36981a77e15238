"""Slow, readable encodings of one image's descriptors, in float64 loops."""

import numpy as np


def distances(x: np.ndarray, centers: np.ndarray) -> np.ndarray:
    return np.array([np.sqrt(sum((x[j] - center[j]) ** 2 for j in range(len(x)))) for center in centers])


def bag_of_words(descriptors: np.ndarray, centers: np.ndarray, assignment: str) -> np.ndarray:
    """descriptors (m, d), centers (k, d) -> (k,)."""
    encoding = np.zeros(len(centers))
    for x in descriptors:
        z = distances(x, centers)
        if assignment == "hard":
            encoding[z.argmin()] += 1
        else:
            encoding += np.maximum(0, z.mean() - z)
    return encoding / len(descriptors)


def vlad(descriptors: np.ndarray, centers: np.ndarray, intra_normalize: bool) -> np.ndarray:
    """descriptors (m, d), centers (k, d) -> (kd,)."""
    sums = np.zeros_like(centers)
    for x in descriptors:
        word = distances(x, centers).argmin()
        sums[word] += x - centers[word]
    if intra_normalize:
        for k in range(len(sums)):
            if np.linalg.norm(sums[k]) > 0:
                sums[k] /= np.linalg.norm(sums[k])
    else:
        sums = np.sign(sums) * np.sqrt(np.abs(sums))
    return (sums / np.linalg.norm(sums)).ravel()
