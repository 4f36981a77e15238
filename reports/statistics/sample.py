"""The test pictures as a sample: what each of them counts, which were drawn together, how sure a mean over them is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np


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

    def take(self, chosen: np.ndarray) -> Sample:
        """Some of the pictures, by indices or by a mask."""
        return replace(self, labels=self.labels[chosen], groups=None if self.groups is None else self.groups[chosen])

    @property
    def unweighted(self) -> Sample:
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

    @property
    def mean_group(self) -> float:
        """Pictures in the group of a picture, on average: the design effect where groups are right or wrong as one."""
        return float(np.bincount(self.units)[self.units].mean())

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
        alone = float((self._residuals(values, np.arange(len(values))) ** 2).sum())
        return float(np.clip(self.variance(values) / alone, 1.0, self.mean_group)) if alone > 0 else self.mean_group

    def _residuals(self, values: np.ndarray, units: np.ndarray) -> np.ndarray:
        """float64 (n,): w_i (v_i - mean of its class) sqrt(G / (G - 1))."""
        pairs = np.unique(self.strata * len(units) + units)  # of a class and a unit that has pictures of it
        n_units = np.bincount(pairs // len(units))[self.strata]
        means = (np.bincount(self.strata, values) / np.bincount(self.strata))[self.strata]
        center = np.where(n_units > 1, means, self.mean(values))
        return self.weights * (values - center) * np.sqrt(n_units / np.maximum(n_units - 1, 1))
