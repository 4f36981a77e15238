from __future__ import annotations

import pytest
import torch
from torch import nn

from bakeoff.pipelines.neural.training.averaging import copy_weights, update_average


def test_average_by_hand():
    net = nn.BatchNorm1d(1)
    average = copy_weights(net)  # weight 1, running mean 0, count 0
    nn.init.constant_(net.weight, 11.0)
    net.running_mean.fill_(4.0)
    net.num_batches_tracked.fill_(3)
    update_average(average, net, decay=0.9, n_updates=10**6)
    assert average["weight"].item() == pytest.approx(0.9 * 1 + 0.1 * 11)
    assert average["running_mean"].item() == pytest.approx(0.4)
    assert average["num_batches_tracked"].item() == 3


def test_the_first_averagings_forget_the_first_weights():
    net = nn.Linear(1, 1)
    average = copy_weights(net)
    nn.init.constant_(net.weight, 5.0)
    for n in range(1, 30):
        update_average(average, net, decay=0.999, n_updates=n)
    torch.testing.assert_close(average["weight"], net.weight.detach(), atol=1e-3, rtol=0)


def test_a_copy_does_not_follow_the_net():
    net = nn.Linear(1, 1)
    copied = copy_weights(net)
    before = copied["weight"].clone()
    nn.init.constant_(net.weight, 99.0)
    assert torch.equal(copied["weight"], before)
