from dataclasses import replace

import numpy as np

from bakeoff.reports.chapters.classes import class_table, describe_classes, worst_confusions
from bakeoff.reports.statistics.comparison import Contestant, build_comparison
from bakeoff.tests.reports.factory import make_run, make_task


def test_the_table_goes_from_the_largest_lead_of_one_side_to_that_of_the_other():
    """Of three classes the net gets all, the features none of the first, half of the second, all of the third."""
    labels = np.repeat([0, 1, 2], 4)
    task = make_task(12, class_names=("cat", "dog", "owl"), labels=labels)
    right = np.array([0] * 4 + [1, 1, 0, 0] + [1] * 4, bool)
    scores = np.eye(3, dtype=np.float32)
    runs = [
        replace(make_run(task), scores=scores[np.where(right, labels, (labels + 1) % 3)]),
        replace(make_run(task, "mlp", "end-to-end"), scores=scores[labels]),
    ]
    rows = class_table(build_comparison(task, runs, 0.01)).rows
    assert [row.cells[0].text for row in rows] == ["owl", "dog", "cat"]
    assert [row.cells[5].value for row in rows] == [0, -0.5, -1]
    assert [cell.value for cell in rows[0].cells[1:5]] == [16, 4, 1, 1]


def test_leads_that_stand_together_are_counted():
    task = make_task(500)
    equal = build_comparison(task, [make_run(task, noise=1), make_run(task, "mlp", "end-to-end", noise=1)], 0.01)
    assert "a difference is shown in no class." in describe_classes(equal)
    apart = [make_run(task, strength=6.0), make_run(task, "mlp", "end-to-end", strength=-3.0)]
    assert "a difference is shown in cat (" in describe_classes(build_comparison(task, apart, 0.01))


def test_worst_confusions_come_first_and_right_answers_never():
    """Labels are 0 1 2 0 1 2 0 1 2: two cats of three are taken for dogs, an owl for a cat."""
    task = make_task(9, class_names=("cat", "dog", "owl"))
    scores = np.eye(3, dtype=np.float32)[[1, 1, 2, 1, 1, 0, 0, 1, 2]]
    worst = worst_confusions(Contestant.of([replace(make_run(task), scores=scores)]), 5)
    assert [(true, said, round(share, 3)) for true, said, share in worst] == [
        ("cat", "dog", 0.667),
        ("owl", "cat", 0.333),
    ]
