import pytest
import torch
from torch import nn

from bakeoff.pipelines.neural.networks.convolutional import ConvNet


@pytest.mark.parametrize(
    ("side", "widths"),
    [
        (16, [16, 32]),
        (28, [16, 32, 64]),  # 28, 14 and 7 pixels
        (32, [16, 32, 64]),
        (64, [16, 32, 64, 128]),
        (128, [16, 32, 64, 128, 256]),
        (224, [16, 32, 64, 128, 256, 256]),  # the last at 7 pixels, no wider than `most`
    ],
)
def test_a_stage_for_each_halving(side, widths):
    net = ConvNet().build((side, side, 3), 10)
    convolutions = [layer.out_channels for layer in net if isinstance(layer, nn.Conv2d)]
    assert convolutions == [width for width in widths for _ in range(2)]


@pytest.mark.parametrize("shape", [(16, 16, 1), (23, 40, 3), (65, 64, 3)])
def test_takes_any_shape_from_16_pixels_on(shape):
    height, width, channels = shape
    assert ConvNet(4).build(shape, 7)(torch.randn(2, channels, height, width)).shape == (2, 7)


def test_its_width_is_a_setting():
    net = ConvNet(width=8, most=16).build((32, 32, 3), 10)
    assert [layer.out_channels for layer in net if isinstance(layer, nn.Conv2d)] == [8, 8, 16, 16, 16, 16]
