from __future__ import annotations

import pytest
import torch
from torch import nn

from bakeoff.pipelines.neural.config import BottleneckPerceptron, Perceptron
from bakeoff.pipelines.neural.networks.mlp import (
    BottleneckBlock,
    Maxout,
    build_bottleneck_perceptron,
    build_perceptron,
)


def test_maxout_by_hand():
    assert Maxout()(torch.tensor([[1.0, 5.0, -3.0, -7.0]])).tolist() == [[5.0, -3.0]]


def test_three_layers_are_w3_relu_w2_relu_w1_x():
    torch.manual_seed(0)
    net = build_perceptron(Perceptron((7, 5), normalization="none"), 12, 3)
    w1, w2, w3 = (layer.weight for layer in net if isinstance(layer, nn.Linear))
    x = torch.randn(4, 3, 2, 2)
    expected = (w3 @ (w2 @ (w1 @ x.flatten(1).T).clamp(min=0)).clamp(min=0)).T
    torch.testing.assert_close(net(x), expected)


def test_no_hidden_layer_is_linear():
    net = build_perceptron(Perceptron(()), 12, 3)
    a, b = torch.randn(2, 3, 2, 2), torch.randn(2, 3, 2, 2)
    torch.testing.assert_close(net(a + b) + net(torch.zeros_like(a)), net(a) + net(b))


@pytest.mark.parametrize("activation", ["relu", "leaky-relu", "elu", "gelu", "sigmoid", "tanh", "maxout"])
@pytest.mark.parametrize("normalization", ["none", "batch", "layer"])
def test_every_combination_trains_all_its_weights(activation, normalization):
    torch.manual_seed(0)
    net = build_perceptron(Perceptron((6, 6), activation, normalization=normalization, dropout=0.1), 12, 3)
    net(torch.randn(16, 3, 2, 2)).square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in net.parameters())


def test_bottleneck_block_is_x_plus_w2_gelu_w1_layer_norm_x():
    torch.manual_seed(0)
    block, x = BottleneckBlock(6, 4), torch.randn(5, 6)
    normed = (x - x.mean(1, keepdim=True)) / (x.var(1, keepdim=True, correction=0) + 1e-5).sqrt()
    wide = normed @ block.widen.weight.T
    gelu = wide * 0.5 * (1 + torch.erf(wide / 2**0.5))
    torch.testing.assert_close(block(x), x + gelu @ block.narrow.weight.T)


def test_bottleneck_net_has_the_published_number_of_parameters():
    # 6 blocks of 1024, expansion 4: 6 * 2 * 4 * 1024^2 + entry and exit; the paper says 53.5 million for its heads.
    with torch.device("meta"):  # shapes alone
        net = build_bottleneck_perceptron(BottleneckPerceptron(1024, 6, 4), 3072, 10)
    assert sum(p.numel() for p in net.parameters()) == pytest.approx(53.5e6, rel=0.005)
