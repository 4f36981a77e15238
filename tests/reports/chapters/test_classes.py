from dataclasses import replace

import numpy as np

from bakeoff.reports.chapters.classes import MAX_CLASSES, describe_classes, draw_per_class, worst_confusions
from bakeoff.reports.statistics.comparison import Contestant, build_comparison
from bakeoff.tests.reports.factory import make_run, make_task


def test_of_many_classes_those_that_differ_most_are_drawn_whatever_the_sign():
    """Of 30 classes of 10 pictures the net leads in all: by 3 pictures in c00 to c25, by 1 in c26 to c29."""
    names = tuple(f"c{i:02}" for i in range(30))
    labels = np.repeat(np.arange(30), 10)
    task = make_task(300, class_names=names, labels=labels)
    wrong = np.arange(300) % 10 < np.where(labels < 26, 3, 1)
    scores = np.eye(30, dtype=np.float32)
    runs = [
        replace(make_run(task), scores=scores[np.where(wrong, (labels + 1) % 30, labels)]),
        replace(make_run(task, "mlp", "end-to-end"), scores=scores[labels]),
    ]
    picture = draw_per_class(build_comparison(task, runs, 0.01)).picture
    drawn = {name for name in names if f">{name}<" in picture}
    assert len(drawn) == MAX_CLASSES
    assert not drawn & {"c26", "c27", "c28", "c29"}


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
