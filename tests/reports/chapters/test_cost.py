"""The chapter on cost: rates from pixels to class."""

import pytest

from bakeoff.pipelines.results.run import Stage
from bakeoff.reports.chapters.cost import cost_section, draw_cost, pareto_front
from bakeoff.reports.chapters.results import selection_seconds, summary_table
from bakeoff.reports.statistics.comparison import build_comparison
from bakeoff.tests.reports.factory import make_run, make_task

TASK = make_task(100)
RATES = {"pictures_per_second": 250.0, "single_picture_seconds": 0.004}
SHARED = Stage("encode", "features", 8.0, 8.0, 10)


def compare(*runs):
    return build_comparison(TASK, runs, 0.01)


def test_rates_are_those_from_the_pixels_on_and_a_rate_not_measured_is_said():
    comparison = compare(make_run(TASK, diagnostics=RATES), make_run(TASK, "mlp", "end-to-end"))
    (table,) = cost_section(comparison).parts
    rows = {row.cells[0].text: [cell.text for cell in row.cells[1:3]] for row in table.rows}
    assert rows == {"classic": ["4\N{NO-BREAK SPACE}ms", "250"], "mlp": ["–", "–"]}
    assert "a dash is what was not measured" in table.caption


def test_a_rate_measured_on_a_busy_machine_is_marked():
    stages = (Stage("fit", "training", 90.0, 30.0, 10),)
    comparison = compare(make_run(TASK, diagnostics=RATES, stages=stages), make_run(TASK, "mlp", "end-to-end"))
    notes = {row.cells[0].text: row.cells[0].note for row in cost_section(comparison).parts[0].rows}
    assert notes == {"classic": "on a busy machine", "mlp": ""}


def test_a_shared_stage_counts_once_in_what_the_choice_took():
    first = make_run(TASK, "hog", stages=(SHARED, Stage("svm", "training", 2.0, 2.0, 10)))
    second = make_run(TASK, stages=(SHARED, Stage("svm", "training", 3.0, 3.0, 10)), strength=3.0)
    comparison = compare(first, second, make_run(TASK, "mlp", "end-to-end", seconds=10))
    side = [c for c in comparison.contestants if c.side == "hand-crafted"]
    assert selection_seconds(side, "wall clock") == pytest.approx(13)
    row = next(row for row in summary_table(comparison).rows if row.cells[0].text == "classic")
    assert (row.cells[2].value, row.cells[3].value, row.cells[3].note) == (11, 13, "2 experiments")


def test_energy_is_told_where_the_driver_told_it():
    stages = (SHARED, Stage("svm", "training", 2.0, 2.0, 10, joules=1500.0))
    net = make_run(TASK, "mlp", "end-to-end")
    told = [cost_section(compare(make_run(TASK, stages=s), net)).paragraphs[0] for s in (stages, stages[:1])]
    assert "classic takes 10\N{NO-BREAK SPACE}s and 1.5 kJ of the GPU, " in told[0]
    assert "kJ" not in told[1]


def comparison_of(*methods: tuple[str, float, float]):
    runs = [make_run(TASK, name, strength=strength, seconds=s) for name, strength, s in methods]
    return build_comparison(TASK, [*runs, make_run(TASK, "mlp", "end-to-end", strength=0.0, seconds=500)], 0.01)


def test_the_front_leaves_out_what_something_faster_beats():
    comparison = comparison_of(("fast", 0.5, 1), ("slow", 4.0, 100), ("beaten", 0.0, 50))
    assert [c.experiment for c in pareto_front(comparison)] == ["fast", "slow"]


def test_the_figure_names_the_front():
    comparison = comparison_of(("fast", 0.5, 1), ("slow", 4.0, 100), ("beaten", 0.0, 50))
    figure = draw_cost(comparison)
    assert ">fast<" in figure.picture
    assert ">beaten<" not in figure.picture
