"""What the choice of seeds adds to the uncertainty of accuracies on one test set: two or three runs tell little of it.

by_seed: for each of the sides compared its runs' accuracies, float (n_seeds,).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

Interval = tuple[float, float]


def student_half_width(values: Sequence[float] | np.ndarray, confidence: float = 0.95) -> float:
    """Half the Student t interval of the mean of `values`; 0 for a single value, whose spread is unknown."""
    n = len(values)
    if n < 2:
        return 0.0
    return float(stats.t.ppf(0.5 + confidence / 2, n - 1) * np.std(values, ddof=1) / np.sqrt(n))


def join_seeds(estimate: float, interval: Interval, by_seed: Sequence[np.ndarray]) -> Interval:
    """The interval over pictures, wider by the chance of the seeds, as for independent errors.

    by_seed: for each side its runs' accuracies, (n_seeds,). On either side of the estimate the half widths - that of
    the interval and Student's of each side's mean - are joined as the root of the sum of squares. A side of one run
    adds nothing: what another seed would change there is not known.
    """
    from_seeds = float(np.linalg.norm([student_half_width(accuracies) for accuracies in by_seed]))
    if from_seeds == 0:
        return interval
    low, high = interval
    return (
        max(-1.0, estimate - float(np.hypot(estimate - low, from_seeds))),
        min(1.0, estimate + float(np.hypot(high - estimate, from_seeds))),
    )


def welch_p_value(difference: float, from_pictures: float, by_seed: Sequence[np.ndarray]) -> float:
    """Two-sided p of "no difference, for new pictures and new seeds": Student's t of difference / se with

        se^2 = from_pictures^2 + sum over sides of v_j,   v_j = variance of its accuracies / its seeds,
        degrees of freedom = se^4 / sum of v_j^2 / (n_seeds_j - 1).

    from_pictures: standard error, as if of infinitely many degrees of freedom. A side of one run adds nothing.
    Source: Satterthwaite, Biometrics 1946; Welch, Biometrika 1947. Both spreads 0: the normal test.
    """
    terms = [(float(np.var(a, ddof=1)) / len(a), len(a) - 1) for a in by_seed if len(a) > 1]
    variance = from_pictures**2 + sum(v for v, _ in terms)
    if variance == 0:
        return 1.0
    spread = sum(v**2 / n for v, n in terms)
    freedom = variance**2 / spread if spread > 0 else np.inf
    return float(2 * stats.t.sf(abs(difference) / np.sqrt(variance), freedom))
