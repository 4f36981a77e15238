import re
from dataclasses import replace

import numpy as np

from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.chapters.classes import describe_confusions, draw_confusion
from bakeoff.reports.statistics.comparison import Contestant
from bakeoff.tests.reports.factory import make_run, make_task

TASK = make_task(9, class_names=("cat", "dog", "owl"))


def contestant(predictions: list[int]) -> Contestant:
    scores = np.eye(3, dtype=np.float32)[predictions]
    return Contestant((replace(make_run(TASK), scores=scores),))


def test_the_matrix_draws_what_was_said_in_percent_of_the_row():
    # Labels are 0 1 2 0 1 2 0 1 2: one cat of three is taken for a dog.
    figure = draw_confusion(contestant([1, 1, 2, 0, 1, 2, 0, 1, 2]))
    assert sorted(re.findall(r">(\d+)</text>", figure.picture)) == ["100", "100", "33", "67"]
    assert figure.picture.count(f'fill="{LIGHT["hand"]}"') == 1


def test_the_most_frequent_mistake_is_told():
    assert "take cat for dog: 33.3" in describe_confusions(contestant([1, 1, 2, 0, 1, 2, 0, 1, 2]))
    assert describe_confusions(contestant([0, 1, 2] * 3)).endswith("makes no mistake on the test pictures.")
