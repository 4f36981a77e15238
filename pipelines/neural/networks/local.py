"""A perceptron of local receptive fields: what is left of a convolutional net without shared weights.

Each unit sees a window of the picture, as in a convolution, but every place has weights of its own.

Source: locally connected layers, LeCun, "Generalization and network design strategies", 1989; how far they go on
CIFAR-10: Neyshabur, "Towards learning convolutions from scratch", NeurIPS 2020.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from bakeoff.pipelines.neural.networks.build import Architecture
from bakeoff.pipelines.neural.networks.mlp import initialize

WINDOW = 3  # side of the windows of all layers but the first


class LocalLayer(nn.Module):
    """Maps (n, height, width, channels) to (n, rows, columns, units): each place's own product with its window.

    weight: float32 (rows * columns, window * window * channels, units). No bias: batch norm follows.
    """

    def __init__(self, map_shape: tuple[int, int, int], window: int, stride: int, units: int) -> None:
        super().__init__()
        height, width, channels = map_shape
        self.window, self.stride = window, stride
        self.output_shape = (height - window) // stride + 1, (width - window) // stride + 1, units
        n_inputs = window * window * channels
        self.weight = nn.Parameter(torch.empty(math.prod(self.output_shape[:2]), n_inputs, units))
        nn.init.normal_(self.weight, 0.0, math.sqrt(2 / n_inputs))  # He's, for the rectifier that follows

    def forward(self, maps: Tensor) -> Tensor:
        windows = maps.unfold(1, self.window, self.stride).unfold(2, self.window, self.stride)
        by_place = windows.permute(1, 2, 0, 4, 5, 3).reshape(len(self.weight), maps.shape[0], -1)  # (places, n, inputs)
        outputs = torch.bmm(by_place, self.weight)  # (places, n, units)
        return outputs.transpose(0, 1).reshape(maps.shape[0], *self.output_shape)


class ChannelsLast(nn.Module):
    """(n, channels, height, width) -> (n, height, width, channels)."""

    def forward(self, images: Tensor) -> Tensor:
        return images.permute(0, 2, 3, 1)


@dataclass(frozen=True)
class LocalPerceptron(Architecture):
    """Units that see a window of the picture, each place with weights of its own: no convolution, nothing shared."""

    least_side: ClassVar[int] = 16  # windows of 4 x 4, 2 apart
    widths: tuple[int, ...] = (48, 96, 192)  # units at each place of the local layers
    hidden: int = 1024  # units of the fully connected layer
    dropout: float = 0.25  # before and after it

    def build(self, image_shape: tuple[int, int, int], n_classes: int) -> nn.Sequential:
        """Local layers, a fully connected one, logits. Windows of a quarter of the picture's side, an eighth apart,
        then of 3 x 3 places."""
        side = min(image_shape[:2])
        blocks: list[nn.Module] = []
        shape, window, stride = image_shape, side // 4, side // 8
        for units in self.widths:
            layer = LocalLayer(shape, window, stride, units)
            shape, window, stride = layer.output_shape, WINDOW, 1
            norm = nn.BatchNorm1d(math.prod(shape))  # with a gain for every unit of every place
            blocks += [layer, nn.Flatten(), norm, nn.ReLU(), nn.Unflatten(1, shape)]
        hidden, leave = nn.Linear(math.prod(shape), self.hidden, bias=False), nn.Linear(self.hidden, n_classes)
        initialize(hidden, "relu")
        initialize(leave, None)
        return nn.Sequential(
            ChannelsLast(), *blocks, nn.Flatten(), nn.Dropout(self.dropout),
            hidden, nn.BatchNorm1d(self.hidden), nn.ReLU(), nn.Dropout(self.dropout), leave,
        )  # fmt: skip
