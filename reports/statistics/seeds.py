"""What another seed would change: the spread of a side's true accuracy, from all its repeated runs and a prior.

Seeds that name as many pictures correctly, but not the same ones, differ by chance over pictures, which the intervals
over pictures hold already. So of the variance of accuracies over seeds only the excess over that counts here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from bakeoff.reports.statistics.sample import Sample

Interval = tuple[float, float]


@dataclass(frozen=True)
class SeedSpread:
    """The true accuracy m of a recipe has a variance of square * m * (1 - m) over seeds.

    freedom: degrees of freedom with which that is known, for Student's t.   n_repeats: seeds beyond the first of each
    experiment that told it; 0 where it is assumed.
    """

    square: float
    freedom: float
    n_repeats: int = 0

    def deviation(self, accuracy: float) -> float:
        """Standard deviation over seeds of an accuracy about this high, in 0..1."""
        return float(np.sqrt(self.square * max(accuracy * (1 - accuracy), 0.0)))


# As much as other 10,000 test pictures would change: 0.4 points at 80 % accuracy, 0.2 at 95 %. Measured in the same
# way: 0.03 to 0.05 of it for the hand-crafted runs and the large net on CIFAR-10, 0.5 for the perceptron there, 0.8 to
# 3.2 for a small perceptron on 700 to 100 noisy digits. It weighs as much as three seeds of one experiment.
PRIOR = SeedSpread(1e-4, 2)
FIXED = SeedSpread(0.0, np.inf)  # for what is said of these trained models alone
SQUARES = np.geomspace(1e-7, 0.3, 300)  # where the spread is looked for


def pool_seeds(repeated: Iterable[np.ndarray], sample: Sample | None = None) -> SeedSpread:
    """The spread that the repeated runs of one side share.

    repeated: for each experiment bool (n_seeds, n_test); one with a single seed tells nothing.
    Each tells the variance v of its accuracies over seeds and, from single pictures, the part i that is chance over
    pictures; both relative to m (1 - m). With s the square, v (n_seeds - 1) / (s + i) is chi-squared; s has the scaled
    inverse chi-squared prior PRIOR. The posterior's 1 / s has the mean and variance of the result's.
    """
    log_density = -PRIOR.freedom / 2 * (np.log(SQUARES) + PRIOR.square / SQUARES)
    n_repeats = 0
    for correct in repeated:
        if len(correct) < 2:
            continue
        pictures = sample or Sample(np.zeros(correct.shape[1], int))
        by_seed = pictures.mean(correct)
        scale = max(float(by_seed.mean() * (1 - by_seed.mean())), 0.5 / correct.shape[1])
        apart = pictures.by_unit((correct - correct.mean(axis=0)) * pictures.weights)
        by_chance = float((apart**2).sum()) / (len(correct) - 1) / scale
        total = SQUARES + max(by_chance, 1e-12)
        log_density -= (len(correct) - 1) / 2 * (np.log(total) + float(by_seed.var(ddof=1)) / scale / total)
        n_repeats += len(correct) - 1
    if n_repeats == 0:
        return PRIOR
    weights = np.exp(log_density - log_density.max())
    mean, second = (np.average(SQUARES**-power, weights=weights) for power in (1.0, 2.0))
    freedom = max(PRIOR.freedom, float(2 * mean**2 / (second - mean**2)))  # repeated runs never make it less known
    return SeedSpread(float(1 / mean), freedom, n_repeats)
