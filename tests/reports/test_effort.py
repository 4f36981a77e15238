from bakeoff.reports.chapters.cost import cost_section
from bakeoff.reports.chapters.tuning import describe_efforts, n_settings
from bakeoff.reports.report import find_caveats
from bakeoff.reports.statistics.comparison import build_comparison
from bakeoff.tests.reports.factory import make_run, make_task

TASK = make_task(60)


def trials(n, each):
    return tuple({"settings": {"c": i}, "validation_score": 0.5, "seconds": each} for i in range(n))


def compare(hand_trials, net_trials, **changes):
    runs = [
        make_run(TASK, trials=hand_trials),
        make_run(TASK, "mlp", "end-to-end", trials=net_trials, **changes),
        make_run(TASK, "mlp", "end-to-end", trials=net_trials, seed=1, **changes),
    ]
    return build_comparison(TASK, runs, 0.01)


def test_another_seed_is_no_other_setting():
    comparison = compare(trials(4, 2.0), trials(3, 10.0))
    assert n_settings([comparison.end_to_end]) == 3
    assert describe_efforts(comparison).startswith("classic tried 4 settings and mlp tried 3 settings; over all")


def test_a_side_without_trials_says_so():
    assert "mlp tried 0 settings" in describe_efforts(compare(trials(1, 1.0), ()))


def test_unequal_tuning_is_a_caveat_and_equal_tuning_is_none():
    unequal = find_caveats(compare(trials(4, 2.0), trials(3, 10.0)))
    equal = find_caveats(compare(trials(3, 2.0), trials(3, 10.0)))
    assert any(caveat.startswith("Tuning was not equal: classic tried 4 settings") for caveat in unequal)
    assert not any("Tuning" in caveat for caveat in equal)
    assert any("`bakeoff train mlp-tuned` lets the perceptron try" in caveat for caveat in unequal)


def test_the_cost_of_one_picture_is_shown_where_it_was_measured():
    noted = {"single_picture_seconds": 0.0042, "pictures_per_second": 1234.0, "flops_per_picture": 2.5e9}
    parts = cost_section(compare((), (), diagnostics=noted)).parts
    row = next(row for row in parts[0].rows if row.cells[0].text == "mlp")
    assert [cell.text for cell in row.cells[:4]] == ["mlp", "4\N{NO-BREAK SPACE}ms", "1,234", "2.5\N{NO-BREAK SPACE}G"]
