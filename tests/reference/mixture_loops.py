"""Slow, readable mixture densities and Fisher vectors, in float64 loops."""

import numpy as np


def log_weighted_density(x: np.ndarray, weight: float, mean: np.ndarray, variance: np.ndarray) -> float:
    """log(w N(x; mean, diag(variance)))."""
    exponent = -0.5 * sum((x[j] - mean[j]) ** 2 / variance[j] for j in range(len(x)))
    return float(np.log(weight) + exponent - 0.5 * sum(np.log(2 * np.pi * v) for v in variance))


def posterior(x: np.ndarray, weights: np.ndarray, means: np.ndarray, variances: np.ndarray) -> np.ndarray:
    """Responsibility of each component for one descriptor."""
    logs = np.array([log_weighted_density(x, *component) for component in zip(weights, means, variances, strict=True)])
    densities = np.exp(logs - logs.max())
    return densities / densities.sum()


def fisher_vector(
    descriptors: np.ndarray, weights: np.ndarray, means: np.ndarray, variances: np.ndarray, normalize: bool
) -> np.ndarray:
    """One image's Fisher vector, term by term from the definition: descriptors (m, d) -> (2kd,)."""
    mean_part, variance_part = np.zeros_like(means), np.zeros_like(means)
    for x in descriptors:
        gamma = posterior(x, weights, means, variances)
        for k in range(len(weights)):
            z = (x - means[k]) / np.sqrt(variances[k])
            mean_part[k] += gamma[k] * z / (len(descriptors) * np.sqrt(weights[k]))
            variance_part[k] += gamma[k] * (z**2 - 1) / (len(descriptors) * np.sqrt(2 * weights[k]))
    vector = np.concatenate([mean_part.ravel(), variance_part.ravel()])
    if not normalize:
        return vector
    rooted = np.sign(vector) * np.sqrt(np.abs(vector))
    return rooted / np.linalg.norm(rooted)
