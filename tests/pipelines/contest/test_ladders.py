"""Rungs of both sides for pictures of any size."""

import numpy as np
import pytest

from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.pipelines.contest.ladders import BUSIER, FEWEST_STEPS, FLOP_RATE, NETS, TELLING_STEPS, NetLadder

RATE = 50e9


def ladder(side, sizes, budget):
    split = Split(np.zeros((600, side, side, 3), np.uint8), np.arange(600) % 2)
    return NetLadder(Dataset("drawn", ("a", "b"), split, split, split), sizes, budget)


def test_a_net_that_pictures_are_too_small_for_has_its_rung_and_costs_nothing():
    rungs, _ = ladder(16, [16], 60.0).screening(RATE)
    assert [rung.recipe for rung in rungs] == list(NETS)
    assert [rung.expected_seconds > 0 for rung in rungs] == [rung.recipe != "speedrun" for rung in rungs]


def test_short_trainings_are_of_equal_steps_and_fit_into_a_quarter_of_the_budget():
    rungs, beyond = ladder(64, [32, 64], 2400.0).screening(RATE)
    assert not beyond
    assert {rung.steps for rung in rungs} == {rungs[0].steps}
    assert rungs[0].steps > TELLING_STEPS
    first, *others = (rung.expected_seconds * FLOP_RATE / RATE for rung in rungs)
    assert 300 < first + sum(others) / BUSIER <= 600


def test_nets_too_dear_for_trainings_that_tell_something_are_not_begun():
    within, beyond = ladder(64, [32, 64], 120.0).screening(RATE)
    assert within
    assert beyond
    assert max(rung.expected_seconds for rung in within) * FLOP_RATE / RATE < 30
    assert all(rung.steps >= TELLING_STEPS for rung in within)
    assert min(rung.expected_seconds for rung in beyond) > max(rung.expected_seconds for rung in within)


def test_of_one_net_that_can_be_paid_for_fewer_steps_are_enough():
    (only,), beyond = ladder(32, [32], 12.0).screening(RATE)
    assert FEWEST_STEPS <= only.steps < TELLING_STEPS
    assert len(beyond) == len(NETS) - 1
    assert ladder(32, [32], 6.0).screening(RATE)[0] == []


def test_a_longer_training_fits_into_what_is_left_and_is_clearly_longer():
    nets = ladder(64, [64], 600.0)
    short = nets.rung("convnet", 64, 100, brief=True)
    seconds = short.expected_seconds  # at 45 GFLOP/s, predictions of test pictures included
    longer = nets.longer(short, seconds, 10 * seconds)
    assert 5 * short.steps < longer.steps <= 10 * short.steps
    assert not longer.is_brief
    assert nets.longer(short, seconds, seconds) is None


def test_flop_rate_is_that_of_the_steps():
    nets = ladder(32, [32], 60.0)
    start = nets.start()
    assert nets.flop_rate(start, 2.0) == pytest.approx(nets.flop_rate(start, 1.0) / 2)
    assert nets.flop_rate(start, 0.0) == FLOP_RATE  # it was refused
