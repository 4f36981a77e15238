import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes
from hypothesis.extra.numpy import arrays as arrays_of
from scipy import stats

from bakeoff.reports.statistics.accuracy import (
    accuracy_interval,
    bonett_price_interval,
    bootstrap_interval,
    compare_paired,
    exact_sign_flip_p_value,
    holm,
    mcnemar_p_value,
    wilson_interval,
)
from bakeoff.tests.reports.factory import correctness

seeds_by_pictures = array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40).map(lambda s: (min(s[0], 4), s[1]))


def test_wilson_interval_of_eight_in_ten_is_the_textbook_value():
    assert wilson_interval(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)


@given(st.integers(1, 500), st.floats(0, 1))
def test_wilson_interval_agrees_with_scipy_and_holds_the_share(n, share):
    successes = round(share * n)
    expected = stats.binomtest(successes, n).proportion_ci(method="wilson")
    low, high = wilson_interval(successes, n)
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert low - 1e-12 <= successes / n <= high + 1e-12


@given(st.integers(1, 500), st.floats(0, 1))
def test_wilson_interval_of_any_mean_lies_in_0_to_1_and_mirrors_that_of_the_failures(n, share):
    low, high = wilson_interval(share * n, n)
    assert 0 <= low <= share + 1e-12
    assert share - 1e-12 <= high <= 1
    assert wilson_interval(n - share * n, n) == pytest.approx((1 - high, 1 - low), abs=1e-9)
    wider = wilson_interval(share * n, n, confidence=0.99)
    assert wider[0] <= low + 1e-12
    assert wider[1] >= high - 1e-12


@given(st.data())
def test_accuracy_interval_holds_the_accuracy_in_0_to_1(data):
    correct = data.draw(arrays_of(bool, seeds_by_pictures))
    low, high = accuracy_interval(correct)
    assert 0 <= low <= correct.mean() + 1e-12
    assert correct.mean() - 1e-12 <= high <= 1


def test_wilson_interval_refuses_more_successes_than_trials():
    with pytest.raises(ValueError, match=r"successes must lie in 0\.\.n with n >= 1, got 11 of 10"):
        wilson_interval(11, 10)


def test_interval_of_one_seed_is_wilsons_and_equal_seeds_add_nothing():
    correct = np.arange(50)[None] < 40
    assert accuracy_interval(correct) == pytest.approx(wilson_interval(40, 50))
    assert accuracy_interval(np.repeat(correct, 3, axis=0)) == pytest.approx(wilson_interval(40, 50))


def test_interval_grows_by_the_spread_of_seeds_in_quadrature():
    correct = np.stack([np.arange(100) < n for n in (70, 80, 90)])
    low, _ = wilson_interval(80, 100)
    expected = 0.8 - math.hypot(0.8 - low, 4.302653 * 0.1 / math.sqrt(3))
    assert accuracy_interval(correct)[0] == pytest.approx(expected, abs=1e-6)


def test_mcnemar_is_exact_for_few_disagreements():
    # 1 against 5: P(X <= 1) = (1 + 6) / 64, two-sided 14 / 64.
    assert mcnemar_p_value(1, 5) == pytest.approx(14 / 64)
    assert mcnemar_p_value(0, 0) == 1.0


def test_mcnemar_mid_p_counts_the_observed_split_half():
    # Fagerland et al. 2013: two-sided exact p minus the probability of the observed split.
    expected = 2 * stats.binom.cdf(20, 60, 0.5) - stats.binom.pmf(20, 60, 0.5)
    assert mcnemar_p_value(20, 40) == pytest.approx(expected)
    assert mcnemar_p_value(30, 30) == pytest.approx(1 - 0.5 * stats.binom.pmf(30, 60, 0.5))


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_is_symmetric_and_a_probability(first, second):
    p = mcnemar_p_value(first, second)
    assert p == pytest.approx(mcnemar_p_value(second, first))
    assert 0 <= p <= 1


def differing(only_first: int, only_second: int, n: int) -> np.ndarray:
    """Of n pictures, so many that one of two methods alone names correctly: 1, -1 or 0, float (n,)."""
    return np.repeat([1.0, -1.0, 0.0], [only_first, only_second, n - only_first - only_second])


def test_bonett_price_interval_by_hand():
    # b = 8, c = 2, n = 98: d = 6 / 100, se^2 = (12 / 100 - 0.0036) / 100.
    half = 1.959964 * math.sqrt(0.1164 / 100)
    assert bonett_price_interval(differing(8, 2, 98)) == pytest.approx((0.06 - half, 0.06 + half), abs=1e-6)


def test_bonett_price_interval_of_means_by_hand():
    # Sum 1, sum of squares 1.5, n = 8: d = 0.1, se^2 = (0.35 - 0.01) / 10.
    half = 1.959964 * math.sqrt(0.034)
    differences = np.array([1, 0.5, -0.5, 0, 0, 0, 0, 0])
    assert bonett_price_interval(differences) == pytest.approx((0.1 - half, 0.1 + half), abs=1e-6)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 300))
def test_bonett_price_interval_turns_with_the_methods_and_stays_in_its_range(first, second, others):
    n = first + second + others + 1
    low, high = bonett_price_interval(differing(first, second, n))
    assert -1 <= low <= high <= 1
    assert bonett_price_interval(differing(second, first, n)) == pytest.approx((-high, -low))


def test_bonett_price_interval_is_not_empty_when_nothing_disagrees():
    low, high = bonett_price_interval(differing(0, 0, 50))
    assert low < 0 < high
    assert low == pytest.approx(-high)


def test_bootstrap_agrees_with_resampling_every_picture():
    first, second = correctness(120, 40, 20, 20)
    rng = np.random.default_rng(5)
    d = first[0].astype(float) - second[0]
    slow = np.quantile([rng.choice(d, len(d)).mean() for _ in range(4000)], [0.025, 0.975])
    assert bootstrap_interval(first, second) == pytest.approx(tuple(slow), abs=0.008)


def test_bootstrap_is_repeatable_and_follows_its_seed():
    first, second = correctness(100, 37, 23, 20)
    assert bootstrap_interval(first, second, seed=1) == bootstrap_interval(first, second, seed=1)
    drawn = {bootstrap_interval(first, second, seed=seed, n_resamples=50) for seed in range(5)}
    assert len(drawn) > 1


def test_exact_sign_flip_is_the_exact_mcnemar_test_for_single_runs():
    differences = np.array([1.0] * 5 + [-1.0] + [0.0] * 30)
    assert exact_sign_flip_p_value(differences, 1.0) == pytest.approx(mcnemar_p_value(5, 1))
    assert exact_sign_flip_p_value(np.zeros(9), 1.0) == 1.0


def test_exact_sign_flip_agrees_with_trying_every_choice_of_signs():
    differences = np.array([3, 2, -1, 1, 0, 2, -3, 1]) / 3
    sums = [abs(np.dot(signs, differences)) for signs in itertools.product((-1, 1), repeat=len(differences))]
    slow = np.mean(np.array(sums) >= abs(differences.sum()) - 1e-9)
    assert exact_sign_flip_p_value(differences, 1 / 3) == pytest.approx(slow)


def test_comparison_counts_who_alone_is_right():
    test = compare_paired(*correctness(50, 30, 12, 8))
    assert (test.only_first, test.only_second) == (30, 12)
    assert test.difference == pytest.approx(0.18)
    assert test.is_shown
    assert "mid-p" in test.method


def test_comparison_of_a_method_with_itself_shows_nothing():
    first, _ = correctness(70, 0, 0, 30)
    test = compare_paired(first, first)
    assert (test.difference, test.p_value, test.is_shown) == (0.0, 1.0, False)
    assert test.interval[0] < 0 < test.interval[1]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_comparison_turns_with_its_methods(both, only_first, only_second, neither):
    first, second = correctness(both, only_first, only_second, neither + 1)
    one, other = compare_paired(first, second), compare_paired(second, first)
    assert (other.difference, other.p_value) == pytest.approx((-one.difference, one.p_value))
    assert (other.only_first, other.only_second) == (one.only_second, one.only_first)
    assert 0 <= one.p_value <= 1
    assert -1 <= one.interval[0] <= one.interval[1] <= 1


def test_comparison_refuses_different_pictures():
    with pytest.raises(ValueError, match="tested on the same pictures, got 4 and 5"):
        compare_paired(np.ones((1, 4), bool), np.ones((1, 5), bool))


@pytest.mark.parametrize("n", [20, 60, 200])
def test_level_of_the_paired_test_is_kept_under_the_null(n):
    splits = np.arange(n + 1)
    rejected = np.array([mcnemar_p_value(int(b), int(n - b)) < 0.05 for b in splits])
    # The mid-p version may pass its level by a little, unlike the exact one: that is the price of its power.
    assert stats.binom.pmf(splits[rejected], n, 0.5).sum() <= 0.058


def test_holm_by_hand_and_in_the_given_order():
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_never_lowers_a_p_value_and_keeps_the_order(p_values):
    adjusted = holm(p_values)
    assert all(a >= p for a, p in zip(adjusted, p_values, strict=True))
    assert max(adjusted) <= 1
    ranked = [a for _, a in sorted(zip(p_values, adjusted, strict=True))]
    assert ranked == sorted(ranked)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_holm_does_not_depend_on_the_order(p_values, random):
    order = list(range(len(p_values)))
    random.shuffle(order)
    shuffled = holm([p_values[index] for index in order])
    assert shuffled == pytest.approx([holm(p_values)[index] for index in order])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.integers(0, 11), st.floats(0, 1))
def test_holm_is_monotone(p_values, place, share):
    """A smaller p-value makes no claim of the family weaker."""
    lowered = list(p_values)
    lowered[place % len(lowered)] *= share
    assert all(low <= high + 1e-12 for low, high in zip(holm(lowered), holm(p_values), strict=True))


@given(st.floats(0, 1))
def test_holm_leaves_a_single_claim_alone(p_value):
    assert holm([p_value]) == [p_value]
