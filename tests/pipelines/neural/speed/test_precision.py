from __future__ import annotations

import itertools

import pytest
import torch
from torch import nn

from bakeoff.pipelines.neural.speed.precision import bfloat16_pays
from bakeoff.pipelines.neural.speed.threads import TIMED_STEPS


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
