"""Small convolutional net for two cores: pairs of 3 x 3 convolutions, pooled between, and a mean over what is left.

The plan of VGG (Simonyan, Zisserman, ICLR 2015) with batch norm and an eighth of the channels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from bakeoff.pipelines.neural.networks.build import Architecture
from bakeoff.pipelines.neural.speed.winograd import Convolution3x3

LAST_SIDE = 8  # pixels a side of the last stage, up to 11: smaller ones see little more, larger ones too little


@dataclass(frozen=True)
class ConvNet(Architecture):
    """Pairs of 3 x 3 convolutions, pooled between, as far as the pictures allow: a net for two cores at any size."""

    least_side: ClassVar[int] = 16  # two stages: 16 and 8 pixels
    width: int = 16  # channels of the first pair, doubled after each pooling
    most: int = 256  # channels of any

    def build(self, image_shape: tuple[int, int, int], n_classes: int) -> nn.Sequential:
        """As many stages as halvings bring the shorter side to about 8: 2 at 16 pixels, 3 at 32, 4 at 64, 6 at 224.

        Each has two convolutions with batch norm and ReLU, and twice the channels of the one before, so that all cost
        about the same.
        """
        height, width, n_inputs = image_shape
        layers: list[nn.Module] = []
        side, n_outputs = min(height, width), self.width
        while True:
            for n_channels in (n_inputs, n_outputs):
                convolution = Convolution3x3(n_channels, n_outputs)
                nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
                layers += [convolution, nn.BatchNorm2d(n_outputs), nn.ReLU()]
            if side < 1.5 * LAST_SIDE:
                return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(n_outputs, n_classes))
            layers.append(nn.MaxPool2d(2))
            n_inputs, n_outputs, side = n_outputs, min(2 * n_outputs, self.most), side // 2
