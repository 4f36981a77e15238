from bakeoff.pipelines.results.study import StudyResult
from bakeoff.reports.chapters.budgets import contest_section, size_table, sizes_section
from bakeoff.reports.statistics.comparison import build_comparison
from bakeoff.reports.statistics.growth import spending
from bakeoff.tests.reports.factory import make_run, make_task

TASK = make_task(20)
COMPARISON = build_comparison(TASK, [make_run(TASK), make_run(TASK, "mlp", "end-to-end")], 0.01)


def row(side: str, name: str, size: int, score: float | None, seconds: float = 10.0, **more) -> dict:
    outcome = "tried" if score is not None else "not reached"
    return {
        "side": side,
        "experiment": name,
        "recipe": name.partition("-")[0],
        "image_size": size,
        "steps": None,
        "outcome": outcome,
        "is_finalist": False,
        "n_seeds": 1,
        "validation_score": score,
        "train_score": score,
        "expected_seconds": 12.0,
        "seconds": seconds if score is not None else 0.0,
        "remark": "",
        **more,
    }


HAND = [row("hand-crafted", "hog-32px", 32, 0.5), row("hand-crafted", "fisher-64px", 64, 0.7, 40.0, is_finalist=True)]
NET = [row("end-to-end", "convnet-32px", 32, 0.6, 20.0), row("end-to-end", "convnet-64px", 64, 0.8, 40.0)]
NET[1].update(is_finalist=True, n_seeds=3)


def study(rows) -> StudyResult:
    settings = {"budget": 90.0, "spent": {"hand-crafted": 50.0, "end-to-end": 60.0}}
    return StudyResult("contest", "How each side spent its budget", "pets", "f" * 64, settings, tuple(rows), {}, 100.0)


def test_tells_budget_finalist_and_what_was_not_reached():
    section = contest_section(study([*HAND, row("hand-crafted", "fisher-128px", 128, None), *NET]), COMPARISON)
    hand, net = section.paragraphs
    assert "50 s of 90 s of processor time went into 2 of 3 configurations" in hand.replace("\u00a0", " ")
    assert "Not started, because they would not have finished within the budget: fisher-128px." in hand
    assert "convnet-64px (80.0 % there, run with 3 seeds)" in net.replace("\u00a0", " ")


def test_a_configuration_that_was_passed_over_is_named():
    passed = row("hand-crafted", "fisher-32px", 32, None, outcome="passed over")
    assert "fisher-32px" in contest_section(study([*HAND, passed, *NET]), COMPARISON).paragraphs[0]


def test_spending_is_a_staircase_of_the_best_so_far():
    worse = row("hand-crafted", "lbp-64px", 64, 0.6, 5.0)
    assert spending([*HAND, worse], "hand-crafted") == ([10.0, 50.0, 55.0], [0.5, 0.7, 0.7])


def test_the_table_of_sizes_holds_each_sides_best_and_what_was_tried_at_several():
    table = size_table([*HAND, *NET, row("hand-crafted", "fisher-32px", 32, 0.45)], "accuracy")
    assert [line.cells[0].text for line in table.rows] == ["best", "fisher", "best", "convnet"]
    assert [[cell.value for cell in line.cells[1:]] for line in table.rows] == [
        [0.5, 0.7],
        [0.45, 0.7],
        [0.6, 0.8],
        [0.6, 0.8],
    ]
    assert sizes_section(study([*HAND, *NET]), COMPARISON).parts[0].rows == size_table([*HAND, *NET], "accuracy").rows


def test_one_size_has_no_chapter():
    assert size_table([HAND[0], NET[0]], "accuracy") is None
    assert sizes_section(study([HAND[0], NET[0]]), COMPARISON) is None


def test_the_figure_and_every_row_are_there():
    section = contest_section(study([*HAND, *NET]), COMPARISON)
    assert section.parts[0].name == "spending"
    assert "the end-to-end side rises from 60.0" in section.parts[0].alt
    assert len(section.parts[1].rows) == 4


def test_a_frozen_side_has_its_paragraph_row_and_staircase_also_where_it_finished_nothing():
    frozen = [row("frozen", "frozen-64px", 64, 0.9, 12.0, is_finalist=True)]
    whole = study([*HAND, *NET, *frozen])
    whole.settings["spent"]["frozen"] = 12.0
    section = contest_section(whole, COMPARISON)
    assert section.paragraphs[2].startswith("Frozen: 12")
    assert {line.side for line in sizes_section(whole, COMPARISON).parts[0].rows} == {
        "hand-crafted",
        "end-to-end",
        "frozen",
    }
    none = study([*HAND, *NET, row("frozen", "frozen-64px", 64, None)])
    none.settings["spent"]["frozen"] = 0.0
    assert "nothing could be finished" in contest_section(none, COMPARISON).paragraphs[2]
