"""The search of the end-to-end side, on nets whose scores are made up."""

import numpy as np
import pytest

from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.pipelines.contest.contender import Contender
from bakeoff.pipelines.contest.ladders import BUSIER, UNMIRRORED, NetLadder
from bakeoff.pipelines.contest.net_search import NetSearch
from bakeoff.pipelines.contest.search import Attempt, Purse

BUDGET = 600.0


class Paid(Contender):
    """Its trainings take all of an attempt's seconds."""

    def training_seconds(self, attempt):
        return attempt.seconds


def search(mirrored, unmirrored, *, n_train=600, budget=BUDGET, constant=0.5, sides=(32,)):
    """The attempts of a search, and what it spent.   Arguments: rung -> validation score."""
    train, few = (Split(np.zeros((n, sides[-1], sides[-1], 3), np.uint8), np.arange(n) % 2) for n in (n_train, 300))
    contender = Paid("end-to-end", Purse(budget), len(few))

    def attempt(rung):
        score = unmirrored if rung.recipe.endswith(UNMIRRORED) else mirrored
        seconds = rung.expected_seconds / (BUSIER if rung.image_size > 32 or "wide" in rung.recipe else 1)
        return Attempt(rung, "tried", score(rung), seconds=seconds / (BUSIER if "speedrun" in rung.recipe else 1))

    ladder = NetLadder(Dataset("drawn", ("a", "b"), train, few, few), sides, budget)
    NetSearch(contender, ladder, attempt, noise=0.02, constant=constant).run()
    return contender


@pytest.mark.parametrize(
    ("unmirrored", "wanted"),
    [
        (lambda rung: 0.9, True),  # at once
        (lambda rung: 0.9 if rung.steps > 1000 else 0.5, True),  # nothing is learned in short trainings
        (lambda rung: 0.5, False),
    ],
)
def test_pictures_are_not_mirrored_where_classes_differ_in_left_and_right(unmirrored, wanted):
    contender = search(lambda rung: 0.5, unmirrored)
    assert contender.finalist.rung.recipe.endswith(UNMIRRORED) == wanted
    if wanted:  # and what follows is trained so too
        config = contender.finalist.rung.experiment.config
        assert (config.augmentation.flip, config.flip_averaging) == ("none", False)
        assert contender.attempts[-1].rung.recipe.endswith(UNMIRRORED)


@pytest.mark.parametrize("lead", [0.0, 0.03])
def test_pictures_are_mirrored_unless_that_is_clearly_worse(lead):
    contender = search(lambda rung: 0.8 + rung.steps * 1e-6, lambda rung: 0.8 + lead)
    assert not contender.attempts[-1].rung.recipe.endswith(UNMIRRORED)
    assert contender.attempts[-1].rung.experiment.config.augmentation.flip != "none"


def test_left_and_right_are_looked_for_at_larger_sizes_too():
    contender = search(lambda rung: 0.5, lambda rung: 0.9 if rung.steps > 500 else 0.5, sides=(32, 64), budget=1500)
    assert contender.finalist.rung.recipe.endswith(UNMIRRORED)
    assert contender.purse.spent <= 1500


@pytest.mark.parametrize("seen_at", [64, 128])
def test_larger_pictures_are_tried_where_small_ones_tell_nothing(seen_at):
    def score(rung):
        return 0.5 if rung.image_size < seen_at else 0.8 + 0.1 * (rung.image_size > seen_at)

    contender = search(score, score, sides=(32, 64, 128), budget=520)
    assert contender.finalist.rung.image_size == 128
    assert contender.purse.spent <= 520


def test_a_budget_is_not_overspent():
    contender = search(lambda rung: 0.5, lambda rung: 0.5)
    assert sum(attempt.seconds for attempt in contender.tried) == pytest.approx(contender.purse.spent)
    assert contender.purse.spent <= BUDGET


@pytest.mark.parametrize(
    ("power", "start", "budget", "wanted"),
    [
        (0.12, 1.3, 900, "speedrun"),  # many classes: errors fall slowly, and a better net is worth its price
        (0.45, 1.0, 900, "convnet-wide"),  # few: how many steps there are counts for more
        (0.45, 1.0, 120, "convnet"),
    ],
)
def test_the_net_that_is_best_in_the_end_gets_the_budget(power, start, budget, wanted):
    """Errors fall by one power of the steps, of richer nets from a lower start; their steps cost 4 and 12 times."""
    starts = {"convnet": start, "convnet-wide": 0.85 * start, "speedrun": 0.7 * start}

    def score(rung):
        return 1 - min(0.98, starts[rung.recipe.removesuffix(UNMIRRORED)] * rung.steps**-power)

    contender = search(score, score, n_train=2600, budget=budget, constant=0.1)
    assert contender.finalist.rung.recipe == wanted
    assert contender.finalist.seconds > budget / 5
    assert contender.purse.spent <= budget


def test_a_net_is_not_chosen_by_a_training_that_ends_before_another_has_begun_to_learn():
    """Scores of 81 classes of groceries, as measured: the best in the end is behind by seconds, ahead by steps."""
    measured = {
        "convnet": ((30, 0.088), (200, 0.209), (320, 0.301), (1400, 0.446), (2600, 0.476)),
        "convnet-wide": ((200, 0.257), (220, 0.301), (730, 0.429), (2600, 0.497)),
        "speedrun": ((73, 0.115), (200, 0.378), (630, 0.571), (1600, 0.605)),
    }

    def score(rung):
        steps, scores = zip(*measured[rung.recipe.removesuffix(UNMIRRORED)], strict=True)
        return float(np.interp(np.log(rung.steps), np.log(steps), scores))

    contender = search(score, score, n_train=2640, budget=2400, constant=0.03)
    assert contender.finalist.rung.recipe == "speedrun"
