"""AlexNet as published in 2012 for pictures of 224 x 224, and a sibling for CIFAR's 32 x 32.

Source: Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural networks", NIPS 2012.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from bakeoff.pipelines.neural.networks.build import Architecture
from bakeoff.pipelines.neural.speed.winograd import Convolution3x3

SIDE_2012 = 224
DEVIATION_2012 = 0.01  # of all first weights; biases start at 1 where that feeds the rectifiers early
SIDE_SMALL = 32  # that the small net is made for
LEAST_SIDE_SMALL = 16  # three poolings leave 2 x 2


@dataclass(frozen=True)
class AlexNet(Architecture):
    """The 2012 net for pictures of 224 x 224. Source: Krizhevsky, Sutskever, Hinton, NIPS 2012."""

    dropout: float = 0.5  # on the two hidden fully connected layers, as published

    def build(self, image_shape: tuple[int, int, int], n_classes: int) -> nn.Sequential:
        """Five convolutions, response normalization after the first two, overlapping 3 x 3 pooling with stride 2.

        The published net ran on two GPUs: layers 2, 4 and 5 see half of the channels each, here as two groups.
        Raises ValueError for pictures of another size.
        """
        height, width, channels = image_shape
        if (height, width) != (SIDE_2012, SIDE_2012):
            raise ValueError(
                f"the 2012 net needs pictures of {SIDE_2012} x {SIDE_2012}, got {height} x {width}: "
                'resize them, or take the experiment "alexnet"'
            )
        net = nn.Sequential(
            nn.Conv2d(channels, 96, 11, stride=4, padding=2), nn.ReLU(), _response_normalization(), _pool(),  # 27 x 27
            nn.Conv2d(96, 256, 5, padding=2, groups=2), nn.ReLU(), _response_normalization(), _pool(),  # 13 x 13
            nn.Conv2d(256, 384, 3, padding=1), nn.ReLU(),
            nn.Conv2d(384, 384, 3, padding=1, groups=2), nn.ReLU(),
            nn.Conv2d(384, 256, 3, padding=1, groups=2), nn.ReLU(), _pool(),  # 6 x 6
            nn.Flatten(),
            nn.Dropout(self.dropout), nn.Linear(256 * 6 * 6, 4096), nn.ReLU(),
            nn.Dropout(self.dropout), nn.Linear(4096, 4096), nn.ReLU(),
            nn.Linear(4096, n_classes),
        )  # fmt: skip
        layers = [layer for layer in net if isinstance(layer, nn.Conv2d | nn.Linear)]
        for number, layer in enumerate(layers, start=1):
            nn.init.normal_(layer.weight, 0.0, DEVIATION_2012)
            if layer.bias is not None:
                nn.init.constant_(layer.bias, 1.0 if number in (2, 4, 5, 6, 7) else 0.0)
        return net


@dataclass(frozen=True)
class SmallAlexNet(Architecture):
    """AlexNet's idea at CIFAR size: convolutions with batch norm, overlapping pooling, dropout before the classes."""

    widths: tuple[int, ...] = (64, 128, 256, 256, 256)  # channels of the five convolutions (2012: 96 256 384 384 256)
    hidden: int = 1024  # units of the fully connected layer (2012: 4096, for 1000 classes)
    dropout: float = 0.5

    def build(self, image_shape: tuple[int, int, int], n_classes: int) -> nn.Sequential:
        """Five 3 x 3 convolutions with batch norm, pooled after the first, second and fifth, then a hidden layer.

        From 48 pixels a side on the first convolution has a stride, and larger filters, so that all after it sees maps
        of about 32 x 32: 4 and 9 x 9 at 128 pixels, where 2012 had 4 and 11 x 11 at 224.
        Differs from 2012: batch norm for response normalization, small filters, He's first weights.
        Raises ValueError for pictures of less than 16 pixels a side.
        """
        height, width, n_inputs = image_shape
        if min(height, width) < LEAST_SIDE_SMALL:
            raise ValueError(f"a convolutional net needs pictures of at least 16 x 16, got {height} x {width}")
        layers: list[nn.Module] = []
        stride = max(1, round(min(height, width) / SIDE_SMALL))
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


def _response_normalization() -> nn.LocalResponseNorm:
    """b = a / (2 + 1e-4 * sum of squares over 5 neighboring channels)^0.75; torch divides alpha by the 5."""
    return nn.LocalResponseNorm(5, alpha=5 * 1e-4, beta=0.75, k=2.0)


def _pool() -> nn.MaxPool2d:
    return nn.MaxPool2d(3, stride=2)
