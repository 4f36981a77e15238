import math

import numpy as np
import pytest
from scipy import stats

from bakeoff.reports.statistics.accuracy import compare_paired
from bakeoff.reports.statistics.seeds import join_seeds, student_half_width, welch_p_value
from bakeoff.tests.reports.factory import correctness


def test_student_half_width_of_three_values_by_hand():
    # Mean 2, deviation 1, t(0.975, 2) = 4.3027.
    assert student_half_width([1.0, 2.0, 3.0]) == pytest.approx(4.3027 / math.sqrt(3), abs=1e-4)
    assert student_half_width([0.7]) == 0.0


def test_half_widths_join_as_the_root_of_the_sum_of_squares():
    apart, alone = np.array([0.69, 0.71]), np.array([0.6])  # Student: 12.7062 * 0.01
    low, high = join_seeds(0.1, (0.07, 0.14), (apart, alone))
    assert low == pytest.approx(0.1 - math.hypot(0.03, 0.127062), abs=1e-6)
    assert high == pytest.approx(0.1 + math.hypot(0.04, 0.127062), abs=1e-6)
    assert join_seeds(0.1, (0.07, 0.14), (alone, alone)) == (0.07, 0.14)


def test_without_chance_of_pictures_it_is_welchs_test():
    first, second = np.array([0.80, 0.82, 0.81]), np.array([0.77, 0.80])
    expected = stats.ttest_ind(first, second, equal_var=False).pvalue
    assert welch_p_value(first.mean() - second.mean(), 0.0, (first, second)) == pytest.approx(expected)


def test_without_chance_of_seeds_it_is_the_normal_test():
    alike = np.array([0.8, 0.8])
    assert welch_p_value(0.02, 0.01, (alike, alike[:1])) == pytest.approx(2 * stats.norm.sf(2))
    assert welch_p_value(0.0, 0.0, (alike, alike)) == 1.0


def test_its_level_is_kept_with_three_seeds_each():
    rng = np.random.default_rng(0)
    n_trials, from_pictures = 2000, 0.005
    rejected = 0
    for _ in range(n_trials):
        first, second = rng.normal(0.8, 0.01, (2, 3))
        difference = first.mean() - second.mean() + from_pictures * rng.standard_normal()
        rejected += welch_p_value(difference, from_pictures, (first, second)) < 0.05
    assert 0.03 < rejected / n_trials < 0.065


@pytest.mark.parametrize("counts", [(50, 30, 12, 8), (90, 4, 1, 5), (100, 0, 0, 0)])
def test_the_same_run_twice_or_thrice_is_one_run(counts):
    first, second = correctness(*counts)
    repeated = compare_paired(np.repeat(first, 3, axis=0), np.repeat(second, 2, axis=0))
    assert repeated == compare_paired(first, second)


def test_comparison_with_seeds_averages_over_them_and_is_wider_where_they_differ():
    first, second = correctness(100, 40, 20, 40)
    weak = first.copy()
    weak[0, :20] = False
    test, one = compare_paired(np.concatenate([first, weak]), second), compare_paired(first, second)
    assert (test.only_first, test.only_second) == (40, 20 + 20 / 2)
    assert test.difference == pytest.approx(0.05)
    # Two runs that are 10 points apart: 12.706 * 7.07 / sqrt(2) = 63.5 points to either side.
    assert np.ptp(test.interval) == pytest.approx(2 * 0.635, abs=0.02)
    assert test.p_value > one.p_value
    assert "seeds" in test.method


def make_runs(rng: np.random.Generator, easy: np.ndarray, n_seeds: int, deviation: float, shared: float) -> np.ndarray:
    """bool (n_seeds, n_test): seeds whose true accuracies have mean 0.8; of `shared` pictures all find the same hard.

    easy: float (n_test,) in 0..1, how hard the shared ones are.
    """
    accuracies = 0.8 + deviation * rng.standard_normal((n_seeds, 1))
    own = rng.random((n_seeds, len(easy)))
    return np.where(np.arange(len(easy)) < shared * len(easy), easy, own) < accuracies


@pytest.mark.parametrize(("n_test", "shared", "n_trials"), [(300, 0.98, 400), (1500, 0.9, 50)])
def test_of_methods_that_differ_by_their_seeds_alone_few_are_told_apart(n_test, shared, n_trials):
    """Three seeds each, whose accuracies deviate by 1 point; few disagreements, then many."""
    rng = np.random.default_rng(0)
    held, rejected = 0, 0
    for _ in range(n_trials):
        easy = rng.random(n_test)
        test = compare_paired(*(make_runs(rng, easy, 3, 0.01, shared) for _ in "ab"))
        held += test.interval[0] <= 0 <= test.interval[1]
        rejected += test.p_value < 0.05
    assert held / n_trials >= 0.95
    assert rejected / n_trials <= 0.07
