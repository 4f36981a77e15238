"""What can be said about accuracies measured on one shared test set: intervals, paired tests, corrections.

Pure functions of correctness matrices: bool (n_seeds, n_test), one row for each trained model, column i being test
picture i for every method. Everywhere two sources of chance are joined: which pictures were tested (`Sample`, which
also knows groups and whether classes count alike) and which seed was trained with (`SeedSpread`). Intervals are
two-sided, 95 %, and a test shows a difference exactly where its interval leaves out zero. Levels and coverage in the
docstrings are those of the simulations in tests/reports/statistics.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from bakeoff.reports.statistics.chance import Interval, Sample, SeedSpread, pool_seeds

LEVEL = 0.05
Z = float(stats.norm.ppf(1 - LEVEL / 2))


@dataclass(frozen=True)
class PairedDifference:
    """Accuracy of the first method minus accuracy of the second, on the same pictures.

    difference: in 0..1 (points divided by 100).   center, error, freedom: (true difference - center) / error is taken
    to have Student's t distribution.   only_first, only_second: pictures that one gets right and the other wrong
    (means over the pairs of seeds).   method: the name of test and interval, for the reader.   adjusted: the p-value
    among the other tests of its family, see `holm`; None for a test that stands alone.
    """

    difference: float
    center: float
    error: float
    freedom: float
    only_first: float
    only_second: float
    method: str
    adjusted: float | None = None

    @property
    def interval(self) -> Interval:
        half = float(stats.t.ppf(1 - LEVEL / 2, self.freedom)) * self.error
        return max(-1.0, self.center - half), min(1.0, self.center + half)

    @property
    def p_value(self) -> float:
        """Two-sided, of "no difference"."""
        return float(2 * stats.t.sf(abs(self.center) / self.error, self.freedom))

    def probability_above(self, value: float) -> float:
        """How probable it is that the true difference is larger (flat prior)."""
        return float(stats.t.cdf((self.center - value) / self.error, self.freedom))

    @property
    def is_shown(self) -> bool:
        """True if p < 0.05, corrected where it stands among others: then the interval leaves out zero, too."""
        return self.p_holm < LEVEL

    @property
    def p_holm(self) -> float:
        """The p-value corrected for the tests it stands among; its own where it stands alone."""
        return self.p_value if self.adjusted is None else self.adjusted


def wilson_interval(successes: float, n: float) -> Interval:
    """Wilson's score interval of a share, in 0..1. Neither number need be whole.

    Raises ValueError if n <= 0 or successes is outside 0..n.
    Source: Wilson, JASA 1927. It stays inside 0..1 and has its coverage near 0 and 1, where p +- 2 s has not.
    """
    if n <= 0 or not 0 <= successes <= n:
        raise ValueError(f"successes must lie in 0..n with n > 0, got {successes} of {n}")
    share = successes / n
    center = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return max(0.0, float(center - half)), min(1.0, float(center + half))


def accuracy_interval(correct: np.ndarray, sample: Sample | None = None, spread: SeedSpread | None = None) -> Interval:
    """Interval of the mean accuracy of one recipe, for other pictures and other seeds.

    correct: bool (n_seeds, n_test).   sample: by default every picture by itself.   spread: of its side's seeds; by
    default what these seeds tell.
    Wilson's, or of balanced accuracy `_balanced_interval`, of as many pictures as are left when n is divided by the
    design effect; with groups Student's t takes the place of z (Korn and Graubard, Survey Methodology 1998).
    Coverage: 0.94 to 0.96 with 30 to 127 groups of 10 to 20 and 80 to 90 % right, where every picture by itself has
    0.47 to 0.70; 0.89 to 0.91 with 95 to 98 % right, for then few groups tell how errors go together.
    """
    sample = sample or Sample(np.zeros(correct.shape[1], int))
    spread = spread or pool_seeds([correct], sample)
    shares = correct.mean(axis=0)
    mean = min(1.0, float(sample.mean(shares)))
    t = float(stats.t.ppf(1 - LEVEL / 2, sample.freedom))
    effect = sample.design_effect(shares) * (t / Z) ** 2
    n = len(shares) / effect
    interval = _balanced_interval(shares, sample, effect) if sample.balanced else wilson_interval(mean * n, n)
    deviation = spread.deviation((mean * n + 0.5) / (n + 1)) / np.sqrt(len(correct))
    low, high = (_widen(abs(mean - end), deviation, spread.freedom) for end in interval)
    return max(0.0, mean - low), min(1.0, mean + high)


def _balanced_interval(shares: np.ndarray, sample: Sample, effect: float) -> Interval:
    """Interval of the mean m over k classes of their accuracies p_c: the wider one at each end of

        m - sqrt(sum (p_c - l_c)^2) / k  to  m + sqrt(sum (u_c - p_c)^2) / k,   l_c .. u_c by Clopper and Pearson,
        Wilson's of m and n pictures,  n = m (1 - m) / variance of m.

    The first is sound with few classes of few pictures, which may all be right; the second with many of them.
    Source: Zou and Donner, Statistics in Medicine 2008 (MOVER); Korn and Graubard 1998.
    Coverage: 0.979 to 0.999 for classes of 300, 30, 6 and of 500, 5; 0.947 to 0.970 for 100 classes of 2.
    """
    counts = np.bincount(sample.strata) / effect
    right = np.minimum(np.bincount(sample.strata, shares) / effect, counts)
    low = np.where(right > 0, stats.beta.ppf(LEVEL / 2, np.maximum(right, 1e-9), counts - right + 1), 0.0)
    high = np.where(right < counts, stats.beta.ppf(1 - LEVEL / 2, right + 1, np.maximum(counts - right, 1e-9)), 1.0)
    by_class, mean = right / counts, min(1.0, float(sample.mean(shares)))
    below, above = (float(np.linalg.norm(by_class - end)) / len(counts) for end in (low, high))
    variance = sample.variance(shares)
    if 0 < mean < 1 and variance > 0:
        n = mean * (1 - mean) / variance
        wilson = wilson_interval(mean * n, n)
        below, above = max(below, mean - wilson[0]), max(above, wilson[1] - mean)
    return max(0.0, mean - below), min(1.0, mean + above)


def _widen(half: float, deviation: float, freedom: float) -> float:
    """Half an interval over pictures, joined with a standard deviation over seeds (Satterthwaite, Biometrics 1946)."""
    over_seeds = deviation**2
    variance = (half / Z) ** 2 + over_seeds
    return float(stats.t.ppf(1 - LEVEL / 2, _freedom(variance, [(over_seeds, freedom)])) * np.sqrt(variance))


def _freedom(variance: float, parts: Sequence[tuple[float, float]]) -> float:
    """Satterthwaite's degrees of freedom of a variance, some parts of which (variance, freedom) are estimated."""
    spread = sum(part**2 / freedom for part, freedom in parts)
    return variance**2 / spread if spread > 0 else np.inf


def compare_paired(
    first: np.ndarray,
    second: np.ndarray,
    sample: Sample | None = None,
    spreads: tuple[SeedSpread, SeedSpread] | None = None,
) -> PairedDifference:
    """Test and interval of the difference between two methods on the same test pictures.

    first, second: bool (n_seeds, n_test).   sample, spreads: as in `accuracy_interval`, one spread for each side.
    With w the pictures' weights, d the weighted mean of the pictures' differences and D their design effect,

        center = d n / (n + 2),   error^2 = variance(d) (n / (n + 2)) (N / (N + 2)) + 2 D (max w N / (N + 2))^2
                                            + deviation^2 / n_seeds of either side,
        n = 1 / sum w^2,   N = sum w^2 / max w^2   (both the number of pictures where all count alike):

    Bonett and Price's two added disagreements (Journal of Educational and Behavioral Statistics 2012), for pictures of
    unequal weight put where they weigh most; they keep the level where few pictures, or none, disagree.
    Raises ValueError if the numbers of pictures differ.
    """
    if first.shape[1] != second.shape[1]:
        raise ValueError(
            f"both methods must be tested on the same pictures, got {first.shape[1]} and {second.shape[1]}"
        )
    sample = sample or Sample(np.zeros(first.shape[1], int))
    spreads = spreads or (pool_seeds([first], sample), pool_seeds([second], sample))
    share_first, share_second = first.mean(axis=0), second.mean(axis=0)
    differences = share_first - share_second
    squares, most = float((sample.weights**2).sum()), float(sample.weights.max())
    shrink, n_rare = 1 / (1 + 2 * squares), squares / most**2
    added = 2 * sample.design_effect(differences) * (most * n_rare / (n_rare + 2)) ** 2
    from_pictures = sample.variance(differences) * shrink * n_rare / (n_rare + 2) + added
    parts = [(from_pictures, sample.freedom)]
    for side, spread in zip((first, second), spreads, strict=True):
        accuracy = (float(sample.mean(side.mean(axis=0))) / squares + 0.5) / (1 / squares + 1)
        parts.append((spread.deviation(accuracy) ** 2 / len(side), spread.freedom))
    variance = sum(part for part, _ in parts)
    over = "groups of pictures" if sample.groups is not None else "pictures"
    over += ", classes of equal weight" if sample.balanced else ""
    seeds = f"{',' if sample.balanced else ''} and seeds" if any(s.square for s in spreads) else ""
    return PairedDifference(
        difference=float(sample.mean(first).mean() - sample.mean(second).mean()),
        center=float(sample.mean(differences)) * shrink,
        error=float(np.sqrt(variance)),
        freedom=_freedom(variance, parts),
        only_first=float((share_first * (1 - share_second)).sum()),
        only_second=float((share_second * (1 - share_first)).sum()),
        method=f"paired t over {over}{seeds}",
    )


def compare_resampled(differences: np.ndarray, n_train: int, n_test: int) -> PairedDifference:
    """The mean difference over repeated splits of the same pictures, such as repeated k-fold cross-validation.

    differences: float (n_splits,), first minus second in each split of n_train and n_test pictures, at least 2.
    Splits share pictures, so the variance of their mean is s^2 (1 / n_splits + n_test / n_train), not s^2 / n_splits.
    Source: Nadeau and Bengio, Machine Learning 2003; Bouckaert and Frank, PAKDD 2004, for repeated k-fold.
    """
    n_splits = len(differences)
    if n_splits < 2:
        raise ValueError(f"differences must be of at least 2 splits, got {n_splits}")
    mean, variance = float(np.mean(differences)), float(np.var(differences, ddof=1))
    error = float(np.sqrt(max(variance, 1e-12) * (1 / n_splits + n_test / n_train)))
    return PairedDifference(mean, mean, error, n_splits - 1, np.nan, np.nan, "corrected resampled t")


def compare_crossed(differences: np.ndarray, sample: Sample | None = None) -> PairedDifference:
    """The mean difference over other corruptions and other pictures than these.

    differences: float (n_corruptions, n_pictures), first minus second on each corruption of each picture.
    sample: the pictures, with their groups and weights; by default each by itself.
    error^2 = variance of the corruptions' means / their number + variance of the mean over pictures: what is
    particular to a corruption of a picture counts twice, so that the interval is rather too wide.
    Source: two-way random effects, Brennan, "Generalizability theory", 2001.
    """
    sample = sample or Sample(np.zeros(differences.shape[1], int))
    by_corruption = sample.mean(differences)
    freedoms = len(by_corruption) - 1, int(sample.units.max()) - int(sample.strata.max())
    variances = float(by_corruption.var()) / max(freedoms[0], 1), sample.variance(differences.mean(axis=0))
    parts = [(variance, max(freedom, 1)) for variance, freedom in zip(variances, freedoms, strict=True)]
    variance, mean = sum(variances), float(by_corruption.mean())
    error = float(np.sqrt(max(variance, 1e-12)))
    method = "paired t over corruptions and pictures"
    return PairedDifference(mean, mean, error, _freedom(variance, parts), np.nan, np.nan, method)


def holm(tests: Iterable[PairedDifference]) -> list[PairedDifference]:
    """The tests that one chapter claims anything by, each with its adjusted p-value, in the given order.

    All claims that are then shown hold together at the 5 % level. The i-th smallest p of m (i = 0 ...) becomes
    max over j <= i of (m - j) p_j, at most 1. Source: Holm, Scandinavian Journal of Statistics 1979.
    """
    family = list(tests)
    p_values = np.array([test.p_value for test in family])
    order = np.argsort(p_values, kind="stable")
    raised = np.maximum.accumulate(np.arange(len(family), 0, -1) * p_values[order])
    adjusted = dict(zip(order.tolist(), np.minimum(raised, 1.0).tolist(), strict=True))
    return [replace(test, adjusted=adjusted[place]) for place, test in enumerate(family)]
