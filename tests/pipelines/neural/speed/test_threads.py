from __future__ import annotations

import itertools

import pytest
import torch

from bakeoff.pipelines.neural.speed.threads import TIMED_STEPS, threads, threads_that_pay


@pytest.fixture
def four_threads():
    with threads(4):
        yield


@pytest.mark.parametrize(("one", "four", "expected"), [(2.5, 1.0, 4), (2.4, 1.0, 1), (1.0, 1.0, 1), (1.0, 3.0, 1)])
def test_further_threads_must_earn_half_of_their_time(four_threads, one, four, expected):
    seconds = [one] * TIMED_STEPS + [four] * TIMED_STEPS
    readings = iter(itertools.chain.from_iterable((10.0, 10.0 + passed) for passed in seconds))
    used = []
    assert threads_that_pay(lambda: used.append(torch.get_num_threads()), lambda: next(readings)) == expected
    assert used == [1] * (TIMED_STEPS + 1) + [4] * (TIMED_STEPS + 1)
    assert torch.get_num_threads() == 4


def test_a_single_thread_is_not_timed():
    with threads(1):
        assert threads_that_pay(lambda: pytest.fail("timed"), lambda: pytest.fail("timed")) == 1
