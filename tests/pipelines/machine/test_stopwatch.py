import sys
import time

import numpy as np
import pytest

from bakeoff.pipelines.machine.stopwatch import measure, peak_memory_bytes

MEGABYTE = 2**20
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux can restart the peak")


def touch(megabytes: int) -> None:
    """Hold that much memory for a moment."""
    np.ones(megabytes * MEGABYTE, np.uint8).sum()


def test_waiting_costs_wall_clock_and_no_processor_time():
    with measure("wait", "training") as clock:
        time.sleep(0.05)
    assert (clock.stage.name, clock.stage.kind, clock.stage.reused) == ("wait", "training", False)
    assert clock.stage.seconds >= 0.05
    assert clock.stage.cpu_seconds < 0.05


def test_computing_costs_processor_time():
    with measure("compute", "features") as clock:
        started = time.process_time()
        while time.process_time() - started < 0.02:
            pass
    assert clock.stage.cpu_seconds >= 0.02


def test_a_running_stage_has_no_cost_yet():
    with measure("run", "training") as clock, pytest.raises(AttributeError, match="stage"):
        _ = clock.stage


@on_linux
def test_the_peak_is_that_of_the_block_and_not_of_what_was_before():
    with measure("large", "training") as large:
        touch(200)
    with measure("small", "training") as small:
        touch(1)
    assert large.stage.peak_memory_bytes - small.stage.peak_memory_bytes > 150 * MEGABYTE


@on_linux
@pytest.mark.parametrize("sizes", [(200, 1, 1), (1, 200, 1), (1, 1, 200)], ids=["before", "inside", "after"])
def test_a_block_remembers_its_peak_though_another_runs_inside_it(sizes):
    with measure("outer", "training") as outer:
        floor = peak_memory_bytes()
        touch(sizes[0])
        with measure("inner", "prediction") as inner:
            touch(sizes[1])
        touch(sizes[2])
    assert outer.stage.peak_memory_bytes - floor > 150 * MEGABYTE
    assert (inner.stage.peak_memory_bytes - floor > 150 * MEGABYTE) == (sizes[1] == 200)


def test_a_stage_that_fails_leaves_the_one_around_it_measured():
    def fail():
        with measure("inner", "training"):
            raise ValueError("no")

    with measure("outer", "training") as outer, pytest.raises(ValueError, match="no"):
        fail()
    with measure("next", "training") as following:
        pass
    assert outer.stage.peak_memory_bytes > 0
    assert following.stage.peak_memory_bytes > 0


def test_elsewhere_the_peak_of_the_process_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr("bakeoff.pipelines.machine.stopwatch.PROCESS", tmp_path)
    with measure("run", "training") as clock:
        touch(1)
    assert clock.stage.peak_memory_bytes > 10 * MEGABYTE
