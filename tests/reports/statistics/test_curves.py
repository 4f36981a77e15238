from dataclasses import replace

import numpy as np
import pytest

from bakeoff.reports.statistics.chance import Sample
from bakeoff.reports.statistics.curves import Curve, Point, compare_curves, find_crossing, read_curves
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


def test_answers_about_other_pictures_are_refused():
    rows = make_learning_curves([0.3], [0.2]).rows
    with pytest.raises(ValueError, match="must be about the 60 test pictures of its task, got answers for 400"):
        read_curves(rows, lambda row: row["n_train"], Sample(np.zeros(60, int)))


def test_groups_drawn_together_widen_the_interval_of_a_crossing():
    curves = [make_curve("a", [0.5, 0.6]), make_curve("b", [0.4, 0.7])]
    grouped = [
        replace(
            curve,
            points=tuple(replace(p, tested=Sample(np.zeros(1000, int), np.arange(1000) // 50)) for p in curve.points),
        )
        for curve in curves
    ]
    alone, together = (np.ptp(find_crossing(*pair)[1] or (0, np.inf)) for pair in (curves, grouped))
    assert together > 1.5 * alone


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
    assert list(tests) == [10, 100]
    assert tests[10].difference == 0
    assert tests[100].is_shown
    assert tests[100].p_holm == pytest.approx(2 * tests[100].p_value)


def test_a_point_with_a_net_that_did_not_train_is_left_out_of_what_trained():
    rows = make_learning_curves([0.3, 0.6], [0.2, 0.7]).rows
    rows = [
        {**row, "did_not_train": (row["experiment"], row["seed"], row["n_train"]) == ("mlp", 1, 100)} for row in rows
    ]
    svm, net = read_curves(rows, lambda row: row["n_train"])
    assert (svm.trained.xs, net.xs, net.trained.xs) == ([100, 300], [100, 300], [300])
    assert find_crossing(svm, net) is not None
    assert find_crossing(svm.trained, net.trained) is None


@pytest.mark.slow
@pytest.mark.parametrize("n_seeds", [1, 3])
def test_the_interval_of_a_crossing_covers(n_seeds):
    """Two curves that cross between 100 and 1,000 pictures, on the same test pictures; seeds deviate by 0.4 points."""
    rng, held, n_trials, sizes = np.random.default_rng(0), 0, 200, [10.0, 100.0, 1000.0, 10_000.0]
    shares = {"a": [0.50, 0.60, 0.66, 0.70], "b": [0.30, 0.52, 0.70, 0.80]}
    truth = 100 * 10 ** (0.08 / (0.08 + 0.04))
    for _ in range(n_trials):
        hard = rng.random(1000)
        curves = []
        for name, means in shares.items():
            points = []
            for size, mean in zip(sizes, means, strict=True):
                true = mean + 0.004 * rng.standard_normal((n_seeds, 1))
                own = np.where(rng.random((n_seeds, 1000)) < 0.5, hard, rng.random((n_seeds, 1000)))
                points.append(Point(size, own < true, ({},) * n_seeds))
            curves.append(Curve(name, "hand-crafted", tuple(points)))
        found = find_crossing(*curves)
        held += found is not None and found[1] is not None and found[1][0] <= truth <= found[1][1]
    assert held / n_trials >= 0.92
