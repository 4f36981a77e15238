"""Rungs of both sides for pictures of any size."""

import numpy as np

from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.pipelines.contest.ladders import NETS, NetLadder


def test_a_net_that_pictures_are_too_small_for_has_its_rung_and_costs_nothing():
    part = Split(np.zeros((4, 16, 16, 3), np.uint8), np.array([0, 1, 0, 1]))
    rungs = NetLadder(Dataset("small", ("a", "b"), part, part, part), [16]).screening(60.0)
    assert [rung.recipe for rung in rungs] == list(NETS)
    assert [rung.expected_seconds > 0 for rung in rungs] == [rung.recipe != "speedrun" for rung in rungs]
