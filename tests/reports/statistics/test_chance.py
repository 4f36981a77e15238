"""What other pictures and another seed change: variances, seeds pooled over a side, the level of the paired test."""

import numpy as np
import pytest

from bakeoff.reports.statistics.accuracy import compare_paired
from bakeoff.reports.statistics.chance import FIXED, PRIOR, Sample, pool_seeds
from bakeoff.tests.reports.factory import correctness


def test_every_class_or_every_picture_weighs_the_same():
    labels = np.array([0, 0, 0, 2])  # class 1 does not occur
    np.testing.assert_allclose(Sample(labels, balanced=True).weights, [1 / 6, 1 / 6, 1 / 6, 1 / 2])
    np.testing.assert_allclose(Sample(labels).weights, np.full(4, 1 / 4))


def test_variance_of_pictures_drawn_alone_is_the_textbook_one():
    values = np.array([0.0, 1, 1, 0, 1])
    assert Sample(np.zeros(5, int)).variance(values) == pytest.approx(values.var(ddof=1) / 5)


def test_balanced_variance_is_that_of_the_classes_by_hand():
    # Means of two classes of 3 and 2: variances 1/3 / 3 and 1/2 / 2, each with weight 1/4.
    values, labels = np.array([0.0, 1, 1, 0, 1]), np.array([0, 0, 0, 1, 1])
    assert Sample(labels, balanced=True).variance(values) == pytest.approx((1 / 9 + 1 / 4) / 4)


def test_groups_that_are_right_or_wrong_as_one_count_as_one_picture():
    groups = np.repeat(np.arange(10), 6)
    values = (groups % 3 == 0).astype(float)
    sample = Sample(np.zeros(60, int), groups)
    by_group = values[::6]
    assert sample.variance(values) == pytest.approx(by_group.var(ddof=1) / 10)
    assert sample.design_effect(values) == pytest.approx(6, rel=0.1)
    assert sample.design_effect(np.ones(60)) == 6  # nothing is known, so the worst
    assert sample.freedom == 9


def test_groups_of_one_picture_change_nothing():
    values = np.random.default_rng(0).random(40)
    labels = np.arange(40) % 3
    for balanced in (False, True):
        alone, single = Sample(labels, None, balanced), Sample(labels, np.arange(40), balanced)
        assert single.variance(values) == pytest.approx(alone.variance(values))
        assert single.design_effect(values) == pytest.approx(1)


def test_a_class_of_one_picture_is_as_uncertain_as_all():
    values, labels = np.array([0.0, 1, 1, 0, 1]), np.array([0, 0, 0, 0, 1])
    assert Sample(labels, balanced=True).variance(values) > Sample(labels[:4], balanced=True).variance(values[:4]) / 4


def test_groups_must_be_one_a_picture():
    with pytest.raises(ValueError, match=r"groups must be \(5,\), one for each picture, got \(4,\)"):
        Sample(np.zeros(5, int), np.zeros(4, int))


def make_seeds(
    rng: np.random.Generator, hard: np.ndarray, n_seeds: int, deviation: float, mean: float = 0.8
) -> np.ndarray:
    """bool (n_seeds, n_test): true accuracies have this mean; on half of the pictures all models agree what is hard."""
    accuracies = mean + deviation * rng.standard_normal((n_seeds, 1))
    own = rng.random((n_seeds, len(hard)))
    return np.where(np.arange(len(hard)) < len(hard) / 2, own, hard) < accuracies


def test_without_a_repeated_run_the_prior_stands():
    assert pool_seeds([]) == pool_seeds([np.ones((1, 50), bool)]) == PRIOR
    assert FIXED.deviation(0.8) == 0


@pytest.mark.parametrize("deviation", [0.0, 0.004, 0.02])
def test_many_seeds_tell_the_spread_of_true_accuracies(deviation):
    """Not that of the accuracies on these pictures, which chance over pictures alone makes 0.3 points."""
    rng = np.random.default_rng(0)
    found = pool_seeds([make_seeds(rng, rng.random(10_000), 5, deviation) for _ in range(12)])
    assert found.n_repeats == 48
    assert found.deviation(0.8) == pytest.approx(deviation, abs=0.0025 + 0.15 * deviation)
    assert found.freedom > 10


def test_experiments_are_pooled_and_more_of_them_are_known_better():
    rng = np.random.default_rng(0)
    runs = [make_seeds(rng, rng.random(5000), 3, 0.004) for _ in range(6)]
    assert PRIOR.freedom <= pool_seeds(runs[:1]).freedom < pool_seeds(runs).freedom


def test_groups_flip_together_and_balanced_accuracy_has_a_spread_of_its_own():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(50), 20)
    runs = [np.repeat(rng.random((3, 50)) < 0.8, 20, axis=1) for _ in range(4)]
    alone, together = (pool_seeds(runs, Sample(groups % 2, g)) for g in (None, groups))
    assert together.square < alone.square / 3
    assert pool_seeds(runs, Sample((np.arange(1000) < 50).astype(int), balanced=True)).n_repeats == 8


@pytest.mark.parametrize("counts", [(50, 30, 12, 8), (90, 4, 1, 5), (100, 0, 0, 0)])
def test_the_same_run_twice_is_surer_than_once(counts):
    first, second = correctness(*counts)
    one, twice = compare_paired(first, second), compare_paired(np.repeat(first, 2, axis=0), second)
    assert twice.difference == one.difference
    assert np.ptp(twice.interval) < np.ptp(one.interval)


def test_seeds_far_apart_widen_the_interval_beyond_the_prior():
    first, second = correctness(4000, 400, 200, 400)
    weak = first.copy()
    weak[0, :500] = False
    test, one = compare_paired(np.concatenate([first, weak]), second), compare_paired(first, second)
    assert np.ptp(test.interval) > 2 * np.ptp(one.interval)


def simulate(n_test: int, deviation: float, seeds: tuple[int, int], n_trials: int) -> tuple[float, float]:
    """(share of trials in which two equal methods are told apart, mean width of the interval)."""
    rng = np.random.default_rng(0)
    told, widths = 0, []
    for _ in range(n_trials):
        hard = rng.random(n_test)
        test = compare_paired(*(make_seeds(rng, hard, n, deviation) for n in seeds))
        told += test.is_shown
        widths.append(np.ptp(test.interval))
    return told / n_trials, float(np.mean(widths))


@pytest.mark.parametrize("seeds", [(1, 1), (2, 1), (3, 3)])
def test_few_equal_methods_are_told_apart(seeds):
    """2.7, 6.0 and 2.7 %; one seed a side judged by pictures alone: 8 %, and 26 % of 10,000 pictures (here 3 %)."""
    told, _ = simulate(1800, 0.004, seeds, 300)
    assert told <= 0.075


@pytest.mark.slow
@pytest.mark.parametrize(("n_test", "n_trials"), [(300, 1000), (1800, 1000), (10_000, 400)])
@pytest.mark.parametrize("deviation", [0.0, 0.002, 0.004])
def test_level_and_a_second_seed_never_widens(n_test, n_trials, deviation):
    """Level 0 to 6 % for seed deviations of 0 to 0.4 points; each further seed narrows the interval on average."""
    found = [simulate(n_test, deviation, seeds, n_trials) for seeds in ((1, 1), (2, 1), (2, 2), (3, 3))]
    assert max(told for told, _ in found) <= 0.065
    widths = [width for _, width in found]
    assert widths == sorted(widths, reverse=True)


@pytest.mark.slow
def test_a_gap_of_three_points_is_found_with_two_seeds_a_side():
    rng, missed, n_trials = np.random.default_rng(0), 0, 300
    for _ in range(n_trials):
        hard = rng.random(10_000)
        first = make_seeds(rng, hard, 2, 0.004)
        missed += not compare_paired(first, make_seeds(rng, hard, 2, 0.004, 0.77)).is_shown
    assert missed / n_trials <= 0.02
