"""What can be said about accuracies measured on one shared test set: intervals, paired tests, corrections.

Pure functions of counts and of correctness matrices: bool (n_seeds, n_test), one row for each trained model,
column i being test picture i for every method. All intervals are two-sided, 95 % unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from bakeoff.reports.statistics.seeds import Interval, join_seeds, student_half_width, welch_p_value

# Below this many pictures on which two models disagree, normal theory and resampling are both unreliable:
# the test is the exact binomial one and the interval is Bonett and Price's.
FEW_DISAGREEMENTS = 25
N_RESAMPLES = 10_000


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
        return self.stands(self.p_value)

    def stands(self, adjusted: float) -> bool:
        """The same with a p-value corrected for the other tests of its family, which is never lower."""
        return adjusted < 0.05 and not self.interval[0] <= 0 <= self.interval[1]


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


def bonett_price_interval(differences: np.ndarray, confidence: float = 0.95) -> Interval:
    """Interval of the mean difference of two methods on the same pictures, sound with few disagreements.

    differences: float (n,), first minus second: -1, 0 or 1, of which b are 1 and c are -1, or means over seeds in
    between; then their sum takes the place of b - c, and that of their squares of b + c.
    d = (b - c) / (n + 2),  se^2 = ((b + c + 2) / (n + 2) - d^2) / (n + 2).
    Source: Bonett and Price, Journal of Educational and Behavioral Statistics 2012.
    """
    n = len(differences)
    difference = float(differences.sum()) / (n + 2)
    variance = ((float((differences**2).sum()) + 2) / (n + 2) - difference**2) / (n + 2)
    half = float(stats.norm.ppf(0.5 + confidence / 2)) * float(np.sqrt(variance))
    return max(-1.0, difference - half), min(1.0, difference + half)


def bootstrap_interval(
    first: np.ndarray, second: np.ndarray, *, seed: int = 0, confidence: float = 0.95, n_resamples: int = N_RESAMPLES
) -> Interval:
    """Percentile interval of the difference of mean accuracies of these trained models; pictures stay paired.

    first, second: bool (n_seeds, n_test), the numbers of seeds may differ.
    Each resample draws the pictures with replacement. Pictures with the same pattern of right and wrong over all
    models are exchangeable, so that drawing the pictures is one multinomial draw over the patterns: the same
    distribution, without n_test draws for each resample. Seeds are not drawn: of two or three, that understates
    their variance by a half or a third.
    """
    rng = np.random.default_rng(seed)
    patterns, counts = np.unique(np.concatenate([first, second]), axis=1, return_counts=True)
    n_test = first.shape[1]
    drawn = rng.multinomial(n_test, counts / n_test, size=n_resamples)  # (n_resamples, n_patterns)
    accuracies = drawn @ patterns.T / n_test  # (n_resamples, seeds of both sides)
    differences = accuracies[:, : len(first)].mean(axis=1) - accuracies[:, len(first) :].mean(axis=1)
    low, high = np.quantile(differences, [0.5 - confidence / 2, 0.5 + confidence / 2])
    return float(low), float(high)


def exact_sign_flip_p_value(differences: np.ndarray, unit: float) -> float:
    """Two-sided p-value of "each picture's difference is as likely positive as negative", over all choices of signs.

    differences: float (n_test,), whole multiples of `unit`. For -1, 0 and 1 it is the exact McNemar test.
    Takes as many steps as the pictures that differ times sum(|d|) / unit.
    """
    steps = np.rint(np.abs(differences) / unit).astype(int)
    chances = np.ones(1)  # of each sum, from -reach to reach
    for step in steps[steps > 0]:
        wider = np.zeros(len(chances) + 2 * step)
        wider[: len(chances)] += chances / 2
        wider[2 * step :] += chances / 2
        chances = wider
    reach = len(chances) // 2
    observed = abs(round(float(differences.sum()) / unit))
    return min(1.0, float(chances[np.abs(np.arange(-reach, reach + 1)) >= observed].sum()))


def compare_paired(first: np.ndarray, second: np.ndarray, *, seed: int = 0) -> PairedDifference:
    """Test and interval of the difference between two methods on the same test pictures.

    first, second: bool (n_seeds, n_test).
    One seed each, or seeds that all answered alike: McNemar's test; bootstrap interval, or Bonett and Price's under
    25 disagreements. Several seeds: the interval of the pictures' mean differences, found in the same way, joined
    with Student's over seeds; Welch's test of both sources of chance, and under 25 disagreements the larger of its p
    and that of an exact sign-flip test. Raises ValueError if the numbers of pictures differ.
    """
    if first.shape[1] != second.shape[1]:
        raise ValueError(
            f"both methods must be tested on the same pictures, got {first.shape[1]} and {second.shape[1]}"
        )
    first, second = (side[:1] if (side == side[0]).all() else side for side in (first, second))
    share_first, share_second = first.mean(axis=0), second.mean(axis=0)
    only_first = float((share_first * (1 - share_second)).sum())
    only_second = float((share_second * (1 - share_first)).sum())
    difference = float(share_first.mean() - share_second.mean())
    differences, n_test = share_first - share_second, first.shape[1]
    few = only_first + only_second < FEW_DISAGREEMENTS
    interval = bonett_price_interval(differences) if few else bootstrap_interval(first, second, seed=seed)
    kind = "Bonett-Price interval" if few else "paired bootstrap interval"
    if len(first) == len(second) == 1:
        p_value = mcnemar_p_value(round(only_first), round(only_second))
        method = f"{'exact' if few else 'mid-p'} McNemar test, {kind}"
    else:
        by_seed = [side.mean(axis=1) for side in (first, second)]
        interval = join_seeds(difference, interval, by_seed)
        p_value = welch_p_value(difference, float(np.sqrt((differences**2).sum())) / n_test, by_seed)
        if few:
            p_value = max(p_value, exact_sign_flip_p_value(differences, 1 / (len(first) * len(second))))
        method = f"{'exact sign-flip and Welch' if few else 'Welch'} test, {kind} joined with Student's over seeds"
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
