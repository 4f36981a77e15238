"""What can be said about accuracies measured on one shared test set: intervals, paired tests, corrections.

Pure functions of counts and of correctness matrices: bool (n_seeds, n_test), one row for each trained model,
column i being test picture i for every method. All intervals are two-sided, 95 % unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

# Below this many pictures on which two models disagree, normal theory and resampling are both unreliable:
# the test is the exact binomial one and the interval is Bonett and Price's.
FEW_DISAGREEMENTS = 25
N_RESAMPLES = 10_000

Interval = tuple[float, float]


@dataclass(frozen=True)
class PairedDifference:
    """Accuracy of the first method minus accuracy of the second, on the same pictures.

    difference, interval: in 0..1 (points divided by 100).   p_value: two-sided, of "no difference".
    only_first, only_second: pictures that one gets right and the other wrong (means over the pairs of seeds).
    method: the names of the test and of the interval, for the reader.
    """

    difference: float
    interval: Interval
    p_value: float
    only_first: float
    only_second: float
    method: str

    @property
    def is_shown(self) -> bool:
        """True if p < 0.05 and the interval leaves out zero (over several seeds these can part ways)."""
        return self.p_value < 0.05 and not self.interval[0] <= 0 <= self.interval[1]


def wilson_interval(successes: float, n: int, confidence: float = 0.95) -> Interval:
    """Wilson's score interval of a share, in 0..1.

    successes may be a mean over seeds, hence not whole. Raises ValueError if n < 1 or successes is outside 0..n.
    Source: Wilson, JASA 1927. It stays inside 0..1 and has its coverage near 0 and 1, where p +- 2 s has not.
    """
    if n < 1 or not 0 <= successes <= n:
        raise ValueError(f"successes must lie in 0..n with n >= 1, got {successes} of {n}")
    z = float(stats.norm.ppf(0.5 + confidence / 2))
    share = successes / n
    center = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, float(center - half)), min(1.0, float(center + half))


def student_half_width(values: Sequence[float] | np.ndarray, confidence: float = 0.95) -> float:
    """Half the Student t interval of the mean of `values`; 0 for a single value, whose spread is unknown."""
    n = len(values)
    if n < 2:
        return 0.0
    return float(stats.t.ppf(0.5 + confidence / 2, n - 1) * np.std(values, ddof=1) / np.sqrt(n))


def accuracy_interval(correct: np.ndarray) -> Interval:
    """Interval of the mean accuracy of one method.

    correct: bool (n_seeds, n_test).
    One seed: Wilson. Several: on each side the half widths of Wilson's interval (which pictures were drawn) and of
    Student's (which seed) are joined as the root of the sum of squares, as for independent errors.
    """
    accuracies = correct.mean(axis=1)
    mean = float(accuracies.mean())
    low, high = wilson_interval(mean * correct.shape[1], correct.shape[1])
    from_seeds = student_half_width(accuracies)
    return max(0.0, mean - float(np.hypot(mean - low, from_seeds))), min(
        1.0, mean + float(np.hypot(high - mean, from_seeds))
    )


def mcnemar_p_value(only_first: int, only_second: int) -> float:
    """Two-sided p-value of McNemar's test: are the two kinds of disagreement equally likely?

    Under 25 disagreements the exact binomial test, else its mid-p version (the probability of the observed split
    counts half), which holds the 5 % level on average over splits without the exact test's conservatism; the worst
    level for a given number of disagreements is a little above it (5.6 % for 200).
    Source: Fagerland, Lydersen, Laake, BMC Medical Research Methodology 2013. 1.0 if nothing disagrees.
    """
    n = only_first + only_second
    if n == 0:
        return 1.0
    exact = float(stats.binomtest(min(only_first, only_second), n, 0.5).pvalue)
    if n < FEW_DISAGREEMENTS:
        return exact
    if only_first == only_second:
        # The two tails meet in the middle, which must be counted half just once.
        return 1.0 - 0.5 * float(stats.binom.pmf(only_first, n, 0.5))
    return exact - float(stats.binom.pmf(only_first, n, 0.5))


def bonett_price_interval(only_first: int, only_second: int, n: int, confidence: float = 0.95) -> Interval:
    """Interval of a paired difference of shares, sound also when few pictures or none disagree.

    Adds one picture to either kind of disagreement, then takes the normal interval:
    d = (b - c) / (n + 2),  se^2 = ((b + c + 2) / (n + 2) - d^2) / (n + 2).
    Source: Bonett and Price, Journal of Educational and Behavioral Statistics 2012.
    """
    difference = (only_first - only_second) / (n + 2)
    variance = ((only_first + only_second + 2) / (n + 2) - difference**2) / (n + 2)
    half = float(stats.norm.ppf(0.5 + confidence / 2)) * float(np.sqrt(variance))
    return max(-1.0, difference - half), min(1.0, difference + half)


def bootstrap_interval(
    first: np.ndarray, second: np.ndarray, *, seed: int = 0, confidence: float = 0.95, n_resamples: int = N_RESAMPLES
) -> Interval:
    """Percentile interval of the difference of mean accuracies; pictures stay paired.

    first, second: bool (n_seeds, n_test), the numbers of seeds may differ.
    Each resample draws the seeds of either side, then the pictures, with replacement. Pictures with the same
    pattern of right and wrong over all models are exchangeable, so that drawing the pictures is one multinomial
    draw over the patterns: the same distribution, without n_test draws for each resample.
    """
    rng = np.random.default_rng(seed)
    patterns, counts = np.unique(np.concatenate([first, second]), axis=1, return_counts=True)
    n_test = first.shape[1]
    drawn = rng.multinomial(n_test, counts / n_test, size=n_resamples)  # (n_resamples, n_patterns)
    accuracies = drawn @ patterns.T / n_test  # (n_resamples, seeds of both sides)
    n_first, n_second = len(first), len(second)
    seeds_first = rng.integers(0, n_first, size=(n_resamples, n_first))
    seeds_second = n_first + rng.integers(0, n_second, size=(n_resamples, n_second))
    differences = np.take_along_axis(accuracies, seeds_first, axis=1).mean(axis=1) - np.take_along_axis(
        accuracies, seeds_second, axis=1
    ).mean(axis=1)
    low, high = np.quantile(differences, [0.5 - confidence / 2, 0.5 + confidence / 2])
    return float(low), float(high)


def sign_flip_p_value(differences: np.ndarray) -> float:
    """Two-sided p-value of "each picture's difference is as likely positive as negative", by normal theory.

    differences: float (n_test,).   z = sum(d) / sqrt(sum(d^2)): for d in {-1, 0, 1} this is McNemar's chi-square
    without correction, (b - c)^2 / (b + c); here d are differences of means over seeds.
    """
    squares = float((differences**2).sum())
    if squares == 0:
        return 1.0
    return float(2 * stats.norm.sf(abs(differences.sum()) / np.sqrt(squares)))


def compare_paired(first: np.ndarray, second: np.ndarray, *, seed: int = 0) -> PairedDifference:
    """Test and interval of the difference between two methods on the same test pictures.

    first, second: bool (n_seeds, n_test).
    One seed each: McNemar's test; bootstrap interval, or Bonett and Price's under 25 disagreements.
    Several seeds: sign-flip test of the per-picture means (it speaks for these trained models), and a bootstrap
    over seeds and pictures (it speaks for new seeds too).
    Raises ValueError if the numbers of pictures differ.
    """
    if first.shape[1] != second.shape[1]:
        raise ValueError(
            f"both methods must be tested on the same pictures, got {first.shape[1]} and {second.shape[1]}"
        )
    n_test = first.shape[1]
    share_first, share_second = first.mean(axis=0), second.mean(axis=0)
    only_first = float((share_first * (1 - share_second)).sum())
    only_second = float((share_second * (1 - share_first)).sum())
    difference = float(share_first.mean() - share_second.mean())
    if len(first) > 1 or len(second) > 1:
        p_value = sign_flip_p_value(share_first - share_second)
        interval = bootstrap_interval(first, second, seed=seed)
        method = "sign-flip test over pictures, bootstrap over seeds and pictures"
    elif only_first + only_second < FEW_DISAGREEMENTS:
        p_value = mcnemar_p_value(round(only_first), round(only_second))
        interval = bonett_price_interval(round(only_first), round(only_second), n_test)
        method = "exact McNemar test, Bonett-Price interval"
    else:
        p_value = mcnemar_p_value(round(only_first), round(only_second))
        interval = bootstrap_interval(first, second, seed=seed)
        method = "mid-p McNemar test, paired bootstrap interval"
    return PairedDifference(difference, interval, p_value, only_first, only_second, method)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values, in the given order: all claims below 0.05 hold together at the 5 % level.

    The i-th smallest of m (i = 0 ...) becomes max over j <= i of (m - j) p_j, at most 1.
    Source: Holm, Scandinavian Journal of Statistics 1979.
    """
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(p_values), 0, -1)
    raised = np.maximum.accumulate(factors * np.asarray(p_values, dtype=float)[order])
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(raised, 1.0)
    return adjusted.tolist()
