import pytest
import torch
from torch import nn

from bakeoff.pipelines.neural.inspection import layer_statistics


def test_dead_units_and_zeros_by_hand():
    net = nn.Sequential(nn.Flatten(), nn.Linear(1, 3), nn.ReLU())
    with torch.no_grad():
        net[1].weight.copy_(torch.tensor([[1.0], [-1.0], [1.0]]))
        net[1].bias.copy_(torch.tensor([0.0, -1.0, 1.0]))  # x, never above 0, x + 1
    (row,) = layer_statistics(net, torch.tensor([0.0, 2.0]).view(2, 1, 1, 1))
    assert (row["activation"], row["units"]) == ("ReLU", 3)
    assert row["dead_share"] == pytest.approx(1 / 3)
    assert row["zero_share"] == pytest.approx(3 / 6)  # outputs 0 2, 0 0, 1 3
    assert row["mean"] == pytest.approx(1.0)


def test_statistics_see_the_last_classes_of_pictures_that_lie_class_by_class():
    net = nn.Sequential(nn.Flatten(), nn.Linear(1, 1), nn.ReLU())
    with torch.no_grad():
        net[1].weight.fill_(1.0)
        net[1].bias.fill_(0.0)
    images = torch.arange(4).repeat_interleave(1000).float().view(4000, 1, 1, 1)  # a gray level a class
    (row,) = layer_statistics(net, images)
    assert row["dead_share"] == 0.0
    assert row["mean"] == pytest.approx(1.5)  # 250 of each


def test_rows_are_in_the_order_of_the_layers_and_the_net_is_left_as_it_was():
    net = nn.Sequential(nn.Flatten(), nn.Tanh(), nn.Sigmoid()).train()
    rows = layer_statistics(net, torch.tensor([0.0, 9.0]).view(2, 1, 1, 1))
    assert [row["activation"] for row in rows] == ["Tanh", "Sigmoid"]
    assert net.training
    assert not net[1]._forward_hooks
