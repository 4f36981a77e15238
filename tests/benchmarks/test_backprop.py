"""The benchmark compares equals: after a step both sides have the same parameters."""

import pytest

from bakeoff.benchmarks import backprop


def test_both_sides_take_the_same_step() -> None:
    assert backprop.measure((30, 20, 12, 4), 16).max_abs_error < 1e-6


@pytest.mark.slow
def test_is_at_most_four_times_slower_than_torch() -> None:
    assert backprop.measure(*backprop.SETTINGS[0]).ratio > 0.25
