from __future__ import annotations

import numpy as np
import pytest

from bakeoff.reports.statistics.curves import Curve, Point, compare_curves, did_not_train, find_crossing, read_curves
from bakeoff.tests.reports.study_factory import make_learning_curves


def make_curve(name: str, shares: list[float], n_test: int = 1000) -> Curve:
    """At 10, 100, 1000 ... pictures."""
    points = [
        Point(10.0 ** (step + 1), (np.arange(n_test) < share * n_test)[None], ({},))
        for step, share in enumerate(shares)
    ]
    return Curve(name, "hand-crafted", tuple(points))


def test_rows_become_curves_with_seeds_together():
    classic, mlp = read_curves(make_learning_curves([0.3, 0.5], [0.2, 0.6]).rows, lambda row: row["n_train"])
    assert (classic.experiment, mlp.side, classic.xs) == ("classic", "end-to-end", [100, 300])
    assert [len(point.correct) for point in mlp.points] == [2, 1]
    assert mlp.points[1].accuracy == pytest.approx(0.6, abs=0.01)


def test_a_crossing_is_found_between_the_sizes_in_the_logarithm():
    # Differences +0.1 and -0.1: in the middle between log 10 and log 100.
    at, interval = find_crossing(make_curve("a", [0.5, 0.6]), make_curve("b", [0.4, 0.7]))
    assert at == pytest.approx(10**1.5)
    assert interval[0] < at < interval[1]


def test_a_tie_between_two_signs_is_the_crossing():
    at, _ = find_crossing(make_curve("a", [0.5, 0.6, 0.6]), make_curve("b", [0.4, 0.6, 0.8]))
    assert at == pytest.approx(100)


def test_curves_that_do_not_cross_have_no_crossing():
    assert find_crossing(make_curve("a", [0.5, 0.6]), make_curve("b", [0.4, 0.5])) is None


def test_a_crossing_that_few_resamples_show_has_no_interval():
    at, interval = find_crossing(make_curve("a", [0.500, 0.600], 200), make_curve("b", [0.495, 0.605], 200))
    assert at == pytest.approx(10**1.5)
    assert interval is None


def test_curves_are_compared_where_both_have_points():
    tests = compare_curves(make_curve("a", [0.5, 0.6, 0.7]), make_curve("b", [0.5, 0.4]))
    assert [x for x, _, _ in tests] == [10, 100]
    assert tests[0][1].difference == 0
    assert tests[1][1].is_shown
    assert tests[1][2] >= tests[1][1].p_value


def test_points_without_training_are_known_by_the_fit_of_nets_alone():
    rows = [
        {**row, "train_score": 0.2, "side": side}
        for side, row in zip(("hand-crafted", "end-to-end"), make_learning_curves([0.3], [0.2]).rows[::2], strict=True)
    ]
    svm, net = read_curves(rows, lambda row: row["n_train"], chance=0.1)
    assert (len(svm.trained.points), len(net.trained.points)) == (1, 0)
    assert find_crossing(svm.trained, net.trained) is None
    assert not read_curves(rows, lambda row: row["n_train"], chance=0.0)[1].trained.points


@pytest.mark.parametrize(("train_score", "lost"), [(0.1, True), (0.29, True), (0.33, False), (1.0, False)])
def test_a_quarter_of_the_way_from_chance_to_all_is_the_least_fit(train_score, lost):
    assert did_not_train(train_score, 0.1) is lost
