"""Balanced accuracy leads where classes differ much in size; its intervals are sound with rare classes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bakeoff.reports.__main__ import to_rich
from bakeoff.reports.chapters.results import result_table, summary_table
from bakeoff.reports.figures.cost import draw_cost
from bakeoff.reports.report import build_report
from bakeoff.reports.report_html import render_html
from bakeoff.reports.statistics.accuracy import bonett_price_interval, wilson_interval
from bakeoff.reports.statistics.balanced import (
    balanced_interval,
    compare_balanced,
    picture_weights,
    sign_flip_p_value,
)
from bakeoff.reports.statistics.comparison import Comparison, build_comparison
from bakeoff.reports.verdict import reach_verdict
from bakeoff.tests.reports.factory import make_run, make_task

RARE = np.repeat([0, 1], [180, 20])


def test_every_class_weighs_the_same():
    weights = picture_weights(np.array([0, 0, 0, 2]))  # class 1 does not occur
    np.testing.assert_allclose(weights, [1 / 6, 1 / 6, 1 / 6, 1 / 2])


def test_of_one_class_both_intervals_are_those_of_a_share():
    correct, other = np.arange(40)[None] < 30, np.arange(40)[None] < 25
    np.testing.assert_allclose(balanced_interval(correct, np.zeros(40, int)), wilson_interval(30, 40))
    test = compare_balanced(correct, other, np.zeros(40, int))
    np.testing.assert_allclose(test.interval, bonett_price_interval(np.repeat([1.0, 0.0], [5, 35])))
    assert test.difference == pytest.approx(5 / 40)


def test_a_difference_solved_by_hand():
    first = np.arange(200)[None] < 190  # all of the large class, half of the rare one
    second = np.arange(200)[None] < 171  # 95 % of the large class, none of the rare one
    test = compare_balanced(first, second, RARE)
    assert test.difference == pytest.approx((0.05 + 0.5) / 2)
    assert (test.only_first, test.only_second) == (19, 0)
    assert test.is_shown
    assert compare_balanced(second, first, RARE).difference == pytest.approx(-test.difference)


def test_a_method_against_itself_shows_nothing_and_is_not_certain_of_it():
    correct = np.ones((1, 200), bool)
    test = compare_balanced(correct, correct, RARE)
    assert (test.difference, test.p_value, test.is_shown) == (0, 1, False)
    assert test.interval[0] < 0 < test.interval[1]


def test_seeds_that_differ_widen_both_intervals():
    same = np.arange(200)[None] < np.array([[180], [180]])
    apart = np.arange(200)[None] < np.array([[190], [170]])
    assert np.ptp(balanced_interval(apart, RARE)) > np.ptp(balanced_interval(same, RARE))
    assert np.ptp(compare_balanced(apart, same, RARE).interval) > np.ptp(compare_balanced(same, same, RARE).interval)


@pytest.mark.parametrize("n_for", [8, 12, 19])
def test_flipping_signs_agrees_with_the_exact_binomial_test(n_for):
    differences = np.concatenate([np.full(n_for, 0.25), np.full(20 - n_for, -0.25), np.zeros(50)])
    exact = stats.binomtest(n_for, 20).pvalue
    assert sign_flip_p_value(differences) == pytest.approx(exact, abs=4 * np.sqrt(exact / 20_000) + 1e-4)


def test_of_the_intervals_with_rare_classes_at_least_95_in_100_hold_the_truth():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [300, 30, 6])
    gains, losses = np.array([0.05, 0.1, 0.2]), np.array([0.03, 0.1, 0.1])
    truth, n_trials, held = float((gains - losses).mean()), 300, 0
    for _ in range(n_trials):
        draw = rng.random(len(labels))
        first, second = draw < gains[labels], draw > 1 - losses[labels]
        differences = np.concatenate([first[None], second[None]])
        low, high = compare_balanced(differences[:1], differences[1:], labels).interval
        held += low <= truth <= high
    assert held / n_trials > 0.94


def test_of_a_hundred_classes_the_interval_holds_its_estimate_and_the_truth():
    """Half of the classes have 2 pictures: added pictures must not pull the estimate to 0 in all of them."""
    rng = np.random.default_rng(0)
    labels, gains, losses = np.repeat(np.arange(100), [2, 20] * 50), 0.3, 0.05
    n_trials, held = 40, 0
    for _ in range(n_trials):
        draw = rng.random(len(labels))
        test = compare_balanced(draw[None] < gains, draw[None] > 1 - losses, labels)
        assert test.interval[0] < test.difference < test.interval[1]
        held += test.interval[0] <= gains - losses <= test.interval[1]
    assert held / n_trials >= 0.94


def test_where_seeds_differ_p_holds_their_chance_too():
    first, second = np.arange(200) < 185, np.arange(200) < 165
    apart = np.stack([first, np.arange(200) < 180])
    assert (
        compare_balanced(apart, second[None], RARE).p_value > compare_balanced(first[None], second[None], RARE).p_value
    )
    same = np.stack([first, first])
    assert compare_balanced(same, second[None], RARE) == compare_balanced(first[None], second[None], RARE)


def make_comparison(shares: tuple[float, float] = (0.9, 0.9)) -> Comparison:
    """`large` and `net` name one class always, `fair` is right on most of either; on validation as on test.

    shares: right answers of `fair` in the large and in the rare class.
    """
    task = make_task(200, class_names=("large", "rare"), labels=RARE)
    chance = np.random.default_rng(0).random(200)
    right = chance < np.array(shares)[RARE]
    scores = {
        "large": np.eye(2, dtype=np.float32)[np.zeros(200, int)],
        "fair": np.eye(2, dtype=np.float32)[np.where(right, RARE, 1 - RARE)],
    }
    runs = [
        make_run(task, name, side, scores=scores[kind], validation_scores=scores[kind])
        for name, side, kind in (
            ("fair", "hand-crafted", "fair"),
            ("large", "hand-crafted", "large"),
            ("net", "end-to-end", "large"),
        )
    ]
    return build_comparison(task, runs, 0.01)


def test_finalists_order_and_verdict_go_by_balanced_accuracy():
    comparison = make_comparison((0.85, 0.9))
    fair, large = (comparison.named(name) for name in ("fair", "large"))
    assert large.accuracy > fair.accuracy
    assert comparison.measure == "balanced accuracy"
    assert comparison.hand_crafted is fair
    assert comparison.ranked[0] is fair
    verdict = reach_verdict(comparison)
    assert verdict.winner is fair
    assert "of a class's test pictures correctly, on average over the classes" in verdict.sentence
    assert comparison.difference.difference == pytest.approx(fair.balanced_accuracy - 0.5)


def test_the_tables_lead_with_it_and_the_report_says_why():
    comparison = make_comparison()
    assert summary_table(comparison).columns[:3] == ("finalist", "balanced accuracy", "test accuracy")
    table = result_table(comparison)
    assert table.columns[1:3] == ("balanced", "accuracy")
    assert [cell.text for cell in table.rows[-1].cells[1:3]] == ["50.0\N{NO-BREAK SPACE}%", "90.0\N{NO-BREAK SPACE}%"]
    assert [column.header for column in to_rich(table).columns][:2] == ["experiment", "balanced"]
    page = render_html(build_report(comparison))
    assert "always answering the most frequent one would be right on 90.0" in page
    assert "points of balanced accuracy against" in page


def test_the_pareto_plot_goes_by_it_too():
    figure = draw_cost(make_comparison())
    assert "balanced accuracy" in figure.picture
    assert figure.table is not None
    assert figure.table.columns[1] == "balanced accuracy"
    fair = next(row for row in figure.table.rows if row.cells[0].text == "fair")
    assert fair.cells[1].value == pytest.approx(make_comparison().named("fair").balanced_accuracy)


@pytest.mark.parametrize(("n_rare", "leads"), [(40, "balanced accuracy"), (41, "accuracy")])
def test_five_times_as_many_pictures_are_the_line(n_rare, leads):
    task = make_task(200 + n_rare, class_names=("large", "rare"), labels=np.repeat([0, 1], [200, n_rare]))
    runs = [make_run(task), make_run(task, "mlp", "end-to-end")]
    assert build_comparison(task, runs, 0.01).measure == leads
