"""Decisions by the clock; that they are remembered is tested with the pipeline."""

import itertools

import pytest
import torch
from torch import nn

from bakeoff.pipelines.neural.probing import TIMED_STEPS, bfloat16_pays, threads, threads_that_pay


@pytest.mark.parametrize(("float32", "bfloat16", "pays"), [(1.0, 0.5, True), (1.0, 0.95, False), (1.0, 3.0, False)])
def test_decides_by_the_clock_and_leaves_net_and_random_state_alone(float32, bfloat16, pays):
    seconds = [float32] * TIMED_STEPS + [bfloat16] * TIMED_STEPS
    readings = iter(itertools.chain.from_iterable((10.0, 10.0 + passed) for passed in seconds))
    net = nn.Sequential(nn.Flatten(), nn.Linear(12, 3), nn.BatchNorm1d(3), nn.Dropout(0.5))
    images, labels = torch.rand(8, 3, 2, 2), torch.zeros(8, dtype=torch.int64)
    before, state = [value.clone() for value in net.state_dict().values()], torch.get_rng_state()
    assert bfloat16_pays(net, images, labels, lambda: next(readings)) is pays
    assert all(torch.equal(a, b) for a, b in zip(before, net.state_dict().values(), strict=True))
    assert all(parameter.grad is None for parameter in net.parameters())
    assert torch.equal(torch.get_rng_state(), state)


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
