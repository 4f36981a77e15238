from bakeoff.reports.chapters.cost import describe_front, draw_cost, pareto_front
from bakeoff.reports.statistics.comparison import build_comparison
from bakeoff.tests.reports.factory import make_run, make_task

TASK = make_task(100)


def comparison_of(*methods: tuple[str, float, float]):
    runs = [make_run(TASK, name, strength=strength, seconds=s) for name, strength, s in methods]
    return build_comparison(TASK, [*runs, make_run(TASK, "mlp", "end-to-end", strength=0.0, seconds=500)], 0.01)


def test_the_front_leaves_out_what_something_faster_beats():
    comparison = comparison_of(("fast", 0.5, 1), ("slow", 4.0, 100), ("beaten", 0.0, 50))
    assert [c.experiment for c in pareto_front(comparison)] == ["fast", "slow"]


def test_one_that_is_fastest_and_best_is_said_to_be():
    comparison = comparison_of(("fast", 4.0, 1), ("slow", 0.1, 100))
    assert describe_front(comparison).startswith("fast (")
    assert "both the fastest and the most accurate" in describe_front(comparison)


def test_the_figure_names_the_front_and_tables_everyone():
    comparison = comparison_of(("fast", 0.5, 1), ("slow", 4.0, 100), ("beaten", 0.0, 50))
    figure = draw_cost(comparison)
    assert figure.table is not None
    assert {row.cells[0].text for row in figure.table.rows} == {"fast", "slow", "beaten", "mlp"}
    assert ">fast<" in figure.picture
    assert ">beaten<" not in figure.picture
