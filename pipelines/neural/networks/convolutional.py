"""Convolutional nets: AlexNet at CIFAR size, a small net for two cores, and one that trains fast.

AlexNet: Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural networks", NIPS 2012; of
pictures of 32 x 32 where the net of 2012 had 224 x 224. The small net has the plan of VGG (Simonyan, Zisserman, ICLR
2015) with batch norm and an eighth of the channels. The fast one is airbench94's: K. Jordan, "94% on CIFAR-10 in 3.29
seconds on a single GPU", arXiv 2404.00498, section 3. Differs: batch norm and bias as torch has them, and any picture
of at least 24 pixels a side.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from bakeoff.pipelines.neural.networks.build import Architecture

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
            convolution = convolution_3x3(n_inputs, n_outputs)
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
                convolution = convolution_3x3(n_channels, n_outputs)
                nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
                layers += [convolution, nn.BatchNorm2d(n_outputs), nn.ReLU()]
            if side < 1.5 * LAST_SIDE:
                return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(n_outputs, n_classes))
            layers.append(nn.MaxPool2d(2))
            n_inputs, n_outputs, side = n_outputs, min(2 * n_outputs, self.most), side // 2


PATCH = 2  # side in pixels of the patches that the first layer whitens
WHITENING_REGULARIZATION = 5e-4  # added to each patch variance, for pixels of unit spread


class PatchWhitening(nn.Conv2d):
    """2 x 2 patches along their principal axes, each scaled to unit variance, and the negatives of all of them, so
    that nothing is lost in the activation that follows. Fitted once and not trained; only its bias learns."""

    def __init__(self, n_channels: int) -> None:
        super().__init__(n_channels, 2 * n_channels * PATCH**2, PATCH)
        self.weight.requires_grad = False

    @torch.no_grad()
    def fit(self, images: Tensor) -> None:
        """images: float32 (n, channels, height, width), as the layer will see them."""
        patches = nn.functional.unfold(images, PATCH).transpose(1, 2).flatten(0, 1)  # (n * positions, c * 4)
        variances, axes = torch.linalg.eigh(patches.T @ patches / len(patches))
        filters = (axes * (variances + WHITENING_REGULARIZATION).rsqrt()).T.view(-1, *self.weight.shape[1:])
        self.weight.copy_(torch.cat([filters, -filters]))


@dataclass(frozen=True)
class Speedrun(Architecture):
    """A small convolutional net that trains in minutes, after airbench94 (Jordan 2024, arXiv 2404.00498)."""

    least_side: ClassVar[int] = 24  # 23 after whitening, 11, 5 and 2 after the blocks, and some are left to pool
    widths: tuple[int, ...] = (64, 256, 256)  # channels of the three blocks
    output_scale: float = 1 / 9  # logits are multiplied by it; airbench's value

    def build(self, image_shape: tuple[int, int, int], n_classes: int) -> nn.Sequential:
        """Whitening, three blocks of two convolutions, global pooling, logits."""
        whitening = PatchWhitening(image_shape[2])
        blocks, n_inputs = [], whitening.out_channels
        for n_outputs in self.widths:
            blocks.append(_block(n_inputs, n_outputs))
            n_inputs = n_outputs
        head = nn.Linear(n_inputs, n_classes, bias=False)
        return nn.Sequential(
            whitening, nn.GELU(), *blocks, nn.AdaptiveMaxPool2d(1), nn.Flatten(), head, Scale(self.output_scale)
        )


class Scale(nn.Module):
    """Multiply by a constant."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, logits: Tensor) -> Tensor:
        return logits * self.factor


def _block(n_inputs: int, n_outputs: int) -> nn.Sequential:
    """Convolution, pooling, norm, GELU, convolution, norm, GELU: pooled early, so that the second one is cheap."""
    return nn.Sequential(
        _convolution(n_inputs, n_outputs), nn.MaxPool2d(2), _norm(n_outputs), nn.GELU(),
        _convolution(n_outputs, n_outputs), _norm(n_outputs), nn.GELU(),
    )  # fmt: skip


def _convolution(n_inputs: int, n_outputs: int) -> nn.Conv2d:
    """3 x 3, starting as the identity on the first channels: the signal passes the fresh net unharmed."""
    layer = convolution_3x3(n_inputs, n_outputs)
    n_same = min(n_inputs, n_outputs)
    nn.init.dirac_(layer.weight.data[:n_same])
    return layer


def _norm(n_channels: int) -> nn.BatchNorm2d:
    """Fast running statistics, for few epochs; no gain, the next convolution has one."""
    norm = nn.BatchNorm2d(n_channels, momentum=0.4, eps=1e-12)
    norm.weight.requires_grad = False
    return norm


def convolution_3x3(n_inputs: int, n_outputs: int) -> nn.Conv2d:
    """That keeps the size of its maps; without a bias, which the norm behind it has."""
    return nn.Conv2d(n_inputs, n_outputs, 3, padding=1, bias=False)
