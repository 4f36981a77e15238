"""Convolutional nets: AlexNet at CIFAR size, and a small net for two cores.

AlexNet: Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural networks", NIPS 2012; of
pictures of 32 x 32 where the net of 2012 had 224 x 224. The small net has the plan of VGG (Simonyan, Zisserman, ICLR
2015) with batch norm and an eighth of the channels.
"""

from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from bakeoff.pipelines.neural.networks.build import Architecture
from bakeoff.pipelines.neural.speed.winograd import Convolution3x3

SIDE = 32  # that AlexNet is made for here
LAST_SIDE = 8  # pixels a side of the last stage, up to 11: smaller ones see little more, larger ones too little


@dataclass(frozen=True)
class SmallAlexNet(Architecture):
    """AlexNet's idea at CIFAR size: convolutions with batch norm, overlapping pooling, dropout before the classes."""

    least_side: ClassVar[int] = 16  # three poolings leave 2 x 2
    widths: tuple[int, ...] = (64, 128, 256, 256, 256)  # channels of the five convolutions (2012: 96 256 384 384 256)
    hidden: int = 1024  # units of the fully connected layer (2012: 4096, for 1000 classes)
    dropout: float = 0.5

    def build(self, image_shape: tuple[int, int, int], n_classes: int) -> nn.Sequential:
        """Five 3 x 3 convolutions with batch norm, pooled after the first, second and fifth, then a hidden layer.

        From 48 pixels a side on the first convolution has a stride, and larger filters, so that all after it sees maps
        of about 32 x 32: 4 and 9 x 9 at 128 pixels, where 2012 had 4 and 11 x 11 at 224.
        Differs from 2012: batch norm for response normalization, small filters, He's first weights.
        """
        height, width, n_inputs = image_shape
        layers: list[nn.Module] = []
        stride = max(1, round(min(height, width) / SIDE))
        for number, n_outputs in enumerate(self.widths, start=1):
            convolution: nn.Conv2d = Convolution3x3(n_inputs, n_outputs)
            if number == 1 and stride > 1:
                convolution = nn.Conv2d(n_inputs, n_outputs, 2 * stride + 1, stride, padding=stride, bias=False)
            nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
            layers += [convolution, nn.BatchNorm2d(n_outputs), nn.ReLU()]
            if number in (1, 2, len(self.widths)):
                layers.append(nn.MaxPool2d(3, stride=2, padding=1))  # overlapping: windows of 3, 2 apart
            n_inputs = n_outputs
        positions = -(-height // (8 * stride)) * -(-width // (8 * stride))  # each pooling halves and rounds up
        hidden, classes = nn.Linear(n_inputs * positions, self.hidden), nn.Linear(self.hidden, n_classes)
        nn.init.kaiming_normal_(hidden.weight, nonlinearity="relu")
        return nn.Sequential(
            *layers, nn.Flatten(), nn.Dropout(self.dropout), hidden, nn.ReLU(), nn.Dropout(self.dropout), classes
        )


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
