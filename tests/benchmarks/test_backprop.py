"""The benchmark compares equals: after a step both sides have the same parameters."""

import pytest

from bakeoff.benchmarks.backprop import measure_training_step


def test_both_sides_take_the_same_step() -> None:
    measurement = measure_training_step(widths=(30, 20, 12, 4), batch_size=16)
    assert measurement.max_abs_error < 1e-6
    assert measurement.ratio == pytest.approx(measurement.ours_per_second / measurement.peer_per_second)


@pytest.mark.slow
def test_is_at_most_four_times_slower_than_torch() -> None:
    assert measure_training_step().ratio > 0.25
