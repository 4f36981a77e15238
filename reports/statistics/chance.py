"""Two sources of chance: which pictures were tested (`Sample`), and which seed was trained with (`SeedSpread`).

Seeds that name as many pictures correctly, but not the same ones, differ by chance over pictures, which the intervals
over pictures hold already. So of the variance of accuracies over seeds only the excess over that counts here.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

Interval = tuple[float, float]


@dataclass(frozen=True, eq=False)  # arrays have no single truth value; each is itself
class Sample:
    """Test pictures drawn at random from those that could have been drawn.

    labels: int (n,).   groups: int (n,), pictures of one group were drawn together, such as crops of one photograph
    or pictures of one patient; None if each was drawn by itself.   balanced: every class counts alike, else every
    picture. Raises ValueError if groups are not one a picture.
    """

    labels: np.ndarray
    groups: np.ndarray | None = None
    balanced: bool = False

    def __post_init__(self) -> None:
        if self.groups is not None and self.groups.shape != self.labels.shape:
            raise ValueError(f"groups must be {self.labels.shape}, one for each picture, got {self.groups.shape}")

    def take(self, chosen: np.ndarray) -> "Sample":
        """Some of the pictures, by indices or by a mask."""
        return replace(self, labels=self.labels[chosen], groups=None if self.groups is None else self.groups[chosen])

    @property
    def unweighted(self) -> "Sample":
        """The same with every picture counting alike."""
        return replace(self, balanced=False)

    @cached_property
    def strata(self) -> np.ndarray:
        """int (n,): what must count alike, 0..k-1; the classes, or one for all."""
        return np.unique(self.labels, return_inverse=True)[1] if self.balanced else np.zeros(len(self.labels), int)

    @cached_property
    def weights(self) -> np.ndarray:
        """float64 (n,), sum 1."""
        counts = np.bincount(self.strata)
        return 1 / (len(counts) * counts[self.strata])

    @cached_property
    def units(self) -> np.ndarray:
        """int (n,): which draw a picture came from."""
        return np.arange(len(self.labels)) if self.groups is None else np.unique(self.groups, return_inverse=True)[1]

    @cached_property
    def freedom(self) -> float:
        """Degrees of freedom of a variance over groups; without groups the intervals need none."""
        if self.groups is None:
            return np.inf
        return max(1, int(self.units.max()) + 1 - int(self.strata.max()) - 1)

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Weighted mean over pictures of values (..., n)."""
        return np.asarray(values @ self.weights if self.balanced else values.mean(axis=-1))

    def by_unit(self, values: np.ndarray) -> np.ndarray:
        """Sums of values (..., n) over the pictures of each unit: (..., n_units)."""
        if self.groups is None:
            return values
        return np.apply_along_axis(lambda row: np.bincount(self.units, row), -1, values)

    def variance(self, values: np.ndarray) -> float:
        """Variance of the weighted mean of values (n,) if all units were drawn anew: sum over units of r_g^2 with

            r_g = sum over its pictures of w_i (v_i - mean of its class) sqrt(G / (G - 1)),   G: units of that class.

        A class of one unit tells no variance: there the mean over all takes the place of its own.
        Source: Taylor linearization, Cochran, Sampling Techniques, 1977, sections 5.4 and 11.
        """
        return float((self.by_unit(self._residuals(values, self.units)) ** 2).sum())

    def design_effect(self, values: np.ndarray) -> float:
        """How many times larger that variance is than if each picture were drawn by itself; at least 1.

        Where no value differs from its class's mean it is not known: then a group counts as one picture.
        """
        if self.groups is None:
            return 1.0
        most = float(np.bincount(self.units)[self.units].mean())  # pictures in the group of a picture, on average
        alone = float((self._residuals(values, np.arange(len(values))) ** 2).sum())
        return float(np.clip(self.variance(values) / alone, 1.0, most)) if alone > 0 else most

    def _residuals(self, values: np.ndarray, units: np.ndarray) -> np.ndarray:
        """float64 (n,): w_i (v_i - mean of its class) sqrt(G / (G - 1))."""
        pairs = np.unique(self.strata * len(units) + units)  # of a class and a unit that has pictures of it
        n_units = np.bincount(pairs // len(units))[self.strata]
        means = (np.bincount(self.strata, values) / np.bincount(self.strata))[self.strata]
        center = np.where(n_units > 1, means, self.mean(values))
        return self.weights * (values - center) * np.sqrt(n_units / np.maximum(n_units - 1, 1))


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
