"""Balanced accuracy where classes differ much in size: its interval, and the paired difference of two methods.

Every class counts alike, so its rare classes decide how sure it is. A percentile bootstrap is too sure of itself
there - of its 95 % intervals 87 to 91 % held the truth with classes of 3 to 10 pictures - so intervals are put
together from one for each class that stays sound when few pictures, or none, disagree.

correct: bool (n_seeds, n_test).   labels: int (n_test,), the true classes.
"""

from __future__ import annotations

import numpy as np

from bakeoff.reports.statistics.accuracy import PairedDifference, bonett_price_interval, wilson_interval
from bakeoff.reports.statistics.seeds import Interval, join_seeds, student_half_width, welch_p_value

N_FLIPS = 20_000
METHOD = "sign-flip test with classes of equal weight, Bonett-Price interval by class"


def picture_weights(labels: np.ndarray) -> np.ndarray:
    """float64 (n_test,): 1 / (classes that occur * pictures of the own class); they sum to 1."""
    counts = np.bincount(labels)
    return 1 / (np.count_nonzero(counts) * counts[labels])


def balanced_interval(correct: np.ndarray, labels: np.ndarray) -> Interval:
    """95 % interval of the mean over classes of the accuracy p_c, for classes l_c .. u_c by Wilson:

        mean - sqrt(sum (p_c - l_c)^2) / k   to   mean + sqrt(sum (u_c - p_c)^2) / k,

    joined with Student's over the seeds as in `accuracy_interval`.
    Source: Zou and Donner, Statistics in Medicine 2008 (their MOVER, for a sum of k shares).
    """
    shares = correct.mean(axis=0)
    below, above = [], []
    classes = np.unique(labels)
    for label in classes:
        own = shares[labels == label]
        low, high = wilson_interval(min(float(own.sum()), len(own)), len(own))
        below.append(own.mean() - low)
        above.append(high - own.mean())
    by_seed = correct @ picture_weights(labels)
    mean, from_seeds = float(by_seed.mean()), student_half_width(by_seed)
    down, up = (float(np.hypot(np.linalg.norm(side) / len(classes), from_seeds)) for side in (below, above))
    return max(0.0, mean - down), min(1.0, mean + up)


def compare_balanced(first: np.ndarray, second: np.ndarray, labels: np.ndarray, *, seed: int = 0) -> PairedDifference:
    """Balanced accuracy of the first method minus that of the second, on the same pictures.

    first, second: bool (n_seeds, n_test). With d_c the difference in class c, l_c .. u_c its interval by Bonett and
    Price and d the mean of d_c over the k classes, the interval is, as in `balanced_interval`,

        d - sqrt(sum (d_c - l_c)^2) / k   to   d + sqrt(sum (u_c - d_c)^2) / k,

    joined with Student's over the seeds. Several seeds: p is the larger of the sign-flip test's and Welch's.
    """
    differences = first.mean(axis=0) - second.mean(axis=0)
    weights, classes = picture_weights(labels), np.unique(labels)
    below, above = [], []
    for label in classes:
        own = differences[labels == label]
        low, high = bonett_price_interval(own)
        below.append(own.mean() - low)
        above.append(high - own.mean())
    difference = float(weights @ differences)
    down, up = (float(np.linalg.norm(side)) / len(classes) for side in (below, above))
    by_seed = [correct @ weights for correct in (first, second)]
    p_value = sign_flip_p_value(weights * differences, seed=seed)
    if any(np.ptp(scores) > 0 for scores in by_seed):
        p_value = max(p_value, welch_p_value(difference, float(np.linalg.norm(weights * differences)), by_seed))
    share_first, share_second = first.mean(axis=0), second.mean(axis=0)
    return PairedDifference(
        difference=difference,
        interval=join_seeds(difference, (max(-1.0, difference - down), min(1.0, difference + up)), by_seed),
        p_value=p_value,
        only_first=float((share_first * (1 - share_second)).sum()),
        only_second=float((share_second * (1 - share_first)).sum()),
        method=METHOD,
    )


def sign_flip_p_value(differences: np.ndarray, *, seed: int = 0) -> float:
    """Two-sided p of "each picture's difference is as likely positive as negative": among N_FLIPS random choices of
    signs and the one observed, the share whose sum is as far from 0. 1.0 if nothing differs.
    """
    apart = differences[differences != 0]
    if len(apart) == 0:
        return 1.0
    sums = np.zeros(N_FLIPS)
    rng = np.random.default_rng(seed)
    for part in np.array_split(apart, -(-len(apart) // 500)):  # 500 pictures at a time: 80 MB
        sums += (2 * rng.integers(0, 2, (N_FLIPS, len(part)), dtype=np.int8) - 1) @ part
    as_far = np.abs(sums) >= abs(apart.sum()) * (1 - 1e-9)
    return float((1 + as_far.sum()) / (1 + N_FLIPS))
