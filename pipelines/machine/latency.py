"""Latency and throughput of prediction: one picture at a time, and many at once."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

import numpy as np

SINGLE_TRIALS = 9  # the median of so many is steady to a few percent on a quiet machine
SECONDS = 0.4  # roughly what either measurement may take; a slow model gets fewer trials
MOST_AT_ONCE = 1000  # pictures


def measure_latency(
    predict_scores: Callable[[np.ndarray], np.ndarray], images: np.ndarray, clock: Callable[[], float]
) -> dict[str, float]:
    """`single_picture_seconds`, the median over single pictures, and `pictures_per_second` of one larger batch.

    images: at least one, as the model takes them.   clock: seconds, such as time.perf_counter.
    """

    def seconds_for(batch: np.ndarray) -> float:
        start = clock()
        predict_scores(batch)
        return clock() - start

    first = seconds_for(images[:1])  # also picks kernels and allocates
    n_trials = int(np.clip(SECONDS / max(first, 1e-9), 1, SINGLE_TRIALS))
    single = median(seconds_for(images[i % len(images)][None]) for i in range(n_trials))
    n_at_once = int(np.clip(SECONDS / max(single, 1e-9), 1, min(len(images), MOST_AT_ONCE)))
    return {"single_picture_seconds": single, "pictures_per_second": n_at_once / seconds_for(images[:n_at_once])}
