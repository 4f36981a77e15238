"""The search of the end-to-end side, on nets whose scores are made up."""

import numpy as np
import pytest

from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.pipelines.contest.contender import Contender
from bakeoff.pipelines.contest.ladders import UNMIRRORED, NetLadder
from bakeoff.pipelines.contest.nets import NetSearch
from bakeoff.pipelines.contest.search import Attempt, Purse

BUDGET = 600.0


def search(mirrored, unmirrored):
    """The attempts of a search, and what it spent.   Arguments: steps -> validation score of every net."""
    split = Split(np.zeros((600, 32, 32, 3), np.uint8), np.arange(600) % 2)
    contender = Contender("end-to-end", Purse(BUDGET))

    def attempt(rung):
        score = unmirrored if rung.recipe.endswith(UNMIRRORED) else mirrored
        return Attempt(rung, "tried", score(rung.steps), seconds=rung.expected_seconds)

    ladder = NetLadder(Dataset("drawn", ("a", "b"), split, split, split), [32], BUDGET)
    NetSearch(contender, ladder, attempt, noise=0.02, constant=0.5).run()
    return contender


@pytest.mark.parametrize(
    ("unmirrored", "wanted"),
    [
        (lambda steps: 0.9, True),  # at once
        (lambda steps: 0.9 if steps > 1000 else 0.5, True),  # nothing is learned in short trainings
        (lambda steps: 0.5, False),
    ],
)
def test_pictures_are_not_mirrored_where_classes_differ_in_left_and_right(unmirrored, wanted):
    contender = search(lambda steps: 0.5, unmirrored)
    assert contender.finalist.rung.recipe.endswith(UNMIRRORED) == wanted
    if wanted:  # and what follows is trained so too
        config = contender.finalist.rung.experiment.config
        assert (config.augmentation.flip, config.flip_averaging) == ("none", False)
        assert contender.attempts[-1].rung.recipe.endswith(UNMIRRORED)


@pytest.mark.parametrize("lead", [0.0, 0.03])
def test_pictures_are_mirrored_unless_that_is_clearly_worse(lead):
    contender = search(lambda steps: 0.8 + steps * 1e-6, lambda steps: 0.8 + lead)
    assert not contender.attempts[-1].rung.recipe.endswith(UNMIRRORED)
    assert contender.attempts[-1].rung.experiment.config.augmentation.flip == "random"


def test_a_budget_is_not_overspent():
    contender = search(lambda steps: 0.5, lambda steps: 0.5)
    assert sum(attempt.seconds for attempt in contender.tried) == pytest.approx(contender.purse.spent)
    assert contender.purse.spent <= BUDGET
