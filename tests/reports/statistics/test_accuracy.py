"""Intervals and paired tests by hand, by property and, for level and coverage, by simulation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes
from hypothesis.extra.numpy import arrays as arrays_of
from scipy import stats

from bakeoff.reports.statistics.accuracy import (
    PairedDifference,
    accuracy_interval,
    compare_crossed,
    compare_paired,
    compare_resampled,
    holm,
    wilson_interval,
)
from bakeoff.reports.statistics.chance import FIXED, PRIOR, Sample, SeedSpread
from bakeoff.tests.reports.factory import correctness

seeds_by_pictures = array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40).map(lambda s: (min(s[0], 4), s[1]))
BOTH_FIXED = (FIXED, FIXED)
# classes, accuracy in each: what the intervals of balanced accuracy are tried on
RARE_CASES = [
    ([300, 30, 6], [0.9, 0.8, 0.7]),
    ([300, 30, 6], [0.95, 0.9, 0.9]),
    ([300, 30, 6], [0.9, 0.5, 0.2]),
    ([300, 30, 6], [0.99, 0.97, 0.9]),
    ([500, 5], [0.95, 0.5]),
    ([500, 5], [0.95, 0.9]),
    ([500, 5], [0.9, 0.97]),
    ([500, 5], [0.98, 0.1]),
    ([2] * 100, [0.9] * 100),
    ([2] * 100, [0.6] * 100),
    ([2] * 100, [0.99, 0.5] * 50),
    ([2, 20] * 50, [0.9, 0.6] * 50),
]


def test_wilson_interval_of_eight_in_ten_is_the_textbook_value():
    assert wilson_interval(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)


@given(st.integers(1, 500), st.floats(0, 1))
def test_wilson_interval_agrees_with_scipy_and_mirrors_that_of_the_failures(n, share):
    successes = round(share * n)
    expected = stats.binomtest(successes, n).proportion_ci(method="wilson")
    assert wilson_interval(successes, n) == pytest.approx((expected.low, expected.high), abs=1e-9)
    low, high = wilson_interval(share * n, n)
    assert 0 <= low <= share + 1e-12
    assert wilson_interval(n - share * n, n) == pytest.approx((1 - high, 1 - low), abs=1e-9)


def test_wilson_interval_refuses_more_successes_than_trials():
    with pytest.raises(ValueError, match=r"successes must lie in 0\.\.n with n > 0, got 11 of 10"):
        wilson_interval(11, 10)


@given(st.data())
def test_accuracy_interval_holds_the_accuracy_in_0_to_1(data):
    correct = data.draw(arrays_of(bool, seeds_by_pictures))
    labels = np.arange(correct.shape[1]) % 3
    for sample in (None, Sample(labels), Sample(labels, labels, balanced=True), Sample(labels, balanced=True)):
        low, high = accuracy_interval(correct, sample)
        mean = correct.mean() if sample is None else sample.mean(correct).mean()
        assert 0 <= low <= mean + 1e-9
        assert mean - 1e-9 <= high <= 1


def test_interval_of_one_trained_model_is_wilsons_and_seeds_widen_it():
    correct = np.arange(5000)[None] < 4000
    assert accuracy_interval(correct, spread=FIXED) == pytest.approx(wilson_interval(4000, 5000))
    one, three = (np.ptp(accuracy_interval(np.repeat(correct, n, axis=0))) for n in (1, 3))
    assert np.ptp(wilson_interval(4000, 5000)) < three < one


def test_interval_with_a_known_spread_of_seeds_by_hand():
    correct = np.arange(100)[None] < 80
    low, _ = wilson_interval(80, 100)
    deviation = math.sqrt(0.01 * (80.5 / 101) * (20.5 / 101))
    expected = 0.8 - 1.959964 * math.hypot((0.8 - low) / 1.959964, deviation)
    assert accuracy_interval(correct, spread=SeedSpread(0.01, np.inf))[0] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("counts", "shares"), RARE_CASES)
def test_balanced_interval_covers_with_rare_classes(counts, shares):
    """95 % of the intervals or more hold the truth; 94 % of them where 100 classes have 2 pictures."""
    rng = np.random.default_rng(0)
    labels, n_trials = np.repeat(np.arange(len(counts)), counts), 400
    sample, right = Sample(labels, balanced=True), np.array(shares)[labels]
    truth = float(np.mean(shares))
    held = [
        low <= truth <= high
        for _ in range(n_trials)
        for low, high in [accuracy_interval(rng.random((1, len(labels))) < right, sample, FIXED)]
    ]
    assert np.mean(held) >= (0.95 if len(counts) < 100 else 0.94) - 0.015  # the trials' own chance


@pytest.mark.parametrize(
    ("counts", "gains", "losses", "least", "most"),
    [
        ([300, 30, 6], [0.05, 0.1, 0.2], [0.03, 0.1, 0.1], 0.94, 1.0),
        ([300, 30, 6], [0.05, 0.2, 0.4], [0.05, 0.1, 0.1], 0.93, 1.0),
        ([500, 5], [0.05, 0.4], [0.05, 0.0], 0.93, 1.0),
        ([500, 5], [0.1, 0.8], [0.05, 0.1], 0.94, 1.0),
        ([2] * 100, [0.1] * 100, [0.1] * 100, 0.93, 0.975),
        ([2] * 100, [0.3] * 100, [0.05] * 100, 0.93, 0.975),
        ([1, 2, 3] * 30, [0.2] * 90, [0.1] * 90, 0.93, 0.98),
        ([1000], [0.05], [0.05], 0.93, 0.97),
        ([200] * 5, [0.03] * 5, [0.01] * 5, 0.93, 0.98),
    ],
)
def test_paired_interval_covers_and_does_so_no_more_than_it_must(counts, gains, losses, least, most):
    """Many small classes give no wider an interval than one large one; a single rare class may: nothing is known."""
    rng = np.random.default_rng(0)
    labels, n_trials = np.repeat(np.arange(len(counts)), counts), 500
    sample, gain, loss = Sample(labels, balanced=True), np.array(gains)[labels], np.array(losses)[labels]
    truth = float(np.mean(np.subtract(gains, losses)))
    held = 0
    for _ in range(n_trials):
        draw = rng.random((1, len(labels)))
        low, high = compare_paired(draw < gain, draw > 1 - loss, sample, BOTH_FIXED).interval
        held += low <= truth <= high
    assert least <= held / n_trials <= most


@pytest.mark.parametrize(
    ("n_groups", "size", "share", "correlation"), [(127, 14, 0.9, 0.3), (127, 14, 0.9, 0.6), (30, 10, 0.8, 0.3)]
)
def test_intervals_over_groups_cover_where_single_pictures_do_not(n_groups, size, share, correlation):
    rng = np.random.default_rng(0)
    groups, n_trials = np.repeat(np.arange(n_groups), size), 300
    sample = Sample(np.zeros(len(groups), int), groups)
    odds = (1 - correlation) / correlation
    held, alone = 0, 0
    for _ in range(n_trials):
        by_group = rng.beta(share * odds, (1 - share) * odds, n_groups)
        correct = rng.random((1, len(groups))) < by_group[groups]
        low, high = accuracy_interval(correct, sample, FIXED)
        held += low <= share <= high
        low, high = accuracy_interval(correct, None, FIXED)
        alone += low <= share <= high
    assert 0.92 <= held / n_trials <= 0.98
    assert alone / n_trials <= 0.75


def test_paired_test_over_groups_keeps_its_level():
    rng = np.random.default_rng(0)
    groups, n_trials = np.repeat(np.arange(60), 20), 400
    sample, rejected, alone = Sample(np.zeros(len(groups), int), groups), 0, 0
    for _ in range(n_trials):
        pair = [rng.random((1, len(groups))) < rng.beta(2, 0.5, 60)[groups] for _ in "ab"]
        rejected += compare_paired(*pair, sample, BOTH_FIXED).is_shown
        alone += compare_paired(*pair, None, BOTH_FIXED).is_shown
    assert rejected / n_trials <= 0.07
    assert alone / n_trials >= 0.25


def test_comparison_counts_who_alone_is_right():
    test = compare_paired(*correctness(50, 30, 12, 8))
    assert (test.only_first, test.only_second) == (30, 12)
    assert test.difference == pytest.approx(0.18)
    assert test.is_shown


def test_comparison_of_trained_models_is_bonett_and_prices_by_hand():
    # b = 8, c = 2, n = 98: center 6 / 100, error^2 = (variance of the differences / 98 * 98^2 + 2) / 100^2.
    test = compare_paired(*correctness(50, 8, 2, 38), spreads=BOTH_FIXED)
    variance = (10 - 36 / 98) / 97
    assert test.center == pytest.approx(0.06)
    assert test.error == pytest.approx(math.sqrt(variance * 98 + 2) / 100)
    # Their own formula, with n in place of n - 1, differs in the fourth digit.
    assert test.error == pytest.approx(math.sqrt(0.1164 / 100), rel=0.01)


def test_comparison_of_a_method_with_itself_shows_nothing_and_is_not_certain_of_it():
    first, _ = correctness(70, 0, 0, 30)
    for sample in (None, Sample(np.arange(100) % 2, balanced=True), Sample(np.zeros(100, int), np.arange(100) // 5)):
        test = compare_paired(first, first, sample)
        assert (test.difference, test.p_value, test.is_shown) == (0.0, 1.0, False)
        assert test.interval[0] < 0 < test.interval[1]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_comparison_turns_with_its_methods_and_test_and_interval_agree(both, only_first, only_second, neither):
    first, second = correctness(both, only_first, only_second, neither + 1)
    one, other = compare_paired(first, second), compare_paired(second, first)
    assert (other.difference, other.p_value) == pytest.approx((-one.difference, one.p_value))
    assert (other.only_first, other.only_second) == (one.only_second, one.only_first)
    assert -1 <= one.interval[0] <= one.interval[1] <= 1
    assert one.is_shown == (not one.interval[0] <= 0 <= one.interval[1])
    assert one.probability_above(0) == pytest.approx(1 - other.probability_above(0))


def test_comparison_refuses_different_pictures():
    with pytest.raises(ValueError, match="tested on the same pictures, got 4 and 5"):
        compare_paired(np.ones((1, 4), bool), np.ones((1, 5), bool))


@pytest.mark.parametrize(("n", "level"), [(10, 0.03), (20, 0.05), (60, 0.055), (200, 0.06)])
def test_level_of_the_paired_test_for_any_number_of_disagreements(n, level):
    """Exact over all splits of n disagreements among 1,000 pictures: 2.1, 4.1, 5.2 and 5.6 %, as of a mid-p test."""
    rejected = [compare_paired(*correctness(500, b, n - b, 500 - n), spreads=BOTH_FIXED).is_shown for b in range(n + 1)]
    assert stats.binom.pmf(np.flatnonzero(rejected), n, 0.5).sum() <= level


def test_corrected_resampled_t_by_hand():
    # Mean 2, variance 1, three splits of 90 and 10: error^2 = 1/3 + 1/9.
    test = compare_resampled(np.array([0.01, 0.02, 0.03]), 90, 10)
    assert test.error == pytest.approx(0.01 * math.sqrt(1 / 3 + 1 / 9))
    assert test.p_value == pytest.approx(2 * stats.t.sf(0.02 / test.error, 2))
    with pytest.raises(ValueError, match="at least 2 splits, got 1"):
        compare_resampled(np.array([0.01]), 90, 10)


def test_corrected_resampled_t_holds_its_level_where_the_plain_one_does_not():
    """Ten times 10-fold of two equal guessers that err apart: their folds share all pictures."""
    rng = np.random.default_rng(0)
    n, n_trials, corrected, plain = 200, 300, 0, 0
    for _ in range(n_trials):
        differences = rng.choice([-1.0, 0, 1], n, p=[0.1, 0.8, 0.1])
        folds = np.concatenate([differences[rng.permutation(n)].reshape(10, 20).mean(axis=1) for _ in range(10)])
        corrected += compare_resampled(folds, 180, 20).is_shown
        plain += stats.ttest_1samp(folds, 0).pvalue < 0.05
    assert corrected / n_trials <= 0.06
    assert plain / n_trials >= 0.4


def holm_of(p_values: list[float]) -> list[float]:
    """Adjusted, of tests with these p-values."""
    centers = stats.norm.isf(np.maximum(p_values, 1e-300) / 2)
    return [test.p_holm for test in holm(PairedDifference(c, c, 1.0, np.inf, 0, 0, "made up") for c in centers)]


def test_holm_by_hand_and_in_the_given_order():
    assert holm_of([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_holm_never_lowers_a_p_value_and_does_not_depend_on_the_order(p_values, random):
    adjusted = holm_of(p_values)
    assert all(p <= a + 1e-12 and a <= 1 for a, p in zip(adjusted, p_values, strict=True))
    order = list(range(len(p_values)))
    random.shuffle(order)
    assert holm_of([p_values[index] for index in order]) == pytest.approx([adjusted[index] for index in order])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.integers(0, 11), st.floats(0, 1))
def test_holm_is_monotone(p_values, place, share):
    """A smaller p-value makes no claim of the family weaker."""
    lowered = list(p_values)
    lowered[place % len(lowered)] *= share
    assert all(low <= high + 1e-12 for low, high in zip(holm_of(lowered), holm_of(p_values), strict=True))


def test_the_interval_over_corruptions_and_pictures_by_hand():
    # Two corruptions of means 0 and 0.5: variance 0.125, over 2; every picture has mean 0.25 and adds nothing; t(1).
    values = np.array([[0.0] * 50, [0.5] * 50])
    low, high = 0.25 - 12.7062 * 0.25, 0.25 + 12.7062 * 0.25
    assert compare_crossed(values).interval == pytest.approx((max(low, -1), min(high, 1)), rel=1e-4)
    alike = np.tile(np.arange(50) % 2, (15, 1)).astype(float)  # equal corruptions: Student's over the pictures
    half = stats.t.ppf(0.975, 49) * stats.sem(alike[0])
    assert compare_crossed(alike).interval[1] - 0.5 == pytest.approx(half)
    assert not compare_crossed(np.zeros((3, 9))).is_shown


def test_the_prior_is_what_the_reader_is_told():
    assert PRIOR.deviation(0.8) == pytest.approx(0.004)
