import pytest
import torch
from torch import nn

from bakeoff.pipelines.neural.networks.build import build_network
from bakeoff.pipelines.neural.networks.local import LocalLayer, LocalPerceptron


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
