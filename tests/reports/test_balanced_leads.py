"""Balanced accuracy leads where classes differ much in size: choice, order, tables, verdict."""

import numpy as np
import pytest

from bakeoff.reports.chapters.cost import draw_cost
from bakeoff.reports.chapters.results import result_table, summary_table
from bakeoff.reports.commands import to_rich
from bakeoff.reports.report import build_report
from bakeoff.reports.report_text import render_html
from bakeoff.reports.statistics.comparison import Comparison, build_comparison
from bakeoff.reports.verdict import reach_verdict
from bakeoff.tests.reports.factory import make_run, make_task

RARE = np.repeat([0, 1], [180, 20])


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
    assert verdict.winner == "fair"
    assert "fair has a balanced accuracy of" in verdict.sentence
    assert comparison.difference.difference == pytest.approx(fair.balanced_accuracy - 0.5)


def test_the_tables_lead_with_it_and_the_report_says_why():
    comparison = make_comparison()
    assert summary_table(comparison).columns[:3] == ("finalist", "balanced accuracy", "test accuracy")
    table = result_table(comparison)
    assert table.columns[1:3] == ("balanced", "accuracy")
    assert [cell.text for cell in table.rows[-1].cells[1:3]] == ["50.0\N{NO-BREAK SPACE}%", "90.0\N{NO-BREAK SPACE}%"]
    assert [column.header for column in to_rich(table).columns][:2] == ["experiment", "balanced"]
    page = render_html(build_report(comparison))
    assert "the majority class alone would be right on 90.0" in page
    assert "Paired tests of balanced accuracy against" in page


def test_the_pareto_plot_goes_by_it_too():
    figure = draw_cost(make_comparison())
    assert "balanced accuracy" in figure.picture


@pytest.mark.parametrize(("n_rare", "leads"), [(40, "balanced accuracy"), (41, "accuracy")])
def test_five_times_as_many_pictures_are_the_line(n_rare, leads):
    task = make_task(200 + n_rare, class_names=("large", "rare"), labels=np.repeat([0, 1], [200, n_rare]))
    runs = [make_run(task), make_run(task, "mlp", "end-to-end")]
    assert build_comparison(task, runs, 0.01).measure == leads
