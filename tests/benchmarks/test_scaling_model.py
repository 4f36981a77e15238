from __future__ import annotations

import pytest

from bakeoff.benchmarks.scaling_model import (
    NETWORK_BYTES_PER_SECOND,
    StageCost,
    cpu_seconds,
    fit_stage,
    forecast,
    machines_for,
)
from bakeoff.benchmarks.scaling_tables import duration, size, table


def test_a_line_through_two_runs_is_followed_beyond_them():
    stage = fit_stage("encode", (100, 300), (5.0, 9.0))
    assert (stage.cpu_fixed, stage.cpu_per_picture) == (3.0, 0.02)
    assert cpu_seconds(stage, 1000) == 23.0


def test_noise_makes_no_part_of_a_cost_negative():
    assert fit_stage("fit", (100, 300), (5.0, 4.0)).cpu_per_picture == 0.0
    assert fit_stage("fit", (100, 300), (1.0, 9.0)).cpu_fixed == 0.0


@pytest.mark.parametrize(
    ("stage", "seconds", "bound"),
    [
        (StageCost("s", 10.0, 1.0), 1010 / 8, "processors"),
        (StageCost("s", 0.0, 0.001, driver_bytes=NETWORK_BYTES_PER_SECOND), 1000.0, "the driver's network"),
        (StageCost("s", 0.0, 0.001, tasks=2.0), 20.0, "the scheduler"),
        (StageCost("s", 0.0, 1.0, on_driver=True), 1000 / 16, "the driver's processor"),
    ],
)
def test_what_takes_longest_bounds_a_stage(stage, seconds, bound):
    """1000 pictures on 8 cores, a hundredth of a second a task."""
    found = forecast(stage, 1000, n_cores=8, seconds_per_task=0.01)
    assert found.seconds == pytest.approx(seconds)
    assert found.bound == bound


def test_machines_finish_in_the_time_asked_for():
    stages = [StageCost("a", 0.0, 1.0), StageCost("b", 0.0, 3.0), StageCost("c", 0.0, 50.0, on_driver=True)]
    assert machines_for(stages, n_pictures=1600, seconds=100.0) == pytest.approx(4 * 1600 / 100 / 16)


def test_numbers_are_told_in_their_natural_unit():
    assert [size(n) for n in (999, 1500, 1.93e11)] == ["999 B", "1.5 kB", "193 GB"]
    assert [duration(s) for s in (3.0, 90.0, 86_400 * 3, 3600 * 300 * 24)] == [
        "3 s",
        "1.5 minutes",
        "3 days",
        "300 days",
    ]


def test_a_table_has_a_head_and_a_line_for_every_row():
    assert table(("a", "b"), [("1", "2")]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"
