from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from bakeoff.pipelines.neural.networks.initialization import deviation
from bakeoff.pipelines.neural.networks.mlp import Perceptron


@pytest.mark.parametrize(
    ("activation", "initialization", "expected"),
    [
        ("relu", "matched", math.sqrt(2 / 50)),
        ("leaky-relu", "matched", math.sqrt(2 / 1.0001 / 50)),
        ("tanh", "matched", math.sqrt(2 / 200)),
        ("sigmoid", "matched", 4 * math.sqrt(2 / 200)),
        ("maxout", "matched", math.sqrt(1 / 50)),
        (None, "matched", math.sqrt(1 / 50)),
        ("tanh", "he", math.sqrt(2 / 50)),
        ("relu", "xavier", math.sqrt(2 / 200)),
        ("relu", "zero", 0.0),
    ],
)
def test_deviation_by_hand_for_50_inputs_and_150_outputs(activation, initialization, expected):
    assert deviation(50, 150, activation, initialization) == pytest.approx(expected)


def signal_after(activation: str, initialization: str) -> float:
    """Deviation of what five hidden layers of 400 units make of unit noise."""
    torch.manual_seed(0)
    config = Perceptron((400,) * 5, activation, initialization, normalization="none")
    hidden = config.build((20, 20, 1), 2)[:-1]
    return hidden(torch.randn(200, 400)).std().item()


@pytest.mark.parametrize("activation", ["relu", "leaky-relu", "maxout", "elu", "tanh"])
def test_matched_weights_carry_the_signal_through_five_layers(activation):
    assert 0.25 < signal_after(activation, "matched") < 2


def test_weights_too_small_lose_the_signal_and_too_large_blow_it_up():
    assert signal_after("relu", "too-small") < 1e-6
    assert signal_after("relu", "too-large") > 1e4
    assert signal_after("tanh", "too-large") > 0.9  # saturated: nearly all at -1 or 1


def test_zero_weights_never_tell_units_apart():
    net = Perceptron((8,), initialization="zero", normalization="none").build((2, 2, 1), 2)
    net(torch.randn(5, 4)).sum().backward()
    hidden = next(layer for layer in net if isinstance(layer, nn.Linear))
    assert hidden.weight.grad.abs().max() == 0
