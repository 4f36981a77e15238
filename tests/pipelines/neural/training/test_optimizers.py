import pytest
import torch
from torch import nn

from bakeoff.pipelines.neural.config import Optimizer
from bakeoff.pipelines.neural.training.optimizers import (
    build_optimizer,
    learning_rate_share,
    orthogonalize,
    set_learning_rate,
)


def one_step(settings: Optimizer, weight: float, gradient: float) -> float:
    layer = nn.Linear(1, 1, bias=False)
    nn.init.constant_(layer.weight, weight)
    optimizer = build_optimizer(layer, settings)
    layer.weight.grad = torch.full((1, 1), gradient)
    optimizer.step()
    return layer.weight.item()


def test_sgd_by_hand():
    # first Nesterov step: (1 + 0.9) * (gradient + decay * weight) = 1.9 * (3 + 0.5 * 2) = 7.6
    assert one_step(Optimizer("sgd", learning_rate=0.1, weight_decay=0.5), 2.0, 3.0) == pytest.approx(2 - 0.76)


def test_orthogonalize_keeps_singular_vectors_and_levels_singular_values():
    torch.manual_seed(0)
    for shape in ((30, 50), (50, 30), (40, 40)):
        matrix = torch.randn(shape)
        left, _, right = torch.linalg.svd(matrix, full_matrices=False)
        levelled = orthogonalize(matrix) / max(1, shape[0] / shape[1]) ** 0.5
        in_its_own_axes = left.T @ levelled @ right.T
        values = in_its_own_axes.diagonal()
        assert values.min() > 0.2
        assert values.max() < 1.3
        torch.testing.assert_close(in_its_own_axes, torch.diag(values), atol=1e-4, rtol=0)


@pytest.mark.parametrize(("name", "rate"), [("sgd", 0.1), ("adamw", 0.01)])
def test_every_optimizer_descends_and_only_matrices_decay(name, rate):
    torch.manual_seed(0)
    inputs = torch.randn(64, 5)
    targets = inputs @ torch.randn(5, 3)
    net = nn.Sequential(nn.Linear(5, 32), nn.ReLU(), nn.Linear(32, 3))
    optimizer = build_optimizer(net, Optimizer(name, learning_rate=rate, weight_decay=0.1))
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.1, 0.0]
    assert all(p.ndim == 1 for p in optimizer.param_groups[1]["params"])
    losses = []
    for _ in range(60):
        loss = nn.functional.mse_loss(net(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]


def test_filter_muon_levels_filters_alone():
    net = nn.Sequential(nn.Conv2d(2, 3, 1, bias=False), nn.Flatten(), nn.Linear(3, 2))
    before = [p.detach().clone() for p in net.parameters()]
    settings = Optimizer("filter-muon", learning_rate=0.1, weight_decay=0.5, momentum=0.0, filter_decay=0.2)
    optimizer = build_optimizer(net, settings)
    for parameter in net.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    filters, matrix, bias = net.parameters()
    levelled = orthogonalize(torch.ones(3, 2)).view(3, 2, 1, 1)
    torch.testing.assert_close(filters.data, before[0] * (1 - 0.1 * 0.2) - 0.1 * levelled)
    torch.testing.assert_close(matrix.data, before[1] * (1 - 0.1 * 0.5) - 0.1)
    torch.testing.assert_close(bias.data, before[2] - 0.1)


def test_biases_take_their_own_rate():
    optimizer = build_optimizer(nn.Linear(2, 2), Optimizer("sgd", bias_rate=64.0))
    set_learning_rate(optimizer, 0.5)
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 32.0]


@pytest.mark.parametrize(
    ("schedule", "step", "share"),
    [
        ("one-cycle", 0, 0.04),
        ("one-cycle", 10, (0.04 + 1) / 2),
        ("one-cycle", 20, 1.0),
        ("one-cycle", 60, (1 + 1e-4) / 2),
        ("triangular", 0, 0.0),
        ("triangular", 10, 0.5),
        ("triangular", 60, 0.5),
    ],
)
def test_shares_by_hand_for_100_steps_and_a_fifth_of_warmup(schedule, step, share):
    assert learning_rate_share(schedule, step, 100, 0.2) == pytest.approx(share)


@pytest.mark.parametrize("schedule", ["one-cycle", "triangular"])
@pytest.mark.parametrize("warmup", [0.0, 0.23, 1.0])
def test_shares_stay_within_0_and_1_and_end_lower_than_their_top(schedule, warmup):
    shares = [learning_rate_share(schedule, step, 50, warmup) for step in range(50)]
    assert all(0 <= share <= 1 for share in shares)
    assert warmup == 1.0 or shares[-1] < 0.05
