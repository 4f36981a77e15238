import math

import pytest
import torch
from torch import nn

from bakeoff.pipelines.neural.networks.build import build_network
from bakeoff.pipelines.neural.networks.perceptrons import LocalLayer, LocalPerceptron, Maxout, Perceptron, initialize


def test_maxout_by_hand():
    assert Maxout()(torch.tensor([[1.0, 5.0, -3.0, -7.0]])).tolist() == [[5.0, -3.0]]


def test_three_layers_are_w3_relu_w2_relu_w1_x():
    torch.manual_seed(0)
    net = Perceptron((7, 5), normalization="none").build((2, 2, 3), 3)
    w1, w2, w3 = (layer.weight for layer in net if isinstance(layer, nn.Linear))
    x = torch.randn(4, 3, 2, 2)
    expected = (w3 @ (w2 @ (w1 @ x.flatten(1).T).clamp(min=0)).clamp(min=0)).T
    torch.testing.assert_close(net(x), expected)


def test_no_hidden_layer_is_linear():
    net = Perceptron(()).build((2, 2, 3), 3)
    a, b = torch.randn(2, 3, 2, 2), torch.randn(2, 3, 2, 2)
    torch.testing.assert_close(net(a + b) + net(torch.zeros_like(a)), net(a) + net(b))


@pytest.mark.parametrize("activation", ["relu", "leaky-relu", "elu", "gelu", "sigmoid", "tanh", "maxout"])
@pytest.mark.parametrize("normalization", ["none", "batch", "layer"])
def test_every_combination_trains_all_its_weights(activation, normalization):
    torch.manual_seed(0)
    net = Perceptron((6, 6), activation, normalization=normalization, dropout=0.1).build((2, 2, 3), 3)
    net(torch.randn(16, 3, 2, 2)).square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in net.parameters())


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        ("relu", math.sqrt(2 / 50)),
        ("leaky-relu", math.sqrt(2 / 1.0001 / 50)),
        ("tanh", math.sqrt(2 / 200)),
        ("sigmoid", 4 * math.sqrt(2 / 200)),
        ("maxout", math.sqrt(1 / 50)),
        (None, math.sqrt(1 / 50)),
    ],
)
def test_deviation_of_first_weights_by_hand_for_50_inputs_and_150_outputs(activation, expected, monkeypatch):
    asked = []
    monkeypatch.setattr(nn.init, "normal_", lambda _, mean, deviation: asked.append((mean, deviation)))
    initialize(nn.Linear(50, 150), activation)
    assert asked == [(0.0, pytest.approx(expected))]


@pytest.mark.parametrize("activation", ["relu", "leaky-relu", "maxout", "elu", "tanh"])
def test_first_weights_carry_the_signal_through_five_layers_of_400_units(activation):
    torch.manual_seed(0)
    hidden = Perceptron((400,) * 5, activation, normalization="none").build((20, 20, 1), 2)[:-1]
    assert 0.25 < hidden(torch.randn(200, 400)).std().item() < 2


@pytest.mark.parametrize(("window", "stride"), [(3, 1), (4, 2)])
def test_with_the_same_weights_at_every_place_it_is_a_convolution(window, stride):
    torch.manual_seed(0)
    images, filters = torch.randn(2, 5, 9, 10), torch.randn(7, 5, window, window)
    layer = LocalLayer((9, 10, 5), window, stride, 7)
    shared = filters.permute(2, 3, 1, 0).reshape(-1, 7)  # rows, columns, channels; units
    layer.weight.data = shared.expand(len(layer.weight), -1, -1)
    expected = nn.functional.conv2d(images, filters, stride=stride)
    ours = layer(images.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    torch.testing.assert_close(ours, expected, atol=1e-4, rtol=0)
    assert ours.shape[1:] == (7, *layer.output_shape[:2])


def test_a_place_has_its_own_weights():
    layer = LocalLayer((4, 4, 1), 3, 1, 2)
    layer(torch.randn(1, 4, 4, 1))[0, 1, 0].sum().backward()
    places = layer.weight.grad.abs().sum(dim=(1, 2))
    assert (places > 0).tolist() == [False, False, True, False]


@pytest.mark.parametrize("side", [16, 32, 45])
def test_windows_grow_with_the_picture(side):
    net = LocalPerceptron((4, 6, 8), hidden=10).build((side, side, 3), 5)
    assert net(torch.randn(3, 3, side, side)).shape == (3, 5)
    first = net[1]
    assert 7 <= first.output_shape[0] <= 9
    assert first.window == side // 4


def test_small_pictures_are_refused():
    with pytest.raises(ValueError, match="at least 16 x 16, got 8 x 20"):
        build_network(LocalPerceptron(), (8, 20, 3), 5, seed=0)
