"""Late fusion: the class scores of several systems, added with weights chosen on validation.

A system's scores have a scale of their own, so each is first divided by the standard deviation of its validation
scores, over all rows and classes; shifting all scores of a system would change no prediction, so nothing is subtracted.
What is then chosen is a point of the simplex: shares >= 0 with sum 1, on a regular grid.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import comb

import numpy as np

MAX_CANDIDATES = 2000  # about a second for 5,000 rows of 10 classes; 3 systems get steps of 1/61, 5 systems of 1/12
MAX_STEPS = 100


def choose_fusion_weights(validation_scores: Sequence[np.ndarray], labels: np.ndarray) -> np.ndarray:
    """What to multiply raw scores with, share / deviation: float32 (n_systems,). Deterministic.

    The shares of the best validation accuracy; among equals the nearest to a plain sum.
    validation_scores: one array (n, k) a system.   labels: int (n,), 0 .. k-1.
    All points of the simplex with steps 1/s are tried, s as large as MAX_CANDIDATES allows.
    Raises ValueError if shapes disagree, there are no rows or systems, or a score is not finite.
    """
    scores = _stack(validation_scores).astype(np.float64)
    if scores.shape[1] == 0 or labels.shape != scores.shape[1:2]:
        expected = f"({scores.shape[1]},), at least one, to match the scores"
        raise ValueError(f"labels must have shape {expected}, got {labels.shape}")
    if not np.isfinite(scores).all():
        raise ValueError("scores must be finite, got NaN or infinity")
    deviations = np.array([max(system.std(), np.finfo(np.float32).tiny) for system in scores])
    normalized = scores / deviations[:, None, None]
    n_systems = len(scores)
    equal = np.full(n_systems, 1 / n_systems)
    best, best_rank = equal, (_accuracy(normalized, equal, labels), 0.0)
    for shares in _simplex(n_systems):
        rank = (_accuracy(normalized, shares, labels), -float(np.abs(shares - equal).max()))
        if rank > best_rank:
            best, best_rank = shares, rank
    return (best / deviations).astype(np.float32)


def fuse_scores(scores: Sequence[np.ndarray], weights: np.ndarray | None) -> np.ndarray:
    """The weighted sum of the systems' scores, float32 (n, k); of one system without a weight what it says.

    Raises ValueError if there are not as many systems as weights, or their shapes differ.
    """
    if weights is None:
        return scores[0]
    if len(scores) != len(weights):
        raise ValueError(f"scores must hold {len(weights)} systems to match the weights, got {len(scores)}")
    return np.tensordot(weights, _stack(scores).astype(np.float32), axes=1)


def _accuracy(scores: np.ndarray, shares: np.ndarray, labels: np.ndarray) -> float:
    return float((np.tensordot(shares, scores, axes=1).argmax(axis=1) == labels).mean())


def _simplex(n_systems: int) -> Iterator[np.ndarray]:
    """All shares that are multiples of 1/s and sum to 1: the gaps that n - 1 bars leave among s places."""
    n_steps = max(s for s in range(1, MAX_STEPS + 1) if s == 1 or comb(s + n_systems - 1, s) <= MAX_CANDIDATES)
    last = n_steps + n_systems - 1
    return ((np.diff([-1, *bars, last]) - 1) / n_steps for bars in combinations(range(last), n_systems - 1))


def _stack(scores: Sequence[np.ndarray]) -> np.ndarray:
    """(n_systems, n, k)."""
    shapes = {np.shape(system) for system in scores}
    if len(shapes) != 1 or len(next(iter(shapes))) != 2:
        raise ValueError(f"scores must hold one array (n, k) a system, all of one shape, got shapes {sorted(shapes)}")
    return np.stack(scores)
